// A cluster whose hosts and whose Redis end and come back: the page is told what
// was lost, once, and everything else goes on by itself.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import { Cluster } from "./support/cluster.js";
import { follow, got, serving } from "./support/live.js";
import { range, until } from "./support/wait.js";

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
const options = hasRedis ? {} : { skip: "no redis-server" };
const hosts = hasRedis ? serving(() => Cluster.start()) : {};

// Of which a change is less than the whole.
const page = (n) => ({ n, asks: range(1, 50), bids: range(51, 100) });

async function publish(topic, first, last, host = 1) {
    let at;
    for (const n of range(first, last)) {
        at = await hosts.server.publish(host, topic, page(n));
    }
    return at;
}

// Clients of both hosts that have a topic by name and by a selector; with deltas;
// and for changes only: all have its first three messages, but the last ones the
// first of them.
async function following() {
    const topic = hosts.topic("books");
    await publish(topic, 1, 1);
    const found = { topic, heard: [], clients: [] };
    for (const host of [0, 1]) {
        const clients = range(1, 3).map(() =>
            hosts.client(hosts.server.url(host)));
        found.clients.push(...clients);
        found.heard.push(await follow(clients[0], topic),
            await follow(clients[0], "books/*"),
            await follow(clients[1], "books/*", { delta: true }),
            await follow(clients[2], topic, { since: "new" }));
    }
    await publish(topic, 2, 3);
    await Promise.all(found.heard.map((one) => got(one, 3, topic)));
    return found;
}

const opened = (client) =>
    client.states.filter(({ state }) => state === "open").length;

const ofTopic = (heard, event, topic) =>
    heard.of(event).filter((one) => one.topic === topic);

const numbers = (heard, topic) =>
    ofTopic(heard, "Message", topic).map(({ data }) => data.n);

// All from the first that it got to `last`, once.
function checkWhole({ heard, clients, topic }, last) {
    for (const one of heard) {
        const all = numbers(one, topic);
        assert.deepEqual(all, range(all[0], last));
        assert.deepEqual(ofTopic(one, "Message", topic).map(({ data }) => data),
            all.map(page), "deltas are made of what was there");
        for (const event of ["Gap", "Gone"]) {
            assert.deepEqual(ofTopic(one, event, topic), []);
        }
        assert.equal(ofTopic(one, "Topic", topic).length, 1);
        assert.deepEqual(one.of("Error"), []);
        assert.ok(one.of("Subscribed").slice(1).every(({ recovered }) =>
            recovered));
    }
    for (const client of clients) {
        assert.deepEqual(client.errors, []);
    }
}

async function nextIs(found, n) {
    await Promise.all(found.heard.map((one) => got(one, n, found.topic)));
    checkWhole(found, n);
}

test("a host is killed: its clients go on at the other one", options,
    async () => {
        const found = await following();
        await hosts.server.do("kill");
        await publish(found.topic, 4, 6);
        await nextIs(found, 6);
        for (const client of found.clients.slice(0, 3)) {
            assert.equal(opened(client), 2);
        }
        for (const client of found.clients.slice(3)) {
            assert.equal(opened(client), 1);
        }
        await hosts.server.do("start");
        await publish(found.topic, 7, 7, 0);
        await nextIs(found, 7);
    });

test("all of nginx is restarted", options, async () => {
    const found = await following();
    await hosts.server.do("restart");
    await publish(found.topic, 4, 6);
    await nextIs(found, 6);
});

test("Redis loses all, and gets it from a host", options, async () => {
    const found = await following();
    await hosts.server.do("flush");
    await publish(found.topic, 4, 6);
    await nextIs(found, 6);
});

test("a failover that loses nothing: no page sees it", options, async () => {
    const found = await following();
    await hosts.server.do("fail_over");
    await publish(found.topic, 4, 4);
    await nextIs(found, 4);
    const { epoch, seq } = await publish(found.topic, 5, 5);
    await nextIs(found, 5);
    for (const client of found.clients) {
        assert.equal(opened(client), 1, "their connections stay");
    }
    const [old, now] = found.heard[0].of("Message").slice(-3, -1);
    assert.notEqual(old.epoch, now.epoch);
    assert.equal(now.epoch, epoch);
    for (const one of found.heard) {
        assert.equal(one.of("Message").at(-1).form,
            one.delta ? "delta" : "full");
        assert.deepEqual(one.subscription.positions()[found.topic],
            { epoch, seq });
    }
    // What it took its position from is good.
    await found.clients[0].publish(found.topic, page(6),
        { if: { epoch, seq } });
    await nextIs(found, 6);
});

test("a failover that loses: who saw it is told once", options, async () => {
    const [lost, kept] = [await following(), await following()];
    await hosts.server.do("detach");
    await publish(lost.topic, 4, 5);
    await Promise.all(lost.heard.map((one) => got(one, 5, lost.topic)));
    await hosts.server.do("fail_over");
    for (const one of lost.heard) {
        await until("it is told, and has the value", () =>
            numbers(one, lost.topic).at(-1) === 3);
        assert.deepEqual(ofTopic(one, "Gone", lost.topic),
            [{ topic: lost.topic, reason: "reset" }]);
        assert.equal(ofTopic(one, "Topic", lost.topic).length, 2);
        assert.equal(one.subscription.positions()[lost.topic].seq, 3);
        assert.equal(one.of("Message").at(-1).form, "full");
    }
    await Promise.all([lost, kept].map(({ topic }) => publish(topic, 4, 6)));
    await nextIs(kept, 6);
    for (const one of lost.heard) {
        await until("the newest", () => numbers(one, lost.topic).at(-1) === 6);
        const all = numbers(one, lost.topic);
        assert.deepEqual(all, [...range(all[0], 5), ...range(3, 6)]);
        assert.deepEqual(ofTopic(one, "Message", lost.topic).map(
            ({ data }) => data), all.map(page));
        assert.deepEqual(ofTopic(one, "Gap", lost.topic), []);
        assert.equal(ofTopic(one, "Gone", lost.topic).length, 1);
    }
    for (const client of [...lost.clients, ...kept.clients]) {
        assert.equal(opened(client), 1, "their connections stay");
        assert.deepEqual(client.errors, []);
    }
});

test("a topic of which nothing is left", options, async () => {
    const topic = hosts.topic("books");
    await hosts.server.do("detach");
    await publish(topic, 1, 2);
    const client = hosts.client(hosts.server.url());
    const heard = await follow(client, topic);
    await got(heard, 2);
    await hosts.server.do("fail_over");
    await until("it is told", () => heard.of("Gone").length > 0);
    await publish(topic, 3, 4);
    await got(heard, 1);
    await until("the newest", () => numbers(heard, topic).at(-1) === 4);
    assert.deepEqual(heard.of("Gone"), [{ topic, reason: "reset" }]);
    assert.deepEqual(numbers(heard, topic), [2, 3, 4]);
    assert.deepEqual(heard.of("Gap"), []);
    assert.equal(opened(client), 1);
});
