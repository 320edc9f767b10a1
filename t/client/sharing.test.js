// Several subscriptions to one selector: the server has one, and each gets
// what it asked for.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeClients, nextSocket, openedClient, recorder }
    from "./support/clients.js";
import { follow, got, live } from "./support/live.js";
import { range, turn, until } from "./support/wait.js";

const nginx = live();
after(closeClients);

const msg = (topic, seq, data = seq) => ({ op: "msg", topic, seq, data });
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

test("one sub, one unsub, and both get all", async () => {
    const { client, socket } = await openedClient();
    const [one, other] = [recorder(), recorder()];
    const first = client.subscribe("a", one);
    const second = client.subscribe("a", other);
    assert.deepEqual(socket.subscribed({ a: ["e", 1] }),
        { op: "sub", topic: "a" });
    assert.ok(socket.isQuiet);
    socket.say(msg("a", 1), msg("a", 2));
    assert.deepEqual(one.told, other.told);
    assert.deepEqual(one.seqs, [1, 2]);
    await first.ready;
    await second.ready;
    await first.unsubscribe();
    await first.unsubscribe();
    await tick();
    assert.ok(socket.isQuiet && first.closed && !second.closed);
    socket.say(msg("a", 3));
    assert.deepEqual([one.seqs, other.seqs], [[1, 2], [1, 2, 3]]);
    const left = second.unsubscribe();
    await until("it is told", () => !socket.isQuiet);
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a" });
    socket.ok();
    await left;
    await client.close();
});

test("who comes later gets the value at once", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a/*", recorder());
    socket.subscribed({ "a/1": ["e", 7], "a/2": ["f", 1] });
    socket.say(msg("a/1", 7), msg("a/1", 8), msg("a/2", 1));
    const heard = recorder();
    const subscription = client.subscribe("a/*", heard);
    assert.deepEqual(heard.told, [], "not before subscribe() returns");
    socket.say(msg("a/1", 9));
    const { recovered, resumed, topics } = await subscription.ready;
    await turn();
    assert.deepEqual([recovered, resumed], [true, false]);
    assert.deepEqual(topics.map(({ topic }) => topic), ["a/1", "a/2"]);
    assert.deepEqual(heard.of("Message").map(({ topic, seq }) => [topic, seq]),
        [["a/1", 8], ["a/2", 1], ["a/1", 9]]);
    assert.ok(socket.isQuiet);
    await client.close();
});

test("the server is asked for a value that is not here", async () => {
    const { client, socket } = await openedClient();
    const changes = recorder({ since: "new" });
    client.subscribe("a/*", changes);
    socket.subscribed({ "a/1": ["e", 7], "a/2": ["f", 1] });
    const heard = recorder();
    const subscription = client.subscribe("a/*", heard);
    await until("it asks", () => !socket.isQuiet);
    assert.deepEqual(socket.next(),
        { op: "get", topic: "a/*", limit: 1000 });
    socket.say(msg("a/1", 8), msg("a/2", 2));
    socket.ok({ more: true, items: [
        { topic: "a/1", epoch: "e", seq: 8, time: 1, data: 8 }] });
    socket.say(msg("a/1", 9));
    await until("it asks on", () => !socket.isQuiet);
    assert.deepEqual(socket.next(),
        { op: "get", topic: "a/*", limit: 1000, after: "a/1" });
    socket.ok({ more: false, items: [
        { topic: "a/2", epoch: "f", seq: 1, time: 1, data: 1 }] });
    await subscription.ready;
    assert.deepEqual(heard.of("Message").map(({ topic, seq }) => [topic, seq]),
        [["a/1", 8], ["a/2", 1], ["a/2", 2], ["a/1", 9]]);
    assert.deepEqual(heard.of("Message")[0], { topic: "a/1", seq: 8,
        epoch: "e", form: "full", kind: "json", data: 8 });
    assert.deepEqual(changes.seqs, [8, 2, 9]);
    await client.close();
});

test("only changes, beside one that wants the value", async () => {
    const { client, socket } = await openedClient();
    const value = recorder();
    client.subscribe("a", value);
    const early = recorder({ since: "new" });
    client.subscribe("a", early);
    socket.subscribed({ a: ["e", 7] });
    socket.say(msg("a", 7));
    await turn();
    const late = recorder({ since: "new" });
    client.subscribe("a", late);
    socket.say(msg("a", 8));
    await turn();
    assert.deepEqual([value.seqs, early.seqs, late.seqs],
        [[7, 8], [8], [8]]);
    assert.ok(socket.isQuiet);
    await client.close();
});

test("a topic that is not there yet", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a", recorder());
    socket.subscribed();
    const heard = recorder();
    const subscription = client.subscribe("a", heard);
    await subscription.ready;
    socket.say({ op: "topic", topic: "a", epoch: "e", seq: 0 }, msg("a", 1));
    assert.deepEqual(heard.told.map(([event]) => event),
        ["Subscribed", "Topic", "Message"]);
    await client.close();
});

test("mounted, unmounted, mounted within a tick: nothing is sent",
    async () => {
        const { client, socket } = await openedClient();
        const heard = [recorder(), recorder(), recorder()];
        const first = client.subscribe("a", heard[0]);
        const left = first.unsubscribe();
        const second = client.subscribe("a", heard[1]);
        await left;
        socket.subscribed({ a: ["e", 1] });
        socket.say(msg("a", 1));
        await tick();
        assert.ok(socket.isQuiet);
        second.unsubscribe();
        socket.say(msg("a", 2)); // nobody hears it, but it is the value
        client.subscribe("a", heard[2]);
        await tick();
        assert.ok(socket.isQuiet);
        assert.deepEqual(heard.map(({ seqs }) => seqs), [[], [1], [2]]);
        await client.close();
    });

test("who comes back otherwise starts anew", async () => {
    const { client, socket } = await openedClient();
    for (const [before, after] of [[{}, { rate: 5 }], [{ rate: 5 }, {}],
        [{}, { delta: true }], [{}, { since: "new" }]]) {
        const subscription = client.subscribe("a", recorder(before));
        socket.subscribed({ a: ["e", 1] });
        subscription.unsubscribe();
        const again = client.subscribe("a", recorder(after));
        assert.deepEqual([socket.next().op, socket.next().op],
            ["unsub", "sub"]);
        const left = again.unsubscribe();
        await until("it is told", () => !socket.isQuiet);
        socket.next();
        socket.ok();
        await left;
    }
    const many = client.subscribe("b/*", { last: 5 });
    socket.subscribed({ "b/1": ["e", 9] });
    many.unsubscribe();
    client.subscribe("b/*", { last: 5 });
    assert.equal(socket.next().op, "unsub");
    assert.deepEqual(socket.next(),
        { op: "sub", topic: "b/*", since: { last: 5 } });
    await client.close();
});

test("a refusal, and the end of the client, are told to all", async () => {
    const { client, socket } = await openedClient();
    const [one, other] = [recorder(), recorder({ last: 3 })];
    const both = [client.subscribe("a", one), client.subscribe("a", other)];
    socket.next();
    socket.refuse(103);
    for (const subscription of both) {
        await assert.rejects(subscription.ready, { code: 103 });
        assert.ok(subscription.closed);
    }
    assert.deepEqual([one, other].map((heard) => heard.told.length), [1, 1]);
    client.subscribe("b", recorder());
    socket.subscribed({ b: ["e", 1] });
    const waiting = client.subscribe("b", recorder({ last: 3 }));
    const ready = assert.rejects(waiting.ready, { code: "closed" });
    await client.close();
    await ready;
    assert.ok(waiting.closed);
});

test("a drop in the middle of it", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a", recorder());
    socket.subscribed({ a: ["e", 9] });
    socket.say(msg("a", 9));
    const heard = recorder({ last: 3 });
    client.subscribe("a", heard);
    await until("it asks", () => !socket.isQuiet);
    socket.drop();
    const next = await nextSocket(client);
    next.accept();
    next.subscribed({ a: ["e", 10] });
    next.say(msg("a", 10));
    assert.deepEqual(next.next(), { op: "history", topic: "a", last: 3 });
    next.ok({ more: false, items: [8, 9, 10].map((seq) =>
        ({ topic: "a", epoch: "e", seq, time: 1, data: seq })) });
    next.say(msg("a", 11));
    await until("all", () => heard.seqs.length === 4);
    assert.deepEqual(heard.seqs, [8, 9, 10, 11]);
    await client.close();
});

test("an answer that is ahead of what is pushed", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a", recorder());
    socket.subscribed({ a: ["e", 9] });
    socket.say(msg("a", 9));
    const heard = recorder({ last: 3 });
    const subscription = client.subscribe("a", heard);
    await until("it asks", () => !socket.isQuiet);
    socket.next();
    socket.ok({ more: false, items: [9, 10, 11].map((seq) =>
        ({ topic: "a", epoch: "e", seq, time: 1, data: seq })) });
    await subscription.ready;
    socket.say(msg("a", 10), msg("a", 11), msg("a", 12));
    assert.deepEqual(heard.seqs, [9, 10, 11, 12]);
    // Numbers that are given out again are others.
    socket.say({ op: "gone", topic: "a", reason: "reset" },
        { op: "topic", topic: "a", epoch: "e", seq: 9 }, msg("a", 10));
    assert.deepEqual(heard.seqs, [9, 10, 11, 12, 10]);
    await client.close();
});

test("what is lost right behind such an answer", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a", recorder());
    socket.subscribed({ a: ["e", 9] });
    socket.say(msg("a", 9));
    const heard = recorder({ last: 1 });
    const subscription = client.subscribe("a", heard);
    await until("it asks", () => !socket.isQuiet);
    socket.next();
    socket.ok({ more: false,
        items: [{ topic: "a", epoch: "e", seq: 11, time: 1, data: 11 }] });
    await subscription.ready;
    socket.say({ op: "gone", topic: "a", reason: "reset" },
        { op: "topic", topic: "a", epoch: "e", seq: 9 }, msg("a", 10));
    assert.deepEqual(heard.seqs, [11, 10]);
    await client.close();
});

test("on a real nginx: each start beside another", async () => {
    const { server } = nginx;
    for (const [options, before, gaps] of [
        [{}, [9]], [{ since: "new" }, []], [{ last: 3 }, [7, 8, 9]],
        [{ last: 0 }, []], [{ at: 5 }, [6, 7, 8, 9]],
        [{ at: 9 }, []], [{ epoch: "other" }, [9]]]) {
        for (const first of [{}, { since: "new" }, { last: 2 }]) {
            const client = nginx.client();
            const topic = nginx.topic();
            let epoch;
            for (const n of range(1, 9)) {
                ({ epoch } = await server.publish(topic, n));
            }
            const what = JSON.stringify([options, first]);
            await follow(client, topic, first);
            const { at, epoch: other, ...asked } = options;
            if (at ?? other) {
                asked.since = { epoch: other ?? epoch, seq: at ?? 5 };
            }
            const publishing = server.publish(topic, 10);
            const heard = await follow(client, topic, asked);
            await publishing;
            await server.publish(topic, 11);
            await got(heard, 11);
            assert.deepEqual(heard.of("Gap"), gaps ?? [], what);
            // 10 may be before or after it, but it comes once and in order.
            const { seqs } = heard;
            const from = seqs[0];
            assert.deepEqual(seqs, range(from, 11), what);
            const wanted = before[0] ?? 10;
            assert.ok(from === wanted || from === wanted + 1, what + seqs);
            assert.equal(heard.of("Subscribed")[0].recovered,
                other === undefined, what);
            await client.close();
        }
    }
});
