// Subscribing: commands, callbacks, the iterator, overlapping selectors.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { closeClients, nextSocket, openedClient, recorder }
    from "./support/clients.js";
import { until } from "./support/wait.js";

after(closeClients);

const HERE = fileURLToPath(new URL(".", import.meta.url));

const msg = (topic, seq, data = seq) => ({ op: "msg", topic, seq, data });

test("what is sent", async () => {
    const { client, socket } = await openedClient();
    const at = { epoch: "e", seq: 5 };
    for (const [selector, options, fields] of [
        ["a1", {}, {}],
        ["a2", { since: "new" }, { since: "new" }],
        ["a3", { last: 3 }, { since: { last: 3 } }],
        ["a4", { since: { last: 0 } }, { since: { last: 0 } }],
        ["a5", { since: at }, { since: at }],
        ["a6", { positions: { a6: at } }, { since: at }],
        ["b/1/*", { delta: true, rate: 5 }, { delta: true, rate: 5 }],
        ["b/2/*", { delta: false }, {}],
        ["b/3/*", { positions: { "b/3/x": at } },
            { positions: { "b/3/x": at } }],
        ["b/4/*", { since: "new", positions: { "b/4/x": at } },
            { since: "new", positions: { "b/4/x": at } }],
    ]) {
        client.subscribe(selector, options);
        assert.deepEqual(socket.next(),
            { op: "sub", topic: selector, ...fields });
    }
    await client.close();
});

test("what is not sent", async () => {
    const { client, socket } = await openedClient();
    for (const [selector, options] of [
        ["a//b"], ["a", { since: "old" }], ["a", { since: 5 }],
        ["a", { since: {} }], ["a", { last: -1 }], ["a", { last: "2" }],
        ["a", { last: 1, since: "new" }],
        ["a/*", { since: { epoch: "e", seq: 1 } }]]) {
        assert.throws(() => client.subscribe(selector, options), TypeError,
            `${selector} ${JSON.stringify(options)}`);
    }
    assert.ok(socket.isQuiet);
    client.subscribe("a");
    assert.throws(() => client.subscribe("a", { rate: 5 }), { code: 105 });
    await client.close();
});

test("everything that a subscription is told", async () => {
    const { client, socket } = await openedClient();
    const heard = recorder();
    const subscription = client.subscribe("a/*", heard);
    socket.subscribed({ "a/1": ["e", 4] });
    socket.say(
        msg("a/1", 4), { op: "msg", topic: "a/1", seq: 5, text: "é" },
        { op: "msg", topic: "a/1", seq: 6, b64: "AAH/" },
        { op: "topic", topic: "a/2", epoch: "f", seq: 0 },
        { op: "msg", topic: "a/2", seq: 1, json: "{\"b\": [1]}" },
        { op: "gap", topic: "a/2", from: 2, to: 3, cause: "slow" },
        msg("a/2", 4), { op: "join", topic: "a/2", who: "ann" },
        { op: "leave", topic: "a/2", who: "ann" },
        { op: "gone", topic: "a/1", reason: "deleted" },
        msg("b", 1), { op: "gone", topic: "b", reason: "deleted" });
    const first = { topics: [{ topic: "a/1", epoch: "e", seq: 4 }],
        recovered: true, resumed: false };
    const full = { form: "full" };
    assert.deepEqual(heard.told, [
        ["Subscribed", first],
        ["Topic", { topic: "a/1", epoch: "e", seq: 4 }],
        ["Message", { topic: "a/1", seq: 4, epoch: "e", ...full,
            kind: "json", data: 4 }],
        ["Message", { topic: "a/1", seq: 5, epoch: "e", ...full,
            kind: "text", text: "é" }],
        ["Message", { topic: "a/1", seq: 6, epoch: "e", ...full,
            kind: "binary", bytes: Uint8Array.of(0, 1, 255) }],
        ["Topic", { topic: "a/2", epoch: "f", seq: 0 }],
        ["Message", { topic: "a/2", seq: 1, epoch: "f", ...full,
            kind: "json", data: { b: [1] } }],
        ["Gap", { topic: "a/2", from: 2, to: 3, cause: "slow" }],
        ["Message", { topic: "a/2", seq: 4, epoch: "f", ...full,
            kind: "json", data: 4 }],
        ["Join", { topic: "a/2", who: "ann" }],
        ["Leave", { topic: "a/2", who: "ann" }],
        ["Gone", { topic: "a/1", reason: "deleted" }],
    ]);
    assert.deepEqual(await subscription.ready, first);
    assert.deepEqual(subscription.positions(),
        { "a/2": { epoch: "f", seq: 4 } });
    assert.equal(subscription.selector, "a/*");
    await client.close();
    assert.deepEqual(subscription.positions(),
        { "a/2": { epoch: "f", seq: 4 } });
});

test("frames of one turn are in order with the reply", async () => {
    const { client, socket } = await openedClient();
    const heard = recorder();
    client.subscribe("a", heard);
    socket.next();
    socket.say({ id: socket.id, ok: { recovered: true,
        topics: [{ topic: "a", epoch: "e", seq: 1 }] } }, msg("a", 1));
    assert.deepEqual(heard.seqs, [1]);
    await client.close();
});

test("each message once to every subscription that matches", async () => {
    const { client, socket } = await openedClient();
    const selectors = ["a/b", "a/*", "a/**", "**", "$SYS/*", "b/*"];
    const heard = selectors.map((selector) => {
        const one = recorder();
        client.subscribe(selector, one);
        socket.subscribed();
        return one;
    });
    socket.say({ op: "topic", topic: "a/b", epoch: "e", seq: 0 },
        msg("a/b", 1), msg("a/b", 1), msg("a/b", 2),
        { op: "topic", topic: "$SYS/x", epoch: "f", seq: 0 },
        msg("$SYS/x", 1));
    assert.deepEqual(heard.map(({ seqs }) => seqs),
        [[1, 2], [1, 2], [1, 2], [1, 2], [1], []]);
    assert.equal(heard[0].of("Topic").length, 1);
    await client.close();
});

test("a later subscription starts with what is here already", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a/*", recorder());
    socket.subscribed({ "a/1": ["e", 7], "a/2": ["f", 9] });
    socket.say(msg("a/1", 7), msg("a/1", 8));
    const [value, changes] = [recorder(), recorder({ since: "new" })];
    client.subscribe("a/**", value);
    client.subscribe("a/1", changes);
    socket.subscribed({ "a/1": ["e", 8], "a/2": ["f", 9], "a/3/x": ["g", 1] });
    socket.subscribed({ "a/1": ["e", 8] });
    socket.say(msg("a/2", 9), msg("a/3/x", 1), msg("a/1", 9));
    assert.deepEqual(value.of("Message").map((one) => [one.topic, one.seq]),
        [["a/1", 8], ["a/2", 9], ["a/3/x", 1], ["a/1", 9]]);
    assert.deepEqual(value.of("Topic").map(({ topic }) => topic).sort(),
        ["a/1", "a/2", "a/3/x"]);
    assert.deepEqual(changes.seqs, [9]);
    await client.close();
});

test("unsubscribe", async () => {
    const { client, socket } = await openedClient();
    const [gone, stays] = [recorder(), recorder()];
    const subscription = client.subscribe("a/*", gone);
    client.subscribe("a/1", stays);
    socket.subscribed({ "a/1": ["e", 1], "a/2": ["f", 1] });
    socket.subscribed({ "a/1": ["e", 1] });
    socket.say(msg("a/1", 1));
    const left = subscription.unsubscribe();
    await until("it is told", () => !socket.isQuiet);
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a/*" });
    socket.say(msg("a/2", 1), msg("a/1", 2)); // was under way
    socket.ok();
    await left;
    await subscription.unsubscribe();
    assert.ok(subscription.closed && socket.isQuiet);
    assert.deepEqual([gone.seqs, stays.seqs], [[1], [1, 2]]);

    const again = recorder();
    client.subscribe("a/*", again);
    assert.deepEqual(socket.subscribed({ "a/1": ["e", 2], "a/2": ["f", 1] }),
        { op: "sub", topic: "a/*" });
    socket.say(msg("a/2", 1));
    assert.deepEqual(again.of("Message").map((one) => one.topic),
        ["a/1", "a/2"]);
    await client.close();
});

test("unsubscribe ends with the connection, too", async () => {
    const { client, socket } = await openedClient();
    const one = client.subscribe("a", recorder());
    const other = client.subscribe("b", recorder());
    socket.subscribed();
    const left = one.unsubscribe();
    socket.drop();
    await left;
    await other.unsubscribe();
    const next = await nextSocket(client);
    next.accept();
    assert.ok(next.isQuiet);
    await client.close();
});

test("a refused subscription ends", async () => {
    const { client, socket } = await openedClient();
    const heard = recorder();
    const told = client.subscribe("a", heard);
    const silent = client.subscribe("b");
    socket.next();
    socket.refuse(103, "not allowed");
    assert.equal(heard.of("Error")[0].code, 103);
    assert.ok(told.closed);
    await assert.rejects(told.ready, { code: 103 });
    assert.deepEqual(client.errors, []);
    socket.next();
    socket.refuse(106);
    assert.equal(client.errors[0].code, 106);
    await assert.rejects(silent.next(), { code: 106 });
    assert.deepEqual(await silent.next(), { done: true, value: undefined });
    client.subscribe("a"); // may be tried again
    assert.equal(socket.next().op, "sub");
    await client.close();
});

test("one refused for a moment is tried again", async () => {
    const { client, socket } = await openedClient();
    const subscription = client.subscribe("a", recorder());
    for (const code of [111, 108, 100]) {
        assert.deepEqual(socket.next(), { op: "sub", topic: "a" });
        socket.refuse(code);
        await until("it is tried again", () => !socket.isQuiet);
    }
    socket.subscribed();
    await subscription.ready;
    const other = client.subscribe("b");
    socket.next();
    socket.refuse(111);
    other.unsubscribe();
    assert.equal(socket.next().op, "unsub");
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(socket.isQuiet);
    await client.close();
});

test("the iterator", async () => {
    const { client, socket } = await openedClient();
    const subscription = client.subscribe("a");
    socket.subscribed({ a: ["e", 1] });
    socket.say(msg("a", 1), msg("a", 2));
    const got = [];
    for await (const { seq } of subscription) {
        got.push(seq);
        if (seq === 2) {
            socket.say(msg("a", 3));
        }
        if (seq === 3) {
            setImmediate(() => socket.say(msg("a", 4)));
        }
        if (seq === 4) {
            break;
        }
    }
    assert.deepEqual(got, [1, 2, 3, 4]);
    await until("it is told", () => !socket.isQuiet);
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a" });
    assert.deepEqual(await subscription.next(),
        { done: true, value: undefined });
    await client.close();
});

test("an iterator that is too slow is told what it missed", async () => {
    const { client, socket } = await openedClient();
    const gaps = [];
    const subscription = client.subscribe("a", {
        buffer: 2, onGap: (gap) => gaps.push(gap) });
    socket.subscribed({ a: ["e", 1] });
    socket.say(...[1, 2, 3, 4].map((seq) => msg("a", seq)));
    const { value } = await subscription.next();
    assert.equal(value.seq, 3);
    assert.deepEqual(gaps, [1, 2].map((seq) =>
        ({ topic: "a", from: seq, to: seq, cause: "buffer" })));
    await client.close();
    assert.equal((await subscription.next()).value.seq, 4);
    assert.ok((await subscription.next()).done);
});

test("with a callback nothing piles up, until it is iterated", async () => {
    const { client, socket } = await openedClient();
    const heard = recorder();
    const subscription = client.subscribe("a", heard);
    socket.subscribed({ a: ["e", 1] });
    socket.say(msg("a", 1));
    const next = subscription.next();
    socket.say(msg("a", 2), msg("a", 3));
    assert.equal((await next).value.seq, 2);
    assert.equal((await subscription.next()).value.seq, 3);
    assert.deepEqual(heard.seqs, [1, 2, 3]);
    await client.close();
});

test("a callback that throws stops nothing", async () => {
    const { status, stdout, stderr } = spawnSync(process.execPath,
        ["--input-type=module", "-e", `
            import { openedClient } from "./support/clients.js";
            const { client, socket } = await openedClient();
            client.subscribe("a", { onMessage: ({ seq }) => {
                console.log("got", seq);
                if (seq === 1) {
                    throw new Error("the application's own");
                }
            } });
            socket.subscribed({ a: ["e", 1] });
            socket.say({ op: "msg", topic: "a", seq: 1, data: 1 },
                { op: "msg", topic: "a", seq: 2, data: 2 });`],
        { encoding: "utf8", cwd: HERE });
    assert.equal(stdout, "got 1\ngot 2\n");
    assert.match(stderr, /Error: the application's own/);
    assert.equal(status, 1);
});

test("what is subscribed to by handlers is sent once", async () => {
    const { client, socket } = await openedClient();
    client.on("state", ({ state }) => {
        if (state === "open") {
            client.subscribe("b", recorder());
        }
    });
    client.subscribe("a", recorder());
    socket.drop();
    const next = await nextSocket(client);
    next.accept();
    assert.deepEqual(next.sent.map(({ topic }) => topic), ["a", "b"]);
    await client.close();
});
