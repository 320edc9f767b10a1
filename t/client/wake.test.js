// Coming back at once: when the machine comes online, when the page comes
// into view, when the application says so.

import assert from "node:assert/strict";
import { after, afterEach, beforeEach, test } from "node:test";

import { closeClients, fakeClient, nextSocket, openedClient }
    from "./support/clients.js";
import { turn, until } from "./support/wait.js";

after(closeClients);

const LONG = { minDelay: 60_000, maxDelay: 60_000 };

// A browser's window and document, as far as the client looks at them.
let page;

beforeEach(() => {
    page = new EventTarget();
    page.visibilityState = "visible";
    const window = new EventTarget();
    page.online = () => window.dispatchEvent(new Event("online"));
    page.show = (state) => {
        page.visibilityState = state;
        page.dispatchEvent(new Event("visibilitychange"));
    };
    globalThis.document = page;
    globalThis.addEventListener = (...values) =>
        window.addEventListener(...values);
    globalThis.removeEventListener = (...values) =>
        window.removeEventListener(...values);
});

afterEach(() => {
    for (const name of ["document", "addEventListener",
        "removeEventListener"]) {
        delete globalThis[name];
    }
});

// Time that goes as the test says, for what looks at Date.now().
function clock(t) {
    const realNow = Date.now;
    let later = 0;
    t.mock.method(Date, "now", () => realNow() + later);
    return (ms) => {
        later += ms;
    };
}

for (const [what, happens] of [["online", () => page.online()],
    ["in view", () => page.show("visible")]]) {
    test(`${what}: a wait ends`, async (t) => {
        const pass = clock(t);
        const client = fakeClient(LONG);
        (await nextSocket(client)).drop();
        page.show("hidden");
        await turn();
        assert.equal(client.state, "waiting");
        pass(60_000);
        happens();
        await nextSocket(client);
        assert.equal(client.state, "connecting");
        await client.close();
    });
}

test("not more often than first attempts are made", async () => {
    const client = fakeClient({ minDelay: 100, maxDelay: 60_000 });
    for (let n = 0; n < 3; n++) {
        const began = Date.now();
        const socket = await nextSocket(client);
        socket.drop();
        for (let events = 0; events < 5; events++) {
            page.online();
        }
        assert.equal(client.state, "waiting");
        await until("another", () => client.sockets.length > client.used);
        assert.ok(Date.now() - began <= 150);
    }
    assert.equal(client.sockets.length, 4);
    await client.close();
});

test("a wait that the server asked for is kept", async () => {
    const { client, socket } = await openedClient(LONG);
    socket.say({ op: "bye", code: 1001, reason: "reload", after: 60_000 });
    page.online();
    page.show("visible");
    await turn();
    assert.equal(client.state, "waiting");
    client.connect();
    await nextSocket(client);
    await client.close();
});

test("a refusal is kept", async () => {
    const client = fakeClient({ fetch: async () => ({ status: 401 }) });
    (await nextSocket(client)).drop();
    await until("it is refused", () => client.state === "unauthorized");
    page.online();
    page.show("visible");
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(client.sockets.length, 1);
    await client.close();
});

test("a connection that was silent is asked at once", async (t) => {
    const pass = clock(t);
    const { client, socket } = await openedClient({ pingTimeout: 5 });
    page.online();
    assert.ok(socket.isQuiet, "it was heard of a moment ago");
    pass(6000);
    page.online();
    page.show("visible");
    assert.deepEqual(socket.next(), { op: "ping" });
    assert.ok(socket.isQuiet, "once");
    pass(10);
    await until("it is given up", () => client.state !== "open");
    await client.close();
});

test("a closed client listens no more", async () => {
    const client = fakeClient(LONG);
    (await nextSocket(client)).drop();
    await client.close();
    page.online();
    page.show("visible");
    assert.equal(client.state, "closed");
});

test("connect() ends a wait, and nothing else", async () => {
    const client = fakeClient(LONG);
    client.connect();
    const first = await nextSocket(client);
    first.drop();
    client.connect();
    const second = await nextSocket(client);
    second.accept();
    client.connect();
    assert.equal(client.sockets.length, 2);
    assert.equal(client.state, "open");
    await client.close();
});
