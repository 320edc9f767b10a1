// nginx that restarts and that dies, with a zone that is kept in files: the
// client loses and repeats nothing but what `recovered` says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { follow, got, live } from "./support/live.js";
import { range, until } from "./support/wait.js";

const nginx = live("", true);

function opened(client) {
    return client.states.filter(({ state }) => state === "open").length;
}

async function publish(topic, first, last) {
    let at;
    for (const n of range(first, last)) {
        at = await nginx.server.publish(topic, n);
    }
    return at;
}

// A client with the topic by name and by a selector, and another topic.
async function following(base) {
    const client = nginx.client();
    const heard = [await follow(client, `${base}/a`),
        await follow(client, `${base}/*`)];
    await publish(`${base}/a`, 1, 5);
    await publish(`${base}/other`, 1, 2);
    await Promise.all([...heard.map((one) => got(one, 5, `${base}/a`)),
        got(heard[1], 2, `${base}/other`)]);
    return { client, heard };
}

async function back(client, times) {
    await until("it is back", () => opened(client) > times &&
        client.state === "open");
}

const dataOf = (heard, topic) => heard.of("Message")
    .filter((one) => one.topic === topic).map(({ data }) => data);

function checkNothingSeen(heard, base) {
    for (const one of heard) {
        assert.deepEqual(one.of("Gap"), []);
        assert.deepEqual(one.of("Gone"), []);
        assert.deepEqual(one.of("Error"), []);
        assert.ok(one.of("Subscribed").slice(1).every((said) =>
            said.resumed && said.recovered));
    }
    assert.deepEqual(heard[1].of("Topic").map(({ topic }) => topic).sort(),
        [`${base}/a`, `${base}/other`]);
}

test("restarts: nothing is seen of them", async () => {
    const base = nginx.topic();
    const { client, heard } = await following(base);
    const { epoch } = heard[0].of("Message")[0];
    for (const n of [1, 2]) {
        await nginx.server.restart();
        await back(client, n);
        const at = await publish(`${base}/a`, 5 + n, 5 + n);
        assert.deepEqual([at.seq, at.epoch], [5 + n, epoch]);
    }
    for (const one of heard) {
        await got(one, 7, `${base}/a`);
        assert.deepEqual(dataOf(one, `${base}/a`), range(1, 7));
    }
    assert.deepEqual(dataOf(heard[1], `${base}/other`), [1, 2]);
    checkNothingSeen(heard, base);
});

test("kill -9 when the file has all: neither of that", async () => {
    const base = nginx.topic();
    const { client, heard } = await following(base);
    for (const n of [1, 2, 3]) {
        await nginx.server.keep();
        await nginx.server.crash();
        await back(client, n);
        await publish(`${base}/a`, 5 + n, 5 + n);
        await Promise.all(heard.map((one) => got(one, 5 + n, `${base}/a`)));
    }
    await publish(`${base}/other`, 3, 3);
    await got(heard[1], 3, `${base}/other`);
    for (const one of heard) {
        assert.deepEqual(dataOf(one, `${base}/a`), range(1, 8));
        const epochs = new Set(one.of("Message").filter(({ topic }) =>
            topic === `${base}/a`).map(({ epoch }) => epoch));
        assert.equal(epochs.size, 4, "the publishers' positions");
    }
    assert.deepEqual(dataOf(heard[1], `${base}/other`), [1, 2, 3]);
    checkNothingSeen(heard, base);
    // What it took its position from is good.
    const { epoch, seq } = heard[0].of("Message").at(-1);
    await client.publish(`${base}/a`, 9, { if: { epoch, seq } });
});

test("kill -9 that loses messages: told, then what there is", async () => {
    const base = nginx.topic();
    const { client, heard } = await following(base);
    await nginx.server.keep();
    await nginx.server.keepSeldom();
    await back(client, 1);
    await publish(`${base}/a`, 106, 107);
    await Promise.all(heard.map((one) => got(one, 7, `${base}/a`)));
    await nginx.server.crash();
    await back(client, 2);
    await until("it is told", () => heard.every((one) =>
        one.of("Subscribed").at(-1).recovered === false));
    await publish(`${base}/a`, 6, 9);
    await publish(`${base}/other`, 3, 3);
    for (const one of heard) {
        await until("the newest", () => dataOf(one, `${base}/a`).at(-1) === 9);
        // The lost ones, maybe all there is once more, then the new ones.
        const all = dataOf(one, `${base}/a`);
        assert.deepEqual(all.slice(0, 7), [...range(1, 5), 106, 107]);
        const rest = all.slice(7);
        assert.deepEqual(rest, range(rest[0], 9), "no hole, no other one");
        assert.ok(rest[0] <= 6, "none of the new ones is missing");
    }
    await got(heard[1], 3, `${base}/other`);
    assert.deepEqual(new Set(dataOf(heard[1], `${base}/other`)),
        new Set([1, 2, 3]));
});
