// What becomes of a client that has no token, or none that is good.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeClients, fakeClient, nextSocket } from "./support/clients.js";
import { closed, DAY, expiring, fakeTime, greeted, HOUR, MINUTE, names,
    session, stateOf, tokenClient } from "./support/tokens.js";
import { turn, until } from "./support/wait.js";

const clock = fakeTime();
after(closeClients);

test("getToken that throws is a failed attempt, and told", async () => {
    const client = tokenClient((_, n) => n <= 2
        ? Promise.reject(new Error("no network")) : undefined);
    await clock.advance(0);
    assert.equal(client.sockets.length, 0);
    const { state, reason, delay } = stateOf(client);
    assert.deepEqual([state, reason], ["waiting", "no token: no network"]);
    assert.ok(delay >= 200 && delay <= 400);
    assert.equal(client.errors[0].code, "token");
    assert.equal(client.errors[0].cause.message, "no network");
    await clock.advance(400);
    assert.equal(client.errors.length, 2);
    assert.ok(stateOf(client).delay >= 300);
    await clock.advance(600);
    const socket = await greeted(client, "t3");
    socket.ok(expiring(HOUR));
    assert.equal(client.state, "open");
    await closed(client, clock);
    assert.deepEqual(client.reasons, ["connect", "connect", "connect"]);
});

test("getToken that throws or is refused amid a session", async (t) => {
    t.mock.method(Math, "random", () => 0);
    const { client, socket } = await session(HOUR, (_, n) => n % 4 === 2
        ? Promise.reject(new Error("no network")) : undefined);
    await clock.advance(0.6 * HOUR + 1);
    assert.equal(client.errors[0].code, "token");
    assert.ok(socket.isQuiet);
    await clock.advance(10_001);
    assert.equal(socket.next().token, "t3");
    socket.refuse(101, "another user");
    assert.equal(client.errors[1].code, 101);
    await clock.advance(14_990);
    assert.ok(socket.isQuiet);
    await clock.advance(20);
    assert.equal(socket.next().token, "t4");
    socket.refuse(111);
    await clock.advance(22_510);
    assert.equal(socket.next().token, "t5");
    socket.ok(expiring(HOUR));
    await clock.advance(0.6 * HOUR + 1);
    assert.ok(socket.isQuiet);
    await clock.advance(10_001);
    assert.equal(socket.next().token, "t7");
    assert.deepEqual(client.reasons, ["connect", "refresh", "refresh",
        "expired", "refresh", "refresh", "refresh"]);
    assert.deepEqual(names(client), ["connecting", "open"]);
    await closed(client, clock);
});

test("an attempt that ends before the answer was no refused upgrade",
    async () => {
        const asked = [];
        const fetch = async (url) => {
            asked.push(url);
            return { status: 403 };
        };
        const client = tokenClient(undefined, { fetch });
        (await greeted(client, "t1")).drop();
        await turn();
        assert.equal(client.state, "waiting");
        assert.deepEqual(asked, []);
        await clock.advance(10_000);
        (await nextSocket(client)).drop();
        await turn();
        assert.equal(client.state, "unauthorized");
        await closed(client, clock);
    });

test("null: unauthorized, until connect()", async () => {
    let user;
    const client = tokenClient(() => user ?? null);
    const subscription = client.subscribe("a");
    await clock.advance(HOUR);
    assert.deepEqual(stateOf(client), { state: "unauthorized",
        previous: "connecting", code: 1006, status: undefined,
        reason: "no token" });
    assert.deepEqual(client.reasons, ["connect"]);
    assert.equal(client.sockets.length, 0);
    user = "ann";
    client.connect();
    const socket = await greeted(client, "ann");
    socket.ok(expiring(HOUR));
    assert.equal(socket.subscribed().topic, "a");
    await subscription.ready;

    user = undefined; // has logged out
    await clock.advance(HOUR);
    assert.equal(stateOf(client).state, "unauthorized");
    assert.equal(stateOf(client).previous, "open");
    assert.equal(socket.closedWith, 1000);
    await clock.advance(DAY);
    assert.equal(client.sockets.length, 1);
    assert.deepEqual(client.reasons, ["connect", "connect", "refresh"]);
    assert.deepEqual(client.errors, []);
    await closed(client, clock);
});

const REFUSALS = {
    "101": (socket) => socket.refuse(101, "no good"),
    "109": (socket) => socket.refuse(109, "no good"),
    "104": (socket) => socket.refuse(104, "no good"),
    "bye 3502": (socket) => socket.say({ op: "bye", code: 3502,
        reason: "no good", after: 0 }),
    "3502": (socket) => socket.drop(3502, "no good"),
};
for (const [what, refuse] of Object.entries(REFUSALS)) {
    test(`a first token that is refused, by ${what}`, async () => {
        const client = tokenClient();
        refuse(await greeted(client, "t1"));
        assert.equal(stateOf(client).delay, 0);
        await clock.advance(1);
        const second = await greeted(client, "t2");
        second.ok(expiring(HOUR));
        assert.equal(client.state, "open");
        await clock.advance(6000);
        second.drop();
        await clock.advance(1000);
        refuse(await greeted(client, "t3"));
        await clock.advance(1);
        refuse(await greeted(client, "t4"));
        const { state, code, reason, status } = stateOf(client);
        assert.deepEqual([state, code, reason, status],
            ["unauthorized", 3502, "no good", undefined]);
        await clock.advance(DAY);
        assert.equal(client.sockets.length, 4);
        client.connect();
        await turn();
        assert.deepEqual(client.reasons,
            ["connect", "expired", "connect", "expired", "connect"]);
        await closed(client, clock);
        assert.deepEqual(client.errors, []);
    });
}

test("keys that are not there yet, or too many commands", async () => {
    const client = tokenClient();
    for (const [n, code] of [115, 111, 115, 100].entries()) {
        (await greeted(client, `t${n + 1}`)).refuse(code);
        assert.equal(stateOf(client).state, "waiting");
        assert.ok(stateOf(client).delay >= 200 * 1.5 ** n);
        await clock.advance(10_000);
    }
    assert.ok(client.reasons.every((reason) => reason === "connect"));
    await closed(client, clock);
});

for (const [how, end] of [["a close", (socket) => socket.drop(3005, "over")],
    ["bye", (socket) => socket.say({ op: "bye", code: 3005, reason: "over",
        after: 1200 })]]) {
    test(`3005 by ${how}: back with a new token, but in no tight loop`,
        async () => {
            const { client, socket } = await session(HOUR);
            const after = how === "bye" ? 1200 : 0;
            client.subscribe("a");
            socket.subscribed({ a: ["e", 1] });
            socket.say({ op: "msg", topic: "a", seq: 1, data: 1 });
            await clock.advance(10_000);
            end(socket);
            assert.equal(stateOf(client).delay, after);
            await clock.advance(after + 1);
            const next = await greeted(client, "t2");
            next.ok(expiring(HOUR));
            assert.deepEqual(next.next(), { op: "sub", topic: "a",
                since: { epoch: "e", seq: 1 } });
            end(next);
            assert.ok(stateOf(client).delay >= Math.max(200, after));
            await clock.advance(1201);
            end(await greeted(client, "t3"));
            assert.ok(stateOf(client).delay >= Math.max(300, after));
            await clock.advance(10_000);
            const last = await greeted(client, "t4");
            last.ok(expiring(HOUR));
            await clock.advance(10_000);
            last.drop();
            await clock.advance(1000);
            await greeted(client, "t5");
            assert.deepEqual(client.reasons, ["connect", "expired", "expired",
                "expired", "connect"]);
            await closed(client, clock);
        });
}

test("without getToken: 3005 is a drop, 3502 the end", async () => {
    const client = fakeClient({ minDelay: 400, maxDelay: 400 });
    const socket = await nextSocket(client);
    socket.accept();
    assert.equal(client.state, "open");
    socket.drop(3005, "over");
    assert.ok(stateOf(client).delay >= 200);
    await clock.advance(400);
    const next = await nextSocket(client);
    next.accept();
    next.drop(3502, "no token");
    const { state, code, reason } = stateOf(client);
    assert.deepEqual([state, code, reason],
        ["unauthorized", 3502, "no token"]);
    await clock.advance(DAY);
    assert.equal(client.sockets.length, 2);
    client.connect();
    (await nextSocket(client)).accept();
    assert.equal(client.state, "open");
    await closed(client, clock);
});

test("what comes too late is about another connection", async () => {
    const given = [];
    const client = tokenClient(() => new Promise((resolve) =>
        given.push(resolve)), { connectTimeout: 1000, minDelay: 1,
        maxDelay: 1 });
    await clock.advance(1002);
    assert.ok(client.states.some(({ reason }) =>
        reason === "no connection in time"));
    assert.equal(given.length, 2);
    given[0](null);
    await turn();
    assert.equal(client.state, "connecting");
    given[1]("good");
    const socket = await greeted(client, "good");
    await clock.advance(1002); // the server does not answer
    assert.equal(socket.closedWith, 1000);
    socket.drop();
    given[2]("better");
    const next = await greeted(client, "better");
    next.ok(expiring(MINUTE));
    await clock.advance(MINUTE);
    assert.equal(given.length, 4);
    next.drop();
    given[3](null);
    await clock.advance(2);
    assert.equal(client.state, "connecting");
    given[4]("best");
    (await greeted(client, "best")).ok(expiring(MINUTE));
    await clock.advance(MINUTE);
    await closed(client, clock);
    given[5](null);
    await clock.advance(DAY);
    assert.equal(client.state, "closed");
    assert.equal(given.length, 6);
});

test("a client that is closed while it asks, and while it is asked",
    async () => {
        const client = tokenClient();
        await closed(client, clock);
        await clock.advance(DAY);
        assert.equal(client.sockets.length, 0);

        const other = tokenClient();
        const socket = await greeted(other, "t1");
        socket.drop(3500, "bad"); // also where commands wait for a reply
        assert.equal(other.state, "closed");
        const third = tokenClient(() => {
            throw new Error("no network");
        }, { onError: () => third.close() });
        await until("it is closed", () => third.state === "closed");
        await clock.advance(DAY);
        assert.deepEqual(third.reasons, ["connect"]);
    });
