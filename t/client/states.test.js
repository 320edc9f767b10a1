// The connection: states, waits between attempts, the ends of it.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { backoff } from "../../clients/js/src/backoff.js";
import { connect, PubSubError } from "../../clients/js/src/client.js";
import { closeClients, fakeClient, nextSocket, openedClient }
    from "./support/clients.js";
import { FakeSocket } from "./support/fake_socket.js";
import { turn, until } from "./support/wait.js";

after(closeClients);

const names = ({ states }) => states.map(({ state }) => state);

test("the wait grows up to its limit, and is never less than half", () => {
    const limits = { first: 500, most: 10_000 };
    const least = [0, 1, 2, 9, 1000].map((n) => backoff(n, limits, () => 0));
    assert.deepEqual(least, [250, 375, 562.5, 5000, 5000]);
    assert.equal(backoff(0, limits, () => 0.5), 375);
    assert.ok(backoff(99, limits) <= 10_000);
});

// Whoever waits longest each time: with chance 1 the waits are whole.
test("who was away for 12 s is back within 6 s, in few attempts", () => {
    const limits = { first: 500, most: 10_000 };
    for (const chance of [0, 0.5, 1]) {
        let away = 0;
        let attempts = 0;
        while (away < 12_000) {
            away += backoff(attempts++, limits, () => chance);
        }
        assert.ok(away - 12_000 <= 6000, `${away}`);
        assert.ok(attempts <= 10, `${attempts}`);
    }
});

test("attempts go on until one succeeds", async () => {
    const client = fakeClient();
    for (let attempt = 0; attempt < 5; attempt++) {
        const socket = await nextSocket(client);
        assert.equal(client.state, "connecting");
        assert.equal(socket.protocol, "json.wspubsub.v1");
        assert.equal(socket.url, "ws://example.test/ws");
        socket.drop(1006, "Unexpected server response: 503");
        assert.equal(client.state, "waiting");
    }
    (await nextSocket(client)).accept();
    assert.equal(client.state, "open");
    assert.deepEqual(names(client), [
        ...Array(5).fill(["connecting", "waiting"]).flat(),
        "connecting", "open"]);
    const { code, reason, delay } = client.states[1];
    assert.deepEqual([code, reason], [
        1006, "Unexpected server response: 503"]);
    assert.ok(delay > 0);
    await client.close();
});

test("waits grow until a connection holds", async (t) => {
    const realNow = Date.now;
    let later = 0;
    t.mock.method(Date, "now", () => realNow() + later);
    const client = fakeClient({ minDelay: 4, maxDelay: 1000 });
    const dropped = () => client.states.findLast(
        ({ state }) => state === "waiting").delay;
    for (const most of [4, 6, 9]) {
        (await nextSocket(client)).drop();
        assert.ok(dropped() >= most / 2 && dropped() <= most);
    }
    const short = await nextSocket(client);
    short.accept();
    short.drop();
    assert.ok(dropped() >= 6.75 && dropped() <= 13.5);
    const long = await nextSocket(client);
    long.accept();
    later = 6000;
    long.drop();
    assert.ok(dropped() <= 4);
    await client.close();
});

test("bye says when to come back, and its socket is left at once", async () => {
    const { client, socket } = await openedClient({ maxDelay: 60_000 });
    socket.say({ op: "bye", code: 1001, reason: "reload", after: 7 });
    assert.equal(client.state, "waiting");
    assert.deepEqual(client.states.at(-1), { state: "waiting",
        previous: "open", code: 1001, reason: "reload", delay: 7 });
    assert.equal(socket.closedWith, 1000);
    const next = await nextSocket(client);
    socket.say({ op: "pong" }); // too late to matter
    socket.drop(1001);
    next.accept();
    assert.equal(client.state, "open");
    await client.close();
});

test("who is too slow waits for both", async () => {
    const { client, socket } = await openedClient({ minDelay: 400,
        maxDelay: 400 });
    socket.say({ op: "bye", code: 3008, reason: "too slow", after: 5 });
    assert.ok(client.states.at(-1).delay >= 200);
    await client.close();
});

for (const [code, how, end] of [3500, 3503].flatMap((code) => [
    [code, "bye", (socket) => socket.say({ op: "bye", code, reason: "bad",
        after: 1 })],
    [code, "the close code", (socket) => socket.drop(code, "bad")]])) {
    test(`${code} ends the client, by ${how}`, async () => {
        const { client, socket } = await openedClient();
        const reading = client.subscribe("a").next();
        const asked = client.publish("a", 1);
        end(socket);
        assert.equal(client.state, "closed");
        await assert.rejects(asked, { code: "dropped" });
        await assert.rejects(reading, { code });
        assert.equal(client.errors.at(-1).code, code);
        await assert.rejects(client.get("a"), { code: "closed" });
        assert.throws(() => client.subscribe("b"), { code: "closed" });
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert.equal(client.sockets.length, 1);
    });
}

test("close ends all", async () => {
    const { client, socket } = await openedClient({ closeTimeout: 60_000 });
    const subscription = client.subscribe("a");
    const reading = subscription.next();
    const asked = Promise.allSettled(
        [client.get("a"), client.publish("a", 1), client.ping()]);
    let closed = false;
    const closing = client.close().then(() => {
        closed = true;
    });
    assert.equal(client.state, "closed");
    assert.ok(subscription.closed);
    assert.deepEqual(await reading, { done: true, value: undefined });
    for (const { reason } of await asked) {
        assert.ok(reason instanceof PubSubError);
    }
    await assert.rejects(subscription.ready, { code: "closed" });
    await turn();
    assert.ok(!closed, "the closing handshake is still to come");
    socket.drop(1000);
    await closing;
    assert.deepEqual(client.errors, []);
    await client.close();
});

test("close does not wait for a peer that never answers", async () => {
    const { client, socket } = await openedClient({ closeTimeout: 1 });
    let terminated = false;
    socket.terminate = () => {
        terminated = true;
    };
    await client.close();
    assert.ok(terminated);
});

test("close while it connects, and while it waits", async () => {
    const one = fakeClient();
    const socket = await nextSocket(one);
    await one.close();
    assert.equal(socket.readyState, 2);
    assert.equal(one.state, "closed");
    const other = fakeClient({ minDelay: 60_000, maxDelay: 60_000 });
    (await nextSocket(other)).drop();
    await other.close();
    assert.equal(other.state, "closed");
});

test("close by who is told that it connects", async () => {
    const client = fakeClient({ connectTimeout: 5 });
    client.on("state", ({ state }) => state === "connecting" &&
        client.close());
    (await nextSocket(client)).drop();
    await until("it is closed", () => client.state === "closed");
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(names(client), ["connecting", "waiting", "connecting",
        "closed"]);
    assert.equal(client.sockets.length, 1);
});

test("an attempt has an end", async () => {
    const client = fakeClient({ connectTimeout: 5 });
    const socket = await nextSocket(client);
    await nextSocket(client);
    assert.equal(socket.readyState, 2);
    assert.equal(client.states[1].reason, "no connection in time");
    await client.close();
});

test("silence is asked about, and no answer is a drop", async () => {
    const { client, socket } = await openedClient({ pingInterval: 5,
        pingTimeout: 60_000 });
    await until("a ping", () => !socket.isQuiet);
    assert.deepEqual(socket.next(), { op: "ping" });
    socket.say({ op: "pong" });
    await until("another ping", () => !socket.isQuiet);
    assert.equal(client.state, "open");
    await client.close();

    const quiet = await openedClient({ pingInterval: 5, pingTimeout: 5 });
    await until("it is dropped", () => quiet.client.state !== "open");
    assert.ok(quiet.client.states.some(({ reason }) =>
        reason === "no answer to a ping"));
    const next = await nextSocket(quiet.client);
    next.accept();
    assert.equal(quiet.client.state, "open", "it is not asked yet");
    await quiet.client.close();
});

test("ping measures", async () => {
    const { client, socket } = await openedClient();
    const both = [client.ping(), client.ping()];
    socket.say({ op: "pong" }, { op: "pong" });
    for (const took of await Promise.all(both)) {
        assert.ok(took >= 0);
    }
    const lost = client.ping();
    socket.drop();
    await assert.rejects(lost, { code: "dropped" });
    await assert.rejects(client.ping(), { code: "dropped" });
    await client.close();
});

test("a function gives the URL of each attempt", async () => {
    const urls = ["http://a.test/ws?token=1", "wss://b.test/ws?token=2"];
    const client = fakeClient({}, async () => urls.shift() ??
        Promise.reject(new Error("no token")));
    const first = await nextSocket(client);
    assert.equal(first.url, "ws://a.test/ws?token=1");
    first.drop();
    const second = await nextSocket(client);
    assert.equal(second.url, "wss://b.test/ws?token=2");
    second.drop();
    await until("it fails", () => client.states.at(-1).reason === "no token");
    await client.close();
});

test("a bad URL, or no WebSocket, is told at once", () => {
    for (const url of ["", "no", "ftp://a/", "mailto:a@b"]) {
        assert.throws(() => connect(url, { WebSocket: FakeSocket }),
            TypeError, url);
    }
    const own = globalThis.WebSocket;
    delete globalThis.WebSocket;
    try {
        assert.throws(() => connect("ws://a.test/"), PubSubError);
    } finally {
        if (own) {
            globalThis.WebSocket = own;
        }
    }
});

test("what is no JSON object ends the session", async () => {
    for (const data of ["nonsense", "5", "null", new ArrayBuffer(2)]) {
        const { client, socket } = await openedClient();
        socket.onmessage({ data });
        assert.equal(client.state, "waiting");
        assert.equal(client.errors[0].code, "protocol");
        await client.close();
    }
});

test("what a later server may say is no error", async () => {
    const { client, socket } = await openedClient();
    socket.say({ op: "news", topic: "a" }, { id: 77, ok: {} }, []);
    assert.equal(client.state, "open");
    assert.deepEqual(client.errors, []);
    socket.say({ error: { code: 107, message: "bad request" } });
    assert.equal(client.errors[0].code, 107);
    await client.close();
});

test("handlers come and go", async () => {
    const { client, socket } = await openedClient();
    const seen = [];
    const off = client.on("state", ({ state }) => seen.push(state));
    socket.drop();
    off();
    await client.close();
    assert.deepEqual(seen, ["waiting"]);
    assert.throws(() => client.on("stat", () => {}), TypeError);
});
