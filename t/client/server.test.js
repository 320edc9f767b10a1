// The client and a real nginx: publishing, subscribing, reading.

import assert from "node:assert/strict";
import { test } from "node:test";

import { follow, got, live } from "./support/live.js";
import { range, until } from "./support/wait.js";

const nginx = live();

test("publish, and get it back", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    const heard = await follow(client, topic);
    const payloads = [{ a: [1, "é"] }, { text: "é😀\n" },
        Uint8Array.of(0, 1, 255)];
    const positions = [];
    for (const one of payloads) {
        positions.push(await client.publish(topic, one));
    }
    const { epoch } = positions[0];
    assert.deepEqual(positions, [1, 2, 3].map((seq) => ({ epoch, seq })));
    await got(heard, 3);
    const common = { topic, epoch, form: "full" };
    assert.deepEqual(heard.of("Message"), [
        { ...common, seq: 1, kind: "json", data: payloads[0] },
        { ...common, seq: 2, kind: "text", text: "é😀\n" },
        { ...common, seq: 3, kind: "binary", bytes: payloads[2] }]);
    assert.deepEqual(heard.of("Topic"), [{ topic, epoch, seq: 0 }]);
    assert.ok(await client.ping() >= 0);
});

test("conditions, keys, errors", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    const first = await client.publish(topic, 1, { if: "absent" });
    await assert.rejects(client.publish(topic, 2, { if: "absent" }),
        { code: 114 });
    const second = await client.publish(topic, 2, { if: first, key: "k" });
    assert.equal(second.seq, 2);
    assert.deepEqual(
        await client.publish(topic, 2, { if: first, key: "k" }), second);
    await assert.rejects(client.publish("$SYS/x", 1), { code: 103 });
    await assert.rejects(client.get(`${topic}/no`), { code: 102 });
    await assert.rejects(client.publish("a//b", 1), { code: 107 });
    const denied = client.subscribe("a/b");
    const narrow = nginx.client(nginx.server.url("/narrow"));
    const refused = narrow.subscribe("a/b");
    await assert.rejects(refused.ready, { code: 103 });
    await denied.unsubscribe();
});

test("history and pages", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    for (const n of range(1, 7)) {
        await client.publish(`${topic}/a`, n);
    }
    const at = await client.publish(`${topic}/b`, { text: "b" });
    const seqs = ({ items }) => items.map(({ seq }) => seq);
    const last = await client.history(`${topic}/a`, { last: 3 });
    assert.deepEqual(seqs(last), [5, 6, 7]);
    const { epoch } = last.items[0];
    assert.deepEqual(seqs(await client.history(`${topic}/a`,
        { since: { epoch, seq: 2 }, limit: 2 })), [3, 4]);
    const page = await client.get(`${topic}/*`, { after: `${topic}/a` });
    assert.equal(page.more, false);
    assert.equal(page.items.length, 1);
    const { time, ...item } = page.items[0];
    assert.ok(Number.isInteger(time));
    assert.deepEqual(item,
        { topic: `${topic}/b`, ...at, kind: "text", text: "b" });
    assert.equal((await client.get(`${topic}/*`, { limit: 1 })).more, true);
});

test("starts", async () => {
    for (const [start, seqs] of [
        [() => ({}), [9, 10]],
        [() => ({ since: "new" }), [10]],
        [() => ({ last: 3 }), [7, 8, 9, 10]],
        [() => ({ last: 0 }), [10]],
        [(epoch) => ({ since: { epoch, seq: 5 } }), [6, 7, 8, 9, 10]],
        [(epoch, topic) => ({ positions: { [topic]: { epoch, seq: 7 } } }),
            [8, 9, 10]]]) {
        const topic = nginx.topic();
        let epoch;
        for (const n of range(1, 9)) {
            ({ epoch } = await nginx.server.publish(topic, n));
        }
        const heard = await follow(
            nginx.client(), topic, start(epoch, topic));
        await nginx.server.publish(topic, 10);
        await got(heard, 10);
        assert.deepEqual(heard.seqs, seqs, start.toString());
    }
});

test("overlapping selectors, and topics that go and come", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    await nginx.server.publish(`${topic}/a`, "first");
    const heard = [];
    for (const selector of ["/a", "/*", "/**"]) {
        heard.push(await follow(client, topic + selector));
    }
    heard.push(await follow(client, "**", { since: "new" }));
    for (const n of range(2, 20)) {
        await nginx.server.publish(`${topic}/a`, n);
    }
    const own = (one) => one.of("Message").filter((message) =>
        message.topic === `${topic}/a`);
    for (const one of heard) {
        await got(one, 20, `${topic}/a`);
        assert.deepEqual(own(one).map(({ seq }) => seq),
            range(one === heard[3] ? 2 : 1, 20));
    }
    await nginx.server.remove(`${topic}/a`);
    await nginx.server.publish(`${topic}/a`, "again");
    for (const one of heard) {
        await until("it comes again", () => own(one).at(-1).data === "again");
        assert.deepEqual(one.of("Gone"),
            [{ topic: `${topic}/a`, reason: "deleted" }]);
        assert.equal(own(one).at(-1).seq, 1);
        assert.notEqual(own(one).at(-1).epoch, own(one).at(-2).epoch);
    }
    await heard[1].subscription.unsubscribe();
    await nginx.server.publish(`${topic}/a`, "more");
    await got(heard[0], 2, `${topic}/a`);
    assert.equal(own(heard[1]).at(-1).data, "again");
});

test("the iterator", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    const subscription = client.subscribe(topic);
    await subscription.ready;
    const publishing = Promise.all(range(1, 50).map((n) =>
        client.publish(topic, n)));
    const seqs = [];
    for await (const { seq, data } of subscription) {
        assert.equal(data, seq);
        if (seqs.push(seq) === 50) {
            break;
        }
    }
    assert.deepEqual(seqs, range(1, 50));
    await publishing;
});

test("what is asked for before the connection is there", async () => {
    const client = nginx.client();
    assert.equal(client.state, "connecting");
    const topic = nginx.topic();
    const subscription = client.subscribe(topic);
    await client.publish(topic, "early");
    assert.equal((await subscription.next()).value.data, "early");
});

test("an endpoint that is not there is tried again", async () => {
    const client = nginx.client(nginx.server.url("/nowhere"));
    await until("three attempts", () => client.states.filter(({ state }) =>
        state === "waiting").length === 3);
    const { code, reason } = client.states.find(({ state }) =>
        state === "waiting");
    assert.equal(code, 1006);
    assert.match(reason, /404/);
    await client.close();
});

test("close", async () => {
    const client = nginx.client();
    const heard = await follow(client, nginx.topic());
    await client.close();
    assert.equal(client.state, "closed");
    assert.ok(heard.subscription.closed);
    assert.ok((await heard.subscription.next()).done);
    await assert.rejects(client.publish("a", 1), { code: "closed" });
});
