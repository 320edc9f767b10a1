// After a drop: where each subscription goes on, and what of it is told.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeClients, nextSocket, openedClient, recorder }
    from "./support/clients.js";

after(closeClients);

const EVERYTHING = { last: 0xffffffff };
const msg = (topic, seq, data = seq) => ({ op: "msg", topic, seq, data });
const at = (epoch, seq) => ({ epoch, seq });

// Drops the socket; returns the client's next one, open.
async function again(client, socket) {
    socket.drop();
    const next = await nextSocket(client);
    next.accept();
    return next;
}

// A subscription, its recorder and its socket: the `sub` is answered with
// `topics`, then the server says `said`.
async function subscribed(selector, options, topics, ...said) {
    const { client, socket } = await openedClient();
    const heard = recorder(options);
    const subscription = client.subscribe(selector, heard);
    socket.subscribed(topics);
    socket.say(...said);
    return { client, socket, heard, subscription };
}

// What `sub` says after a drop.
async function resumption(...values) {
    const { client, socket } = await subscribed(...values);
    const { op, topic, ...fields } = (await again(client, socket)).next();
    assert.deepEqual([op, topic], ["sub", values[0]]);
    await client.close();
    return fields;
}

const since = (value) => ({ since: value });

test("one topic", async () => {
    const value = { a: ["e", 5] };
    for (const [options, said, fields] of [
        [{}, [msg("a", 5), msg("a", 6)], since(at("e", 6))],
        [{}, [], since(at("e", 4))], // the value is still to come
        [since("new"), [], since(at("e", 5))],
        [since("new"), [msg("a", 6)], since(at("e", 6))],
        [{ last: 3 }, [], since(at("e", 2))],
        [{ last: 9 }, [], since(at("e", 0))],
        [{ last: 3 }, [msg("a", 3)], since(at("e", 3))],
        [since(at("e", 1)), [], since(at("e", 1))],
        [since(at("e", 1)), [msg("a", 2)], since(at("e", 2))],
        [since(at("old", 7)), [], since(at("e", 0))],
        [{}, [{ op: "gap", topic: "a", from: 5, to: 8, cause: "slow" }],
            since(at("e", 8))],
        [{}, [msg("a", 5), { op: "gone", topic: "a", reason: "idle" }],
            since(EVERYTHING)],
        [{}, [msg("a", 5), { op: "gone", topic: "a", reason: "idle" },
            { op: "topic", topic: "a", epoch: "f", seq: 0 }, msg("a", 1)],
        since(at("f", 1))],
        [{}, [{ op: "topic", topic: "a", epoch: "f", seq: 0 }],
            since(at("f", 0))],
    ]) {
        assert.deepEqual(await resumption("a", options, value, ...said),
            fields, JSON.stringify([options, said]));
    }
});

test("a topic that was not there: from its first message", async () => {
    for (const options of [{}, since("new"), { last: 2 }]) {
        assert.deepEqual(await resumption("a", options, {}),
            since(EVERYTHING));
    }
});

test("a selector", async () => {
    assert.deepEqual(
        await resumption("a/*", { delta: true, rate: 2 },
            { "a/1": ["e", 5], "a/2": ["f", 1], "a/3": ["g", 0] },
            msg("a/1", 5), msg("a/1", 6),
            { op: "topic", topic: "a/4", epoch: "h", seq: 0 }, msg("a/4", 1),
            { op: "gone", topic: "a/2", reason: "deleted" }),
        { ...since(EVERYTHING), delta: true, rate: 2, positions: {
            "a/1": at("e", 6), "a/3": at("g", 0), "a/4": at("h", 1) } });
});

test("before the first answer all is as at first", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a", recorder({ last: 2 }));
    client.subscribe("b/*", recorder({ positions: { "b/1": at("e", 1) } }));
    const next = await again(client, socket);
    assert.deepEqual(next.next(),
        { op: "sub", topic: "a", since: { last: 2 } });
    assert.deepEqual(next.next(),
        { op: "sub", topic: "b/*", positions: { "b/1": at("e", 1) } });
    await client.close();
});

test("more topics than a reply lists", async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 },
        (_, n) => [`a/${n}`, ["e", 2]]));
    const fields = await resumption("a/*", { since: "new" }, many,
        { op: "topic", topic: "a/x", epoch: "f", seq: 3 });
    // Another topic may be old, or not: it starts as was asked for.
    assert.equal(fields.since, "new");
    assert.deepEqual(fields.positions["a/x"], at("f", 3));
});

test("positions leave room in the command", async () => {
    const { client, socket } = await openedClient({ maxMessage: 4000 });
    const heard = recorder();
    client.subscribe("a/*", heard);
    const many = Object.fromEntries(Array.from({ length: 500 },
        (_, n) => [`a/topic-é-${n}`, ["e", 2]]));
    socket.subscribed(many);
    socket.say(...Object.keys(many).map((topic) => msg(topic, 2)));
    const next = await again(client, socket);
    const command = next.next();
    const named = Object.keys(command.positions).length;
    assert.ok(named > 20 && named < 60, `${named}`);
    assert.ok(Buffer.byteLength(JSON.stringify(command)) < 4000);
    // The server gives all it has of the others: only what is new is told.
    heard.told.length = 0;
    next.ok({ recovered: true, topics: Object.keys(many).map((topic) =>
        ({ topic, epoch: "e", seq: 3 })) });
    next.say(...Object.keys(many).flatMap((topic) =>
        [1, 2, 3].map((seq) => msg(topic, seq))));
    assert.deepEqual(heard.seqs, Array(500).fill(3));
    assert.deepEqual(heard.of("Gap"), []);
    await client.close();
});

test("a server that takes smaller commands gets smaller ones", async () => {
    const { client, socket } = await openedClient({ maxMessage: 64_000 });
    client.subscribe("a/*", recorder());
    socket.subscribed(Object.fromEntries(Array.from({ length: 900 },
        (_, n) => [`a/${n}`, ["e", 2]])));
    let last = socket;
    const sizes = [];
    for (let n = 0; n < 3; n++) {
        last.drop(1009);
        last = await nextSocket(client);
        last.accept();
        sizes.push(Buffer.byteLength(JSON.stringify(last.next())));
    }
    assert.ok(sizes[0] <= 16_200 && sizes[1] <= 8_200 && sizes[2] <= 4_200,
        `${sizes}`);
    await client.close();
});

test("nothing lost, nothing repeated", async () => {
    const { client, socket, heard } = await subscribed("a", {},
        { a: ["e", 1] }, msg("a", 1), msg("a", 2));
    const next = await again(client, socket);
    next.subscribed({ a: ["e", 5] });
    next.say(msg("a", 2), msg("a", 3), msg("a", 4), msg("a", 5), msg("a", 6));
    assert.deepEqual(heard.seqs, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(heard.of("Subscribed").map(({ resumed, recovered }) =>
        [resumed, recovered]), [[false, true], [true, true]]);
    assert.equal(heard.of("Topic").length, 1);
    await client.close();
});

test("what could not be recovered is told", async () => {
    const { client, socket, heard } = await subscribed("a/*", {},
        { "a/1": ["e", 1], "a/2": ["f", 9] }, msg("a/1", 1), msg("a/2", 9));
    const next = await again(client, socket);
    next.subscribed({ "a/1": ["e", 9], "a/2": ["g", 2] }, false);
    const gaps = [
        { topic: "a/1", from: 2, to: 6, cause: "evicted" },
        { topic: "a/2", from: 1, to: 0, cause: "evicted" }];
    next.say({ op: "gap", ...gaps[0] }, msg("a/1", 7),
        { op: "gap", ...gaps[1] }, msg("a/2", 1), msg("a/2", 2));
    assert.equal(heard.of("Subscribed")[1].recovered, false);
    assert.deepEqual(heard.of("Gap"), gaps);
    assert.deepEqual(heard.of("Gone"), [{ topic: "a/2", reason: "replaced" }]);
    assert.deepEqual(heard.seqs, [1, 9, 7, 1, 2]);
    assert.deepEqual(heard.of("Message").at(-1).epoch, "g");
    await client.close();
});

test("a topic that goes on under another epoch", async () => {
    const { client, socket, heard } = await subscribed("a/*", {},
        { "a/1": ["e", 1], "a/2": ["f", 1] }, msg("a/1", 1), msg("a/2", 1));
    socket.say({ op: "topic", topic: "a/1", epoch: "g", seq: 1, was: "e" },
        msg("a/1", 2));
    const next = await again(client, socket);
    const { positions } = next.subscribed(
        { "a/1": ["g", 2], "a/2": ["h", 3, "f"] });
    assert.deepEqual(positions, { "a/1": at("g", 2), "a/2": at("f", 1) });
    next.say(msg("a/2", 2), msg("a/2", 3));
    assert.deepEqual(heard.of("Gone"), []);
    assert.deepEqual(heard.of("Gap"), []);
    assert.equal(heard.of("Topic").length, 2);
    assert.deepEqual(heard.seqs, [1, 1, 2, 2, 3]);
    assert.equal(heard.of("Message").at(-1).epoch, "h");
    await client.close();
});

test("a topic of which the server lost what was told", async () => {
    const { client, socket, heard } = await subscribed("a/*", {},
        { "a/1": ["e", 1], "a/2": ["f", 1] },
        ...[1, 2, 3, 4].map((seq) => msg("a/1", seq)), msg("a/2", 1));
    const next = await again(client, socket);
    next.subscribed({ "a/1": ["e", 2], "a/2": ["f", 1] }, false);
    next.say(msg("a/1", 1), msg("a/1", 2),
        { op: "topic", topic: "a/1", epoch: "g", seq: 2, was: "e" },
        msg("a/1", 3, "another"));
    assert.deepEqual(heard.of("Gone"), [{ topic: "a/1", reason: "reset" }]);
    assert.deepEqual(heard.of("Gap"), []);
    assert.deepEqual(heard.seqs, [1, 2, 3, 4, 1, 1, 2, 3]);
    assert.equal(heard.of("Message").at(-1).data, "another");
    await client.close();
});

test("the same of a topic that the reply does not list", async () => {
    const { client, socket, heard } = await subscribed("a/*", {},
        { "a/1": ["e", 1] }, ...[1, 2, 3].map((seq) => msg("a/1", seq)));
    socket.say({ op: "topic", topic: "a/1", epoch: "e", seq: 3 });
    assert.deepEqual(heard.of("Gone"), []);
    for (const [seq, was] of [[2, undefined], [1, "e"]]) {
        socket.say({ op: "topic", topic: "a/1", epoch: was ? "g" : "e", seq, was },
            msg("a/1", 1), msg("a/1", 2), msg("a/1", 3));
    }
    assert.deepEqual(heard.of("Gone"), Array(2).fill(
        { topic: "a/1", reason: "reset" }));
    assert.deepEqual(heard.seqs, [1, 2, 3, 1, 2, 3, 1, 2, 3]);
    await client.close();
});

test("a position of the application's that the server has lost", async () => {
    for (const [said, first] of [[["e", 3], 1], [["g", 3, "e"], 1],
        [["e", 9], 9], [["g", 9, "e"], 9]]) {
        const { client, socket, heard } = await subscribed("a",
            { since: at("e", 8) }, { a: said });
        socket.say(...Array.from({ length: 10 - first },
            (_, n) => msg("a", first + n)));
        assert.deepEqual(heard.seqs[0], first, `${said}`);
        assert.equal(heard.seqs.length, 10 - first);
        assert.deepEqual(heard.of("Gap"), []);
        await client.close();
    }
});

test("a loss is told to each subscription that had the topic", async () => {
    const { client, socket, heard } = await subscribed("a/1", {},
        { "a/1": ["e", 1] });
    const other = recorder();
    client.subscribe("a/*", other);
    socket.subscribed({ "a/1": ["e", 1] });
    socket.say(msg("a/1", 1), msg("a/1", 2), msg("a/1", 3));
    const next = await again(client, socket);
    next.subscribed({ "a/1": ["e", 1] }, false);
    next.say(msg("a/1", 1));
    next.subscribed({ "a/1": ["e", 1] }, false);
    for (const one of [heard, other]) {
        assert.equal(one.of("Subscribed").at(-1).recovered, false);
        assert.deepEqual(one.of("Gone"), [{ topic: "a/1", reason: "reset" }]);
        assert.deepEqual(one.seqs, [1, 2, 3, 1]);
    }
    const third = await again(client, next);
    third.subscribed({ "a/1": ["e", 1] });
    third.subscribed({ "a/1": ["e", 1] }, false);
    assert.equal(other.of("Subscribed").at(-1).recovered, true);
    await client.close();
});

test("a loss that is told amid a connection", async () => {
    for (const options of [{}, { since: "new" }, { last: 5 },
        { since: at("e", 2) }]) {
        const { client, socket, heard } = await subscribed("a", options,
            { a: ["e", 2] }, ...[3, 4, 5].map((seq) => msg("a", seq)));
        socket.say({ op: "gone", topic: "a", reason: "reset" },
            { op: "topic", topic: "a", epoch: "e", seq: 2 }, msg("a", 3, "left"),
            { op: "topic", topic: "a", epoch: "g", seq: 3, was: "e" },
            msg("a", 4, "next"));
        assert.deepEqual(heard.of("Gone"), [{ topic: "a", reason: "reset" }]);
        assert.deepEqual(heard.of("Gap"), []);
        assert.deepEqual(heard.seqs, [3, 4, 5, 3, 4]);
        assert.deepEqual(heard.of("Message").slice(-2).map(
            ({ data, epoch }) => [data, epoch]), [["left", "e"], ["next", "g"]]);
        const next = await again(client, socket);
        assert.deepEqual(next.subscribed({ a: ["g", 4] }).since, at("g", 4));
        assert.equal(heard.of("Subscribed").at(-1).recovered, true);
        assert.equal(heard.of("Gone").length, 1);
        await client.close();
    }
});

test("topics that went or came while away", async () => {
    const { client, socket, heard } = await subscribed("a/*", {},
        { "a/1": ["e", 1], "a/2": ["f", 1] }, msg("a/1", 1), msg("a/2", 1));
    const next = await again(client, socket);
    next.subscribed({ "a/2": ["f", 1], "a/3": ["g", 5], "a/4": ["h", 2] },
        false);
    next.say(msg("a/3", 4), msg("a/3", 5), msg("a/4", 1), msg("a/4", 2));
    assert.deepEqual(heard.of("Gone"), [{ topic: "a/1", reason: "removed" }]);
    assert.deepEqual(heard.of("Topic").map(({ topic }) => topic),
        ["a/1", "a/2", "a/3", "a/4"]);
    // Its first messages are not in the history any more.
    assert.deepEqual(heard.of("Gap"),
        [{ topic: "a/3", from: 1, to: 3, cause: "missed" }]);
    assert.deepEqual(heard.seqs, [1, 1, 4, 5, 1, 2]);
    await client.close();
});

test("topics that went while away, of more than a reply lists", async () => {
    const names = Array.from({ length: 1001 }, (_, n) => `a/${n}`);
    const { client, socket, heard } = await subscribed("a/*",
        { since: "new" },
        Object.fromEntries(names.slice(0, 1000).map((n) => [n, ["e", 2]])),
        { op: "topic", topic: "a/1000", epoch: "e", seq: 2 });
    const next = await again(client, socket);
    const list = names.slice(1, 1000).concat("a/x");
    next.subscribed(Object.fromEntries(list.map((n) => [n, ["e", 2]])),
        false);
    next.say({ op: "gone", topic: "a/1000", reason: "deleted" },
        { op: "gone", topic: "a/0", reason: "deleted" });
    assert.deepEqual(heard.of("Gone").map(({ topic }) => topic),
        ["a/1000", "a/0"]);
    const last = await again(client, next);
    const { positions } = last.next();
    assert.equal(positions["a/0"], undefined);
    assert.equal(positions["a/1000"], undefined);
    assert.deepEqual(positions["a/1"], at("e", 2));
    await client.close();
});

test("one is told once, if the reply lists all", async () => {
    const { client, socket, heard } = await subscribed("a/*", {},
        { "a/1": ["e", 1], "a/2": ["f", 1] }, msg("a/1", 1), msg("a/2", 1));
    const next = await again(client, socket);
    next.subscribed({ "a/2": ["f", 1] }, false);
    next.say({ op: "gone", topic: "a/1", reason: "deleted" });
    assert.deepEqual(heard.of("Gone").map(({ topic }) => topic), ["a/1"]);
    await client.close();
});

test("a topic of the application's positions that is not there", async () => {
    const { client, heard } = await subscribed("a/*",
        { positions: { "a/1": at("e", 1), "a/2": at("f", 1) } },
        { "a/2": ["f", 1] },
        { op: "gone", topic: "a/1", reason: "deleted" },
        { op: "gone", topic: "a/1", reason: "deleted" });
    assert.deepEqual(heard.of("Gone"),
        [{ topic: "a/1", reason: "deleted" }]);
    await client.close();
});

test("a topic that keeps no value is no loss", async () => {
    const { client, socket, heard } = await subscribed("a/*", {},
        { "a/1": ["e", 7], "a/2": ["f", 2] }, msg("a/2", 2));
    const next = await again(client, socket);
    assert.deepEqual(next.subscribed({ "a/1": ["e", 7], "a/2": ["f", 2] },
        false).positions, { "a/1": at("e", 6), "a/2": at("f", 2) });
    next.say({ op: "gap", topic: "a/1", from: 7, to: 7, cause: "evicted" },
        msg("a/1", 8));
    assert.deepEqual(heard.of("Gap"), []);
    assert.equal(heard.of("Subscribed")[1].recovered, true);
    assert.deepEqual(heard.seqs, [2, 8]);
    await client.close();
});

test("all that it kept, and more, is lost: told from where it was",
    async () => {
        const { client, socket, heard } = await subscribed("a", {},
            { a: ["e", 7] });
        const next = await again(client, socket);
        next.subscribed({ a: ["e", 9] }, false);
        next.say({ op: "gap", topic: "a", from: 7, to: 9, cause: "evicted" },
            msg("a", 10));
        assert.equal(heard.of("Subscribed")[1].recovered, false);
        assert.deepEqual(heard.of("Gap"),
            [{ topic: "a", from: 7, to: 9, cause: "evicted" }]);
        await client.close();
    });

test("a hole that the server does not tell of", async () => {
    const { client, heard } = await subscribed("a", {}, { a: ["e", 1] },
        msg("a", 1), msg("a", 4));
    assert.deepEqual(heard.of("Gap"),
        [{ topic: "a", from: 2, to: 3, cause: "missed" }]);
    await client.close();
});

test("overlapping selectors go on together", async () => {
    const { client, socket } = await openedClient();
    const heard = [recorder(), recorder()];
    client.subscribe("a/1", heard[0]);
    client.subscribe("a/*", heard[1]);
    socket.subscribed({ "a/1": ["e", 1] });
    socket.say(msg("a/1", 1));
    socket.subscribed({ "a/1": ["e", 1] });
    const next = await again(client, socket);
    assert.deepEqual(next.subscribed({ "a/1": ["e", 3] }),
        { op: "sub", topic: "a/1", since: at("e", 1) });
    next.say(msg("a/1", 2), msg("a/1", 3));
    next.subscribed({ "a/1": ["e", 3] });
    next.say(msg("a/1", 4));
    for (const { seqs } of heard) {
        assert.deepEqual(seqs, [1, 2, 3, 4]);
    }
    await client.close();
});

test("positions of one client, gone on from in another", async () => {
    const one = await subscribed("a/*", {}, { "a/1": ["e", 1] },
        msg("a/1", 1));
    const positions = one.subscription.positions();
    await one.client.close();
    const other = await subscribed("a/*", { positions },
        { "a/1": ["e", 3], "a/2": ["f", 2] }, msg("a/1", 2), msg("a/1", 3),
        msg("a/2", 2));
    assert.deepEqual(other.heard.seqs, [2, 3, 2]);
    assert.deepEqual(other.heard.of("Gap"), []);
    await other.client.close();
});
