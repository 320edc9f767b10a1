// A server that lets the client not in: told, and not tried again until the
// application says so.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import WebSocket from "ws";

import { fetchFor } from "../../clients/js/src/refusal.js";
import { closeClients, fakeClient, nextSocket, recorder }
    from "./support/clients.js";
import { live } from "./support/live.js";
import { turn, until } from "./support/wait.js";

const nginx = live();
after(closeClients);

const named = (client, name) => client.states.filter(
    ({ state }) => state === name);

// As a browser's: it does not tell what the upgrade was answered.
class Silent extends WebSocket {
    set onerror(handler) {
        super.onerror = () => handler({});
    }
}

// A `fetch` that the test answers, and what it was asked for.
function asked() {
    const questions = [];
    const fetch = (url, options) => new Promise((resolve, reject) => {
        questions.push({ url, options, reject,
            answer: (status) => resolve({ status }) });
    });
    return { fetch, questions };
}

test("401 and 403 end the attempts, other answers do not", async () => {
    for (const [status, state] of [[401, "unauthorized"], [302, "waiting"],
        [403, "unauthorized"], [426, "waiting"], [0, "waiting"],
        [503, "waiting"]]) {
        const { fetch, questions } = asked();
        const client = fakeClient({ fetch, minDelay: 60_000,
            maxDelay: 60_000 }, "wss://example.test/ws?a=b");
        (await nextSocket(client)).drop();
        assert.equal(client.state, "waiting");
        const [{ url, options, answer }] = questions;
        assert.equal(url, "https://example.test/ws?a=b");
        assert.equal(options.credentials, "include");
        answer(status);
        await turn();
        assert.equal(client.state, state, `${status}`);
        await client.close();
    }
});

test("what can't be asked is a drop", async () => {
    const { fetch, questions } = asked();
    const client = fakeClient({ fetch });
    for (let n = 0; n < 3; n++) {
        (await nextSocket(client)).drop();
        questions[n].reject(new TypeError("no CORS"));
    }
    await nextSocket(client);
    await client.close();
});

test("a late answer is about another attempt", async () => {
    const { fetch, questions } = asked();
    const client = fakeClient({ fetch });
    (await nextSocket(client)).drop();
    (await nextSocket(client)).accept();
    assert.ok(questions[0].options.signal.aborted);
    questions[0].answer(403);
    await turn();
    assert.equal(client.state, "open");
    await client.close();
});

test("nothing is asked for after a connection, or where it is off",
    async () => {
        const { fetch, questions } = asked();
        const client = fakeClient({ fetch });
        const socket = await nextSocket(client);
        socket.accept();
        socket.drop();
        await client.close();
        const other = fakeClient({ fetch: null });
        (await nextSocket(other)).drop();
        await nextSocket(other);
        assert.equal(questions.length, 0);
        await other.close();
    });

test("fetch has a browser's credentials, not those of another class", () => {
    const own = globalThis.WebSocket;
    try {
        globalThis.WebSocket = class {};
        class Counting extends globalThis.WebSocket {}
        assert.equal(fetchFor(globalThis.WebSocket), globalThis.fetch);
        assert.equal(fetchFor(Counting), globalThis.fetch);
        assert.equal(fetchFor(WebSocket), undefined);
        delete globalThis.WebSocket;
        assert.equal(fetchFor(WebSocket), undefined);
    } finally {
        if (own) {
            globalThis.WebSocket = own;
        }
    }
});

test("connect() goes on, with all that waited", async () => {
    for (const [WebSocketClass, fetch] of [
        [WebSocket, undefined], [Silent, globalThis.fetch]]) {
        let token = "bad";
        const client = nginx.client(
            () => nginx.server.url(`/guarded?token=${token}`),
            { WebSocket: WebSocketClass, fetch });
        const topic = nginx.topic();
        const heard = recorder();
        const subscription = client.subscribe(topic, heard);
        const published = client.publish(topic, 1);
        await until("it is refused", () => client.state === "unauthorized");
        const { status, reason, code } = client.states.at(-1);
        assert.deepEqual([status, reason, code],
            [401, "Unauthorized", 1006]);
        const attempts = named(client, "connecting").length;
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert.equal(named(client, "connecting").length, attempts);
        token = "good";
        client.connect();
        assert.equal(client.state, "connecting");
        client.connect(); // it does already
        await published;
        await subscription.ready;
        await until("the message", () => heard.seqs.length === 1);
        assert.equal(named(client, "connecting").length, attempts + 1);
        await client.close();
        assert.throws(() => client.connect(), { code: "closed" });
    }
});

test("deny, and an endpoint that allows nothing", async () => {
    for (const path of ["/private", "/denied"]) {
        const client = nginx.client(nginx.server.url(path));
        await until("it is refused", () => client.state === "unauthorized");
        assert.equal(client.states.at(-1).status, 403);
        assert.equal(client.states.length, 1, "at the first attempt");
        await client.close();
        assert.equal(client.states.at(-1).previous, "unauthorized");
    }
});

test("an endpoint that lets in, and fails otherwise, is tried again",
    async () => {
        const proxy = await nginx.proxy();
        let questions = 0;
        const client = nginx.client(proxy.url("/ws?x=1"), {
            WebSocket: Silent, fetch: async (...values) => {
                questions++;
                const answer = await fetch(...values);
                assert.equal(answer.status, 426);
                return answer;
            } });
        await until("it is open", () => client.state === "open");
        proxy.shut();
        await until("attempts", () => questions >= 3);
        assert.notEqual(client.state, "unauthorized");
        proxy.open();
        await until("it is back", () => client.state === "open");
        await client.close();
    });
