// Messages that come as the difference to an earlier one.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { closeClients, nextSocket, openedClient, recorder }
    from "./support/clients.js";
import { encodeTextDelta } from "./support/delta_encoder.js";

after(closeClients);

const json = (topic, seq, text) => ({ op: "msg", topic, seq, json: text });
const delta = (topic, seq, base, from, to) => ({ op: "delta", topic, seq, base,
    delta: encodeTextDelta(from, to) });

// The text of message n.
function book(n) {
    return JSON.stringify({ name: "é€😀", n, bids: Array.from(
        { length: 20 }, (_, at) => [1 + at / 100, at === n % 20 ? n : 0]) });
}

async function subscribed(selector = "a", topics = { a: ["e", 1] }) {
    const { client, socket } = await openedClient();
    const heard = recorder({ delta: true });
    client.subscribe(selector, heard);
    assert.equal(socket.subscribed(topics).delta, true);
    return { client, socket, heard };
}

const data = (heard) => heard.of("Message").map((one) => one.data.n);
const forms = (heard) => heard.of("Message").map(({ form }) => form);

test("one after the other", async () => {
    const { client, socket, heard } = await subscribed();
    socket.say(json("a", 1, book(1)));
    for (let n = 2; n <= 50; n++) {
        socket.say(delta("a", n, n - 1, book(n - 1), book(n)));
    }
    assert.deepEqual(heard.of("Message").map((one) => one.data),
        Array.from({ length: 50 }, (_, n) => JSON.parse(book(n + 1))));
    assert.deepEqual(forms(heard).slice(0, 3), ["full", "delta", "delta"]);
    assert.deepEqual(client.errors, []);
    await client.close();
});

test("of text", async () => {
    const { client, socket, heard } = await subscribed();
    const [from, to] = ["\ufeffa text é", "\ufeffa text è!"];
    socket.say({ op: "msg", topic: "a", seq: 1, text: from },
        delta("a", 2, 1, from, to));
    assert.deepEqual(heard.of("Message").at(-1), { topic: "a", seq: 2,
        epoch: "e", form: "delta", kind: "text", text: to });
    await client.close();
});

test("across a gap, and with a full message between", async () => {
    const { client, socket, heard } = await subscribed();
    const gap = { topic: "a", from: 2, to: 4, cause: "conflated" };
    socket.say(json("a", 1, book(1)), { op: "gap", ...gap },
        delta("a", 5, 1, book(1), book(5)), json("a", 6, "[6]"),
        delta("a", 7, 6, "[6]", book(7)));
    assert.deepEqual(data(heard), [1, 5, undefined, 7]);
    assert.deepEqual(heard.of("Gap"), [gap]);
    assert.deepEqual(client.errors, []);
    await client.close();
});

test("across a drop", async () => {
    const { client, socket, heard } = await subscribed();
    socket.say(json("a", 1, book(1)), delta("a", 2, 1, book(1), book(2)));
    socket.drop();
    const next = await nextSocket(client);
    next.accept();
    assert.deepEqual(next.subscribed({ a: ["e", 3] }), { op: "sub",
        topic: "a", since: { epoch: "e", seq: 2 }, delta: true });
    next.say(delta("a", 3, 2, book(2), book(3)));
    assert.deepEqual(data(heard), [1, 2, 3]);
    await client.close();
});

for (const [what, misfit] of [
    ["of a message that is not here", delta("a/1", 4, 2, book(2), book(4))],
    ["of another text", delta("a/1", 4, 3, book(9), book(4))],
    ["that is none", { op: "delta", topic: "a/1", seq: 4, base: 3,
        delta: "x" }]]) {
    test(`a delta ${what}: the topic starts anew, the others go on`,
        async () => {
            const { client, socket, heard } = await subscribed("a/*",
                { "a/1": ["e", 3], "a/2": ["f", 8] });
            socket.say(json("a/1", 3, book(3)), json("a/2", 8, book(8)),
                misfit, delta("a/1", 5, 4, book(4), book(5)));
            assert.equal(client.errors.length, 1);
            assert.equal(client.errors[0].code, "delta");
            assert.match(client.errors[0].message, /a\/1.*message 4/);
            assert.deepEqual(socket.next(), { op: "unsub", topic: "a/*" });
            socket.ok();
            assert.deepEqual(
                socket.subscribed({ "a/1": ["e", 5], "a/2": ["f", 8] }),
                { op: "sub", topic: "a/*", since: { last: 0xffffffff },
                    positions: { "a/2": { epoch: "f", seq: 8 } },
                    delta: true });
            // All that history holds: what is known already is passed over.
            socket.say(json("a/1", 2, book(2)),
                delta("a/1", 3, 2, book(2), book(3)),
                delta("a/1", 4, 3, book(3), book(4)),
                delta("a/1", 5, 4, book(4), book(5)),
                delta("a/2", 9, 8, book(8), book(9)));
            assert.deepEqual(data(heard), [3, 8, 4, 5, 9]);
            assert.deepEqual(heard.of("Gap"), []);
            assert.equal(heard.of("Gone").length, 0);
            await client.close();
        });
}

test("without a history, what is missing is told", async () => {
    const { client, socket, heard } = await subscribed();
    socket.say(json("a", 1, book(1)), delta("a", 2, 1, book(7), book(2)),
        delta("a", 3, 2, book(2), book(3)));
    socket.next();
    socket.ok();
    socket.subscribed({ a: ["e", 3] });
    socket.say(json("a", 3, book(3)));
    assert.deepEqual(heard.of("Gap"),
        [{ topic: "a", from: 2, to: 2, cause: "missed" }]);
    assert.deepEqual(data(heard), [1, 3]);
    await client.close();
});

test("where they never fit they are no longer asked for", async () => {
    const { client, socket, heard } = await subscribed();
    for (let n = 1; n <= 3; n++) {
        socket.say(json("a", n, book(n)),
            delta("a", n + 1, n, book(n + 7), book(n + 1)));
        assert.equal(socket.next().op, "unsub");
        socket.ok();
        assert.equal(socket.subscribed({ a: ["e", n + 1] }).delta,
            n < 3 ? true : undefined);
    }
    socket.say({ op: "msg", topic: "a", seq: 4, data: { n: 4 } });
    assert.deepEqual(data(heard), [1, 2, 3, 4]);
    assert.equal(client.errors.length, 3);
    await client.close();
});

test("JSON text that is none is a gap", async () => {
    const { client, socket, heard } = await subscribed();
    socket.say(json("a", 1, "{"), json("a", 2, book(2)));
    assert.equal(client.errors[0].code, "protocol");
    assert.deepEqual(heard.of("Gap"),
        [{ topic: "a", from: 1, to: 1, cause: "protocol" }]);
    assert.deepEqual(data(heard), [2]);
    await client.close();
});
