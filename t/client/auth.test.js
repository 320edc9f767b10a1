// Tokens in-band: the first command of each connection, and told anew in time.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeClients, nextSocket } from "./support/clients.js";
import { closed, DAY, expiring, fakeTime, greeted, HOUR, MINUTE, names,
    session, tokenClient } from "./support/tokens.js";

const clock = fakeTime();
after(closeClients);

// A token as the server checks it, valid for so long from `at` on.
function jwt(at, lifeMs) {
    const part = (claims) => Buffer.from(JSON.stringify(claims))
        .toString("base64url");
    const claims = part({ sub: "ännchen???>>>???", iat: at / 1000,
        exp: (at + lifeMs) / 1000 });
    assert.match(claims, /-.*_|_.*-/);
    return [part({ alg: "ES256" }), claims, "sig-_"].join(".");
}

test("the token comes first, then subscriptions, then commands", async () => {
    const client = tokenClient();
    const published = client.publish("a", 1);
    client.subscribe("b");
    const socket = await greeted(client, "t1");
    assert.ok(socket.isQuiet);
    assert.equal(client.state, "connecting");
    client.subscribe("c");
    await assert.rejects(client.ping(), { code: "dropped" });
    assert.ok(socket.isQuiet);
    socket.ok(expiring(HOUR));
    assert.equal(client.state, "open");
    assert.deepEqual(socket.next(), { op: "sub", topic: "b" });
    assert.deepEqual(socket.next(), { op: "sub", topic: "c" });
    assert.equal(socket.next().op, "pub");
    socket.ok({ epoch: "e", seq: 1 });
    await published;
    await closed(client, clock);
    assert.deepEqual(client.errors, []);
});

test("each connection has a token of its own", async () => {
    const client = tokenClient();
    for (const token of ["t1", "t2", "t3"]) {
        const socket = await greeted(client, token);
        socket.ok(expiring(HOUR));
        socket.drop();
        await clock.advance(10_000);
    }
    assert.deepEqual(client.reasons.slice(0, 3),
        ["connect", "connect", "connect"]);
    await closed(client, clock);
});

for (const [chance, part] of [[0, 0.6], [0.5, 0.75], [1, 0.9]]) {
    test(`it is refreshed after ${100 * part} % of what is left`,
        async (t) => {
            t.mock.method(Math, "random", () => chance);
            const { client, socket } = await session(HOUR);
            await clock.advance(part * HOUR - 1000);
            assert.ok(socket.isQuiet);
            await clock.advance(2000);
            assert.deepEqual(client.reasons, ["connect", "refresh"]);
            assert.deepEqual(socket.next(), { op: "auth", token: "t2" });
            socket.ok(expiring(2 * HOUR));
            await clock.advance(2 * part * HOUR - 1000);
            assert.ok(socket.isQuiet);
            await clock.advance(2000);
            assert.deepEqual(socket.next(), { op: "auth", token: "t3" });
            assert.deepEqual(names(client), ["connecting", "open"]);
            await closed(client, clock);
            socket.ok(expiring(HOUR)); // too late to matter
            await clock.advance(DAY);
            assert.equal(client.reasons.length, 3);
        });
}

test("not more often than every 10 s", async () => {
    for (const left of [11_000, 1000, 1]) {
        const { client, socket } = await session(left);
        for (const token of ["t2", "t3"]) {
            await clock.advance(9990);
            assert.ok(socket.isQuiet, `${left}`);
            await clock.advance(20);
            assert.deepEqual(socket.next(), { op: "auth", token });
            socket.ok(expiring(left));
        }
        await closed(client, clock);
    }
});

test("more than setTimeout can wait, and for ever", async (t) => {
    t.mock.method(Math, "random", () => 0);
    const { client, socket } = await session(200 * DAY);
    const pass = async (days) => {
        for (let day = 0; day < days; day++) {
            await clock.advance(DAY);
            if (!socket.isQuiet && socket.sent.at(-1).op === "ping") {
                socket.next();
                socket.say({ op: "pong" });
            }
        }
    };
    await pass(119);
    assert.ok(socket.isQuiet);
    await pass(2);
    assert.equal(socket.next().token, "t2");
    socket.ok(expiring());
    await pass(300);
    assert.deepEqual(client.reasons, ["connect", "refresh"]);
    await closed(client, clock);
});

for (const [what, off] of [["behind", -5 * HOUR], ["ahead", 5 * HOUR],
    ["right", 0]]) {
    test(`a clock that is ${what}`, async (t) => {
        t.mock.method(Math, "random", () => 0);
        clock.set(Date.now() + off);
        const { client, socket } = await session(HOUR - off,
            () => jwt(Date.now() - off, HOUR));
        await clock.advance(35 * MINUTE);
        assert.ok(socket.isQuiet);
        await clock.advance(2 * MINUTE);
        assert.equal(socket.next().op, "auth");
        await closed(client, clock);
    });
}

test("a token that was kept for a while, and one that does not say",
    async (t) => {
        t.mock.method(Math, "random", () => 0);
        const kept = jwt(Date.now() - 50 * MINUTE, HOUR);
        const { client, socket } = await session(10 * MINUTE, () => kept);
        await clock.advance(5 * MINUTE);
        assert.ok(socket.isQuiet);
        await clock.advance(2 * MINUTE);
        assert.equal(socket.next().token, kept);
        await closed(client, clock);

        // By this clock it is over, and the server has just taken it: when it
        // ends nobody knows.
        for (const token of ["opaque", "a.b.c", "a.bnVsbA.c"]) {
            const { client: other, socket: silent } = await session(
                -HOUR, () => token);
            await clock.advance(DAY);
            assert.ok(silent.isQuiet);
            assert.equal(other.state, "open");
            await closed(other, clock);
        }
    });
