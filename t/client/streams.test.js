// The package eventsource, as npm has it, on streams of a real nginx.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { EventSource } from "eventsource";

import { live } from "./support/live.js";
import { range, until } from "./support/wait.js";

const nginx = live(`
location /events/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
}
`);

const sources = [];
after(() => sources.forEach((source) => source.close()));

// Notes what comes, by the event's name.
function listen(...topics) {
    const query = topics.map((topic) => `topic=${topic}`).join("&");
    const source = new EventSource(
        `http://127.0.0.1:${nginx.server.port}/events/?${query}`);
    sources.push(source);
    source.got = { message: [], cursor: [], gap: [], gone: [], reset: [] };
    source.opened = 0;
    source.addEventListener("open", () => source.opened++);
    for (const name of Object.keys(source.got)) {
        source.addEventListener(name, ({ data, lastEventId }) =>
            source.got[name].push({ ...JSON.parse(data), id: lastEventId }));
    }
    return source;
}

test("values, changes, ids", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    await client.publish(topic, { text: "first" });
    const source = listen(topic);
    await until("the value", () => source.got.message.length === 1);
    await client.publish(topic, { a: ["é😀"] });
    await until("the change", () => source.got.message.length === 2);
    const [first, second] = source.got.message;
    assert.equal(first.text, "first");
    assert.deepEqual(second.data, { a: ["é😀"] });
    assert.match(first.id, /^[0-9a-z]+\.\d+$/);
    assert.notEqual(first.id, second.id);
});

test("several selectors, and what has a name", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    const source = listen(`${topic}/*`, `${topic}b`);
    await until("it is there", () => source.got.cursor.length === 1);
    await client.publish(`${topic}/a`, 1);
    await client.publish(`${topic}b`, 2);
    await until("both", () => source.got.message.length === 2);
});

test("nothing is lost or repeated over reloads and dead workers", async () => {
    const client = nginx.client();
    const topic = nginx.topic();
    const source = listen(topic);
    await until("it is open", () => source.opened === 1);
    let count = 0;
    for (const end of ["reload", "killWorkers", "reload"]) {
        for (let i = 0; i < 20; i++) {
            await client.publish(topic, ++count);
        }
        const opened = source.opened;
        await nginx.server[end]();
        await client.publish(topic, ++count);
        await until("it is back", () => source.opened > opened);
    }
    await until("all", () => source.got.message.at(-1)?.data === count);
    assert.deepEqual(source.got.message.map((one) => one.data),
        range(1, count));
    assert.deepEqual(source.got.reset, []);
});
