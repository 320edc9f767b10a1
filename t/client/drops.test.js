// Connections that end: reloads, dead workers, cuts. What was published
// comes once and in order, or a gap tells of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { follow, got, live } from "./support/live.js";
import { range, until } from "./support/wait.js";

const nginx = live();

// Publishes 1, 2, 3, … over HTTP, also while nginx restarts, until the
// returned function is called; it resolves to the last one's seq.
function publishSteadily(topic, pauseMs = 5) {
    let stopped = false;
    const publishing = (async () => {
        let seq = 0;
        for (let n = 1; !stopped; n++) {
            try {
                ({ seq } = await nginx.server.publish(topic, n));
            } catch {
                // that worker is no more: the next one takes it
            }
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
        return seq;
    })();
    return () => {
        stopped = true;
        return publishing;
    };
}

function opened(client) {
    return client.states.filter(({ state }) => state === "open").length;
}

function checkWhole(heard, last) {
    assert.deepEqual(heard.of("Gap"), []);
    assert.deepEqual(heard.of("Gone"), []);
    assert.deepEqual(heard.seqs, range(heard.seqs[0], last));
}

for (const [what, harm] of [
    ["a reload", () => nginx.server.reload()],
    ["dead workers", () => nginx.server.killWorkers()]]) {
    test(`${what}: nothing lost, nothing repeated`, async (t) => {
        const selector = `${nginx.topic()}/*`;
        const topic = selector.replace("*", "a");
        const client = nginx.client();
        const heard = [await follow(client, topic),
            await follow(client, selector)];
        const stop = publishSteadily(topic);
        t.after(stop);
        await got(heard[0], 10);
        for (let n = 1; n <= 2; n++) {
            await harm();
            await until("it is back", () => opened(client) > n);
            const { epoch } = heard[0].of("Message")[0];
            const now = heard[0].seqs.at(-1);
            await got(heard[0], now + 10);
            assert.equal(heard[0].of("Message").at(-1).epoch, epoch);
        }
        const last = await stop();
        for (const one of heard) {
            await got(one, last, topic);
            checkWhole(one, last);
            assert.ok(one.of("Subscribed").slice(1).every((said) =>
                said.resumed && said.recovered));
        }
        assert.deepEqual(client.errors, []);
        if (what === "a reload") {
            const { code, delay } = client.states.find(({ state }) =>
                state === "waiting");
            assert.equal(code, 1001);
            assert.ok(delay >= 0 && delay <= 3000, "as `bye` says");
        }
    });
}

test("cuts in the middle of frames", async (t) => {
    const topic = nginx.topic();
    const proxy = await nginx.proxy();
    const client = nginx.client(proxy.url());
    const heard = await follow(client, topic);
    const stop = publishSteadily(topic, 1);
    t.after(stop);
    await got(heard, 5);
    for (let n = 1; n <= 15; n++) {
        // a frame here has some 60 bytes: each cut hits another part of one
        proxy.cutAfter(1000 + n * 7);
        await until("it is cut, and back", () => opened(client) > n);
    }
    const last = await stop();
    await got(heard, last);
    checkWhole(heard, last);
    assert.equal(proxy.accepted, opened(client));
});

test("cuts while a selector's values come", async () => {
    const topic = nginx.topic();
    const values = range(1, 300).map((n) => `${topic}/${n}`);
    await Promise.all(values.map((one) => nginx.server.publish(one,
        "x".repeat(200))));
    const proxy = await nginx.proxy();
    const client = nginx.client(proxy.url());
    proxy.cutAfter(60_000);
    const heard = await follow(client, `${topic}/*`);
    await until("it is cut, and back", () => opened(client) > 1);
    await nginx.server.publish(`${topic}/new`, 1);
    await got(heard, 1, `${topic}/new`);
    assert.deepEqual(heard.of("Message").map((one) => one.topic).sort(),
        [...values, `${topic}/new`].sort());
    assert.deepEqual(heard.of("Gap"), []);
});

test("what happened to topics while away", async () => {
    const topic = nginx.topic();
    const proxy = await nginx.proxy();
    const client = nginx.client(proxy.url());
    for (const name of ["gone", "remade", "same"]) {
        await nginx.server.publish(`${topic}/${name}`, "before");
    }
    const heard = await follow(client, `${topic}/*`);
    await until("the values", () => heard.seqs.length === 3);
    proxy.shut();
    await until("it is away", () => client.state === "waiting");
    await nginx.server.remove(`${topic}/gone`);
    await nginx.server.remove(`${topic}/remade`);
    for (const n of range(1, 3)) {
        await nginx.server.publish(`${topic}/remade`, n);
        await nginx.server.publish(`${topic}/made`, n);
    }
    proxy.open();
    await until("it is back", () => opened(client) === 2);
    await got(heard, 3, `${topic}/remade`);
    await got(heard, 3, `${topic}/made`);
    assert.deepEqual(heard.of("Gone"), [
        { topic: `${topic}/gone`, reason: "removed" },
        { topic: `${topic}/remade`, reason: "replaced" }]);
    const later = heard.of("Message").slice(3);
    for (const name of ["remade", "made"]) {
        assert.deepEqual(later.filter((one) => one.topic.endsWith(`/${name}`))
            .map(({ data }) => data), [1, 2, 3]);
    }
    assert.equal(later.length, 6);
});

test("a gap where history does not reach", async () => {
    const topic = nginx.topic("short"); // keeps 3 beside the last
    const proxy = await nginx.proxy();
    const client = nginx.client(proxy.url());
    await nginx.server.publish(topic, 1);
    const heard = await follow(client, topic);
    await got(heard, 1);
    proxy.shut();
    await until("it is away", () => client.state === "waiting");
    for (const n of range(2, 10)) {
        await nginx.server.publish(topic, n);
    }
    proxy.open();
    await got(heard, 10);
    assert.equal(heard.of("Subscribed")[1].recovered, false);
    assert.deepEqual(heard.of("Gap"),
        [{ topic, from: 2, to: 6, cause: "evicted" }]);
    assert.deepEqual(heard.seqs, [1, 7, 8, 9, 10]);
});

test("publishing with keys over cuts: each once", async () => {
    const topic = nginx.topic();
    const proxy = await nginx.proxy();
    const client = nginx.client(proxy.url());
    const heard = await follow(nginx.client(), topic);
    const published = [];
    await until("it is open", () => client.state === "open");
    for (const n of range(1, 60)) {
        published.push(client.publish(topic, n, { key: `k${n}` }));
        if (n % 10 === 0) {
            // amid the replies, so that some are done, but not told
            proxy.cutAfter(150);
            await until("it is cut, and back",
                () => opened(client) > n / 10);
        }
    }
    const seqs = (await Promise.all(published)).map(({ seq }) => seq);
    assert.deepEqual([...seqs].sort((a, b) => a - b), range(1, 60));
    await got(heard, 60);
    assert.deepEqual(heard.of("Message").map(({ data }) => data).sort(
        (a, b) => a - b), range(1, 60));
});

test("publishing without a key over a cut is done or told", async () => {
    const topic = nginx.topic();
    const proxy = await nginx.proxy();
    const client = nginx.client(proxy.url());
    await client.publish(topic, 0);
    proxy.cutAfter(150);
    const results = await Promise.allSettled(range(1, 20).map((n) =>
        client.publish(topic, n)));
    const lost = results.filter(({ status }) => status === "rejected");
    assert.ok(lost.length > 0 && lost.length < 20, `${lost.length}`);
    assert.ok(lost.every(({ reason }) => reason.code === "dropped"));
    assert.ok((await client.publish(topic, "after")).seq >= 2);
});

test("a connection whose end never comes", async () => {
    const topic = nginx.topic();
    const proxy = await nginx.proxy();
    const client = nginx.client(proxy.url(), { closeTimeout: 60_000 });
    const heard = await follow(client, topic);
    await nginx.server.publish(topic, 1);
    await got(heard, 1);
    proxy.holdEnds();
    await nginx.server.reload();
    await until("it is back", () => opened(client) === 2);
    await nginx.server.publish(topic, 2);
    await got(heard, 2);
    checkWhole(heard, 2);
    await proxy.stop();
});

test("more positions than the endpoint takes in a message", async () => {
    const topic = nginx.topic();
    const names = range(1, 200).map((n) => `${topic}/${n}`);
    await Promise.all(names.map((one) => nginx.server.publish(one, 1)));
    const client = nginx.client(
        nginx.server.url("/narrow"), { maxMessage: 8000 });
    const heard = await follow(client, `${topic}/*`);
    await until("the values", () => heard.seqs.length === 200);
    await nginx.server.reload();
    await until("it is back, after some attempts", () =>
        client.state === "open" && heard.of("Subscribed").length === 2);
    await Promise.all(names.map((one) => nginx.server.publish(one, 2)));
    await until("the changes", () => heard.seqs.length === 400);
    assert.deepEqual(heard.seqs, [...Array(200).fill(1),
        ...Array(200).fill(2)]);
    assert.deepEqual(heard.of("Gap"), []);
});
