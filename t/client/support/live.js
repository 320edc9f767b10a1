// What the tests on a real nginx share: one server a file, clients on it.

import { after, before } from "node:test";

import WebSocket from "ws";

import { connect } from "../../../clients/js/src/client.js";
import { recorder } from "./clients.js";
import { Proxy } from "./proxy.js";
import { Server } from "./server.js";
import { until } from "./wait.js";

// `live.server` is there once the tests run; clients and proxies of
// `live.client()` and `live.proxy()` end with the file. `more`: further
// locations. `kept`: the zone is kept in files.
export function live(more = "", kept = false) {
    return serving(() => Server.start(more, kept));
}

// The same with what start() resolves to as the server: it has url() and
// stop().
export function serving(start) {
    const found = {};
    const ends = [];
    let number = 0;
    before(async () => {
        found.server = await start();
    });
    after(async () => {
        await Promise.all(ends.map((end) => end()));
        await found.server?.stop();
    });
    found.client = (url = found.server.url(), options = {}) => {
        const client = connect(url, {
            WebSocket, minDelay: 20, maxDelay: 200, ...options });
        client.errors = [];
        client.states = [];
        client.on("error", (error) => client.errors.push(error));
        client.on("state", (change) => client.states.push(change));
        ends.push(() => client.close());
        return client;
    };
    found.proxy = async () => {
        const proxy = await Proxy.start(found.server.port);
        ends.push(() => proxy.stop());
        return proxy;
    };
    found.topic = (prefix = "hist") => `${prefix}/${process.pid}-${++number}`;
    return found;
}

// Subscribes, and waits for the answer. Returns the recorder.
export async function follow(client, selector, options) {
    const heard = recorder(options);
    heard.subscription = client.subscribe(selector, heard);
    await heard.subscription.ready;
    return heard;
}

// Waits until the topic's message `seq` is there.
export function got(heard, seq, topic) {
    return until(`message ${seq}`, () => heard.of("Message").some((one) =>
        one.seq === seq && (topic ?? one.topic) === one.topic));
}
