// Publishing and reading: payloads, replies, and what becomes of them when
// the connection goes.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeClients, fakeClient, nextSocket, openedClient }
    from "./support/clients.js";

after(closeClients);

const PAYLOADS = [
    [{ a: [1, null] }, { data: { a: [1, null] } }],
    ["text", { data: "text" }],
    [null, { data: null }],
    [[{ text: "x" }], { data: [{ text: "x" }] }],
    [{ text: "é" }, { text: "é" }],
    [{ text: "x", who: "y" }, { data: { text: "x", who: "y" } }],
    [{ data: { text: "x" } }, { data: { text: "x" } }],
    [{ patch: { a: null } }, { patch: { a: null } }],
    [{ patch: [{ op: "remove", path: "/a" }] },
        { patch: [{ op: "remove", path: "/a" }] }],
    [{ bytes: Uint8Array.of(0, 1, 255) }, { b64: "AAH/" }],
    [Uint8Array.of(0, 1, 255), { b64: "AAH/" }],
    [Uint8Array.of(9, 0, 1, 255, 9).subarray(1, 4), { b64: "AAH/" }],
    [Uint8Array.of(0, 1, 255).buffer, { b64: "AAH/" }],
    [new DataView(Uint8Array.of(0, 1, 255).buffer, 1), { b64: "Af8=" }],
    [new Uint8Array(0), { b64: "" }],
];

test("payloads", async () => {
    const { client, socket } = await openedClient();
    for (const [payload, fields] of PAYLOADS) {
        const published = client.publish("a/b", payload);
        assert.deepEqual(socket.next(), { op: "pub", topic: "a/b", ...fields });
        socket.ok({ epoch: "e", seq: 1 });
        assert.deepEqual(await published, { epoch: "e", seq: 1 });
    }
    const large = new Uint8Array(40_000).map((_, at) => at);
    client.publish("a", large).catch(() => {});
    assert.deepEqual(Buffer.from(socket.next().b64, "base64"),
        Buffer.from(large));
    await client.close();
});

test("what is no payload", async () => {
    const { client, socket } = await openedClient();
    for (const payload of [undefined, () => 1, { text: 5 }, { bytes: "x" },
        { data: undefined }, 5n]) {
        await assert.rejects(client.publish("a", payload), TypeError);
    }
    assert.ok(socket.isQuiet);
    await client.close();
});

test("conditions, keys and refusals", async () => {
    const { client, socket } = await openedClient();
    const at = { epoch: "e", seq: 5 };
    const published = client.publish("a", 1, { if: at, key: "k" });
    assert.deepEqual(socket.next(),
        { op: "pub", topic: "a", data: 1, if: at, key: "k" });
    socket.refuse(114, "conflict");
    await assert.rejects(published,
        { name: "PubSubError", code: 114, message: "conflict" });
    client.publish("a", 1, { if: "absent" }).catch(() => {});
    assert.equal(socket.next().if, "absent");
    await client.close();
});

test("reading", async () => {
    const { client, socket } = await openedClient();
    const page = client.get("a/*", { after: "a/b", limit: 5 });
    assert.deepEqual(socket.next(),
        { op: "get", topic: "a/*", after: "a/b", limit: 5 });
    socket.ok({ more: true, items: [
        { topic: "a/c", epoch: "e", seq: 1, time: 9, data: null },
        { topic: "a/d", epoch: "e", seq: 1, time: 9, b64: "AAH/" },
        { topic: "a/e", epoch: "e", seq: 1 }] });
    assert.deepEqual(await page, { more: true, items: [
        { topic: "a/c", epoch: "e", seq: 1, time: 9, kind: "json",
            data: null },
        { topic: "a/d", epoch: "e", seq: 1, time: 9, kind: "binary",
            bytes: Uint8Array.of(0, 1, 255) },
        { topic: "a/e", epoch: "e", seq: 1 }] });

    const history = client.history("a/c", { last: 3 });
    assert.deepEqual(socket.next(),
        { op: "history", topic: "a/c", last: 3 });
    socket.ok({ more: false, items: [] });
    assert.deepEqual(await history, { more: false, items: [] });

    const who = client.who("a/c");
    assert.deepEqual(socket.next(), { op: "who", topic: "a/c" });
    socket.ok({ who: ["ann"], connections: 2 });
    assert.deepEqual(await who, { who: ["ann"], connections: 2 });
    await client.close();
});

test("replies go to who asked, in any order", async () => {
    const { client, socket } = await openedClient();
    const asked = [1, 2, 3].map((n) => client.publish("a", n));
    const [one, two, three] = socket.sent.map(({ id }) => id);
    socket.say({ id: three, ok: 3 }, { id: one, ok: 1 }, { id: two, ok: 2 },
        { id: two, ok: "again" });
    assert.deepEqual(await Promise.all(asked), [1, 2, 3]);
    await client.close();
});

test("what waits is sent in order, up to a limit", async () => {
    const client = fakeClient({ queueLimit: 3 });
    const waiting = [1, 2, 3].map((n) => client.publish("a", n));
    await assert.rejects(client.publish("a", 4), { code: "queue full" });
    const first = await nextSocket(client);
    first.drop();
    const socket = await nextSocket(client);
    socket.accept();
    assert.deepEqual([1, 2, 3].map(() => socket.next().data), [1, 2, 3]);
    for (const { id } of socket.sent) {
        socket.say({ id, ok: id });
    }
    assert.deepEqual(await Promise.all(waiting),
        socket.sent.map(({ id }) => id));
    await client.close();
});

test("in flight at a drop: with a key again, reads again, others not",
    async () => {
        const { client, socket } = await openedClient();
        const keyed = client.publish("a", 1, { key: "k" });
        const bare = client.publish("a", 2);
        const read = client.get("a");
        const keyedToo = client.publish("a", 3, { key: "l" });
        socket.drop();
        await assert.rejects(bare, ({ code, message }) =>
            code === "dropped" && /done or not/.test(message));
        const later = client.publish("a", 4);
        const next = await nextSocket(client);
        next.accept();
        assert.deepEqual(next.sent.map((one) => one.data ?? one.op),
            [1, "get", 3, 4]);
        assert.equal(next.next().key, "k");
        next.ok({ epoch: "e", seq: 7 });
        assert.deepEqual(await keyed, { epoch: "e", seq: 7 });
        next.next();
        next.ok({ items: [], more: false });
        assert.deepEqual(await read, { items: [], more: false });
        const rest = Promise.allSettled([keyedToo, later]);
        await client.close();
        for (const { reason } of await rest) {
            assert.equal(reason.code, "closed");
        }
    });

test("a key is not relied on for longer than the server does", async (t) => {
    const realNow = Date.now;
    let later = 0;
    t.mock.method(Date, "now", () => realNow() + later);
    const { client, socket } = await openedClient();
    const published = client.publish("a", 1, { key: "k" });
    const read = client.get("a");
    socket.drop();
    later = 5 * 60_000;
    const next = await nextSocket(client);
    next.accept();
    await assert.rejects(published, { code: "dropped" });
    assert.equal(next.next().op, "get");
    assert.ok(next.isQuiet);
    next.ok({ items: [], more: false });
    await read;
    await client.close();
});

test("what ended the session is not sent again", async () => {
    const { client, socket } = await openedClient();
    const published = client.publish("a", "x".repeat(30_000), { key: "k" });
    socket.drop(1009);
    await assert.rejects(published, { code: "dropped" });
    const next = await nextSocket(client);
    next.accept();
    assert.ok(next.isQuiet);
    await assert.rejects(client.publish("a", "x".repeat(40_000)),
        { code: "too large" });
    await client.close();
});

test("too large a command is not sent", async () => {
    const { client, socket } = await openedClient({ maxMessage: 100 });
    await assert.rejects(client.publish("a", "é".repeat(50)),
        { code: "too large" });
    assert.ok(socket.isQuiet);
    client.publish("a", "x".repeat(40)).catch(() => {});
    assert.equal(socket.next().op, "pub");
    await client.close();
});
