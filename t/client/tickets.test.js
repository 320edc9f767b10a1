// Subscriptions that need a ticket, and those that the server ends.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Clock } from "./support/clock.js";
import { closeClients, nextSocket, openedClient, recorder }
    from "./support/clients.js";
import { turn, until } from "./support/wait.js";

after(closeClients);

const notice = (topic, code = 103, reason = "not allowed any more") =>
    ({ op: "unsub", topic, code, reason });
const msg = (topic, seq) => ({ op: "msg", topic, seq, data: seq });

// What getTicket was asked; it gives "k1", "k2", …, or what `give(n)` does.
function tickets(give = () => undefined) {
    const questions = [];
    return { questions, getTicket: async (question) => {
        const n = questions.push(question);
        return (await give(n)) ?? `k${n}`;
    } };
}

const reasons = ({ questions }) => questions.map(({ reason }) => reason);
const sent = (socket) => until("a command", () => !socket.isQuiet);

test("each sub has a ticket of its own", async () => {
    const { client, socket } = await openedClient();
    const asked = tickets();
    const subscription = client.subscribe("room/*", recorder(asked));
    client.subscribe("free", recorder());
    assert.deepEqual(socket.subscribed(), { op: "sub", topic: "free" });
    assert.deepEqual(asked.questions,
        [{ topic: "room/*", reason: "subscribe" }]);
    await sent(socket);
    assert.deepEqual(socket.subscribed({ "room/7": ["e", 1] }),
        { op: "sub", topic: "room/*", ticket: "k1" });
    await subscription.ready;
    socket.say(msg("room/7", 1));
    socket.drop();
    const next = await nextSocket(client);
    next.accept();
    assert.equal(next.next().topic, "free");
    await sent(next);
    assert.deepEqual(next.subscribed({ "room/7": ["e", 1] }),
        { op: "sub", topic: "room/*", since: { last: 0xffffffff },
            positions: { "room/7": { epoch: "e", seq: 1 } }, ticket: "k2" });
    assert.deepEqual(reasons(asked), ["subscribe", "subscribe"]);
    await client.close();
    assert.deepEqual(client.errors, []);
});

test("getTicket that throws is asked again, and told", async () => {
    const { client, socket } = await openedClient();
    const asked = tickets((n) => n < 3
        ? Promise.reject(new Error("no network")) : undefined);
    client.subscribe("a", recorder(asked));
    await sent(socket);
    assert.deepEqual(socket.subscribed(),
        { op: "sub", topic: "a", ticket: "k3" });
    assert.deepEqual(client.errors.map(({ code }) => code),
        ["ticket", "ticket"]);
    assert.equal(client.errors[0].cause.message, "no network");
    await client.close();
});

test("no ticket, or a bad one: the subscription ends", async () => {
    const { client, socket } = await openedClient();
    const none = client.subscribe("a", { getTicket: () => null });
    await assert.rejects(none.ready, { code: "unauthorized" });
    assert.ok(socket.isQuiet);
    const bad = recorder(tickets());
    const subscription = client.subscribe("a", bad);
    await sent(socket);
    socket.next();
    socket.refuse(103);
    await assert.rejects(subscription.ready, { code: 103 });
    assert.equal(bad.of("Error")[0].code, 103);
    assert.equal(bad.questions.length, 1);
    await client.close();
    assert.deepEqual(client.errors.map(({ code }) => code), ["unauthorized"]);
});

test("a ticket that was kept too long is asked for once more", async () => {
    const { client, socket } = await openedClient();
    const asked = tickets();
    const heard = recorder(asked);
    client.subscribe("a", heard);
    await sent(socket);
    socket.next();
    socket.refuse(109);
    await sent(socket);
    assert.equal(socket.subscribed().ticket, "k2");
    socket.drop();
    const next = await nextSocket(client);
    next.accept();
    for (const ticket of ["k3", "k4"]) {
        await sent(next);
        assert.equal(next.next().ticket, ticket);
        next.refuse(109);
    }
    assert.deepEqual(reasons(asked),
        ["subscribe", "expired", "subscribe", "expired"]);
    assert.equal(heard.of("Error")[0].code, 109);
    await turn();
    assert.ok(next.isQuiet);
    await client.close();
});

test("a ticket that ends is replaced: nothing is lost", async () => {
    const { client, socket } = await openedClient();
    const asked = tickets();
    const heard = recorder(asked);
    const subscription = client.subscribe("a", heard);
    await sent(socket);
    socket.subscribed({ a: ["e", 1] });
    socket.say(msg("a", 1), { op: "unsub", topic: "a", code: 109,
        reason: "the ticket has expired" });
    await sent(socket);
    assert.deepEqual(socket.subscribed({ a: ["e", 2] }), { op: "sub",
        topic: "a", since: { epoch: "e", seq: 1 }, ticket: "k2" });
    socket.say(msg("a", 2));
    assert.deepEqual(heard.seqs, [1, 2]);
    assert.deepEqual(heard.of("Subscribed").map(({ resumed }) => resumed),
        [false, true]);
    assert.deepEqual(reasons(asked), ["subscribe", "expired"]);
    assert.deepEqual(heard.of("Unsubscribed"), []);
    assert.ok(!subscription.closed);
    await client.close();
});

test("who comes later asks with the ticket, too", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a", recorder(tickets()));
    await sent(socket);
    socket.subscribed({ a: ["e", 9] });
    const heard = recorder({ last: 2 });
    client.subscribe("a", heard);
    await sent(socket);
    assert.deepEqual(socket.next(),
        { op: "history", topic: "a", last: 2, ticket: "k1" });
    socket.ok({ items: [], more: false });
    await client.close();
});

test("who leaves before the ticket is there", async () => {
    const { client, socket } = await openedClient();
    let give;
    const subscription = client.subscribe("a", { getTicket: () =>
        new Promise((resolve) => {
            give = resolve;
        }) });
    const left = subscription.unsubscribe();
    await sent(socket);
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a" });
    socket.refuse(102);
    await left;
    give("late");
    await turn();
    assert.ok(socket.isQuiet);
    await client.close();
    assert.deepEqual(client.errors, []);
});

test("a ticket for a connection that is gone", async () => {
    const { client, socket } = await openedClient();
    const give = [];
    client.subscribe("a", { getTicket: () => new Promise((resolve) =>
        give.push(resolve)) });
    socket.drop();
    give[0]("early");
    const next = await nextSocket(client);
    next.accept();
    assert.ok(next.isQuiet);
    next.drop();
    const last = await nextSocket(client);
    last.accept();
    give[1]("late");
    await turn();
    assert.ok(last.isQuiet);
    give[2]("right");
    await turn();
    assert.equal(last.subscribed().ticket, "right");
    await client.close();
});

test("the newest getTicket counts", async () => {
    const { client, socket } = await openedClient();
    client.subscribe("a", { getTicket: () => "old" });
    await sent(socket);
    assert.equal(socket.subscribed().ticket, "old");
    client.subscribe("a", { getTicket: () => "new" });
    client.subscribe("a", {});
    socket.drop();
    const next = await nextSocket(client);
    next.accept();
    await sent(next);
    assert.equal(next.next().ticket, "new");
    await client.close();
});

test("each time that it fails it is asked later", async (t) => {
    const clock = new Clock();
    t.mock.method(Math, "random", () => 0);
    try {
        const { client, socket } = await openedClient({ minDelay: 1000 });
        const asked = tickets((n) => n < 4
            ? Promise.reject(new Error("no network")) : undefined);
        client.subscribe("a", asked);
        for (const [n, delay] of [1000, 1500, 2250].entries()) {
            await clock.advance(delay - 20);
            assert.equal(asked.questions.length, n + 1);
            await clock.advance(20);
        }
        socket.subscribed();
        socket.say(notice("a", 109));
        await clock.advance(1010);
        assert.equal(socket.next().ticket, "k5");
        const closing = client.close();
        await clock.advance(10);
        await closing;
    } finally {
        clock.restore();
    }
});

// -- ended by the server -----------------------------------------------------

test("unsub from the server: told to all who share it, and over", async () => {
    const { client, socket } = await openedClient();
    const all = [recorder(), recorder(), recorder(tickets())];
    const [first, second] = all.map((one) => client.subscribe("a/*", one));
    const iterated = client.subscribe("a/*");
    client.subscribe("b", recorder());
    await turn();
    socket.subscribed({ "a/1": ["e", 0] });
    socket.subscribed({ b: ["e", 0] });
    await iterated.ready;
    const next = iterated.next();
    socket.say(notice("a/*"), notice("a/*"), notice("c"));
    for (const one of all) {
        assert.deepEqual(one.of("Unsubscribed"), [{ selector: "a/*", code: 103,
            reason: "not allowed any more" }]);
        const [error] = one.of("Error");
        assert.deepEqual([error.code, error.message],
            [103, "not allowed any more"]);
        assert.equal(one.told.at(-1)[0], "Error");
    }
    await assert.rejects(next, { code: 103 });
    await assert.rejects(second.next(), { code: 103 });
    assert.deepEqual(await second.next(), { done: true, value: undefined });
    assert.ok(first.closed && second.closed && iterated.closed);
    await first.unsubscribe();
    assert.ok(socket.isQuiet);
    socket.say(msg("a/1", 1)); // was under way
    assert.deepEqual(all[0].seqs, []);
    socket.drop();
    const again = await nextSocket(client);
    again.accept();
    assert.equal(again.next().topic, "b");
    assert.ok(again.isQuiet);
    await client.close();
    assert.deepEqual(client.errors, []);
});

test("who hears of it may subscribe anew, or leave", async () => {
    const { client, socket } = await openedClient();
    let again;
    const heard = recorder();
    const first = client.subscribe("a", { ...heard, onUnsubscribed: () => {
        again = client.subscribe("a", heard);
    } });
    const second = client.subscribe("a",
        { onUnsubscribed: () => second.unsubscribe() });
    socket.subscribed({ a: ["e", 1] });
    const late = recorder({ last: 5 });
    client.subscribe("a", late);
    assert.equal(socket.next().op, "history");
    socket.say(notice("a"));
    assert.ok(first.closed && second.closed);
    assert.deepEqual(late.told.map(([event]) => event),
        ["Unsubscribed", "Error"]);
    assert.deepEqual(socket.subscribed({ a: ["e", 2] }),
        { op: "sub", topic: "a" });
    await again.ready;
    socket.say(msg("a", 2));
    assert.deepEqual(heard.seqs, [2]);
    await turn();
    assert.ok(socket.isQuiet && !again.closed);
    await client.close();
});

test("one that nobody hears is an error of the client", async () => {
    const { client, socket } = await openedClient();
    for (const options of [{}, { onUnsubscribed: () => {} }]) {
        const subscription = client.subscribe("a", options);
        socket.subscribed();
        await subscription.ready;
        socket.say(notice("a", 109));
        assert.ok(subscription.closed);
    }
    assert.deepEqual(client.errors.map(({ code }) => code), [109]);
    const left = client.subscribe("a");
    socket.subscribed();
    const leaving = left.unsubscribe();
    socket.say(notice("a"));
    await leaving;
    await turn();
    assert.ok(socket.isQuiet);
    assert.equal(client.errors.length, 1);
    client.subscribe("a");
    assert.equal(socket.next().op, "sub");
    await client.close();
});

test("a subscription that is made anew anyhow: its reply counts", async () => {
    const { client, socket } = await openedClient();
    const first = client.subscribe("a", recorder());
    socket.subscribed();
    first.unsubscribe();
    const heard = recorder({ rate: 5 });
    const second = client.subscribe("a", heard);
    assert.equal(socket.next().op, "unsub");
    const command = socket.next();
    assert.equal(command.rate, 5);
    const { id } = socket;
    socket.say(notice("a"));
    assert.ok(!second.closed);
    socket.id = id;
    socket.ok({ topics: [], recovered: true });
    await second.ready;
    assert.deepEqual(heard.of("Unsubscribed"), []);
    await client.close();
});
