// useTopic in Vue: one subscription for all components, values at once, and
// another selector when it changes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createRenderer, h, nextTick, ref } from "vue";

import { closeClients, fakeClient, openedClient } from "./support/clients.js";
import { Project } from "./support/installed.js";
import { until } from "./support/wait.js";

let project;
let hooks;

before(async () => {
    project = new Project(["vue"]);
    hooks = await project.load("src", "vue.js");
});

after(async () => {
    await closeClients();
    project?.remove();
});

// A renderer whose document is a tree of {children} and texts.
const { createApp } = createRenderer({
    createElement: () => ({ children: [] }),
    createText: (text) => ({ text }),
    createComment: () => ({ text: "" }),
    setText: (node, text) => {
        node.text = text;
    },
    setElementText: (node, text) => {
        node.children = [{ text, parent: node }];
    },
    insert: (node, parent, anchor) => {
        node.parent = parent;
        const at = parent.children.indexOf(anchor);
        parent.children.splice(at < 0 ? parent.children.length : at, 0, node);
    },
    remove: (node) => {
        node.parent.children = node.parent.children.filter(
            (one) => one !== node);
    },
    parentNode: ({ parent }) => parent,
    nextSibling: (node) => node.parent.children[
        node.parent.children.indexOf(node) + 1] ?? null,
    patchProp: () => {},
});
const textOf = ({ text, children = [] }) =>
    text ?? children.map(textOf).join("");

const Value = {
    props: ["selector"],
    setup(props) {
        const { data, ready, error, topics } =
            hooks.useTopic(() => props.selector);
        return () => h("p", `${error.value?.code ??
            (ready.value ? JSON.stringify(data.value) : "…")} of ` +
            `${Object.keys(topics.value).join()};`);
    },
};

function mounted(client, render) {
    const root = { children: [] };
    const app = createApp({ render: () => h("div", render()) });
    app.use(hooks.pubSub(client)).mount(root);
    return { app, text: async () => {
        await nextTick();
        return textOf(root);
    } };
}

const msg = (topic, seq, data = seq) => ({ op: "msg", topic, seq, data });
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

test("two components, one subscription", async () => {
    const { client, socket } = await openedClient();
    const count = ref(2);
    const { app, text } = mounted(client, () => Array.from(
        { length: count.value }, (_, key) => h(Value, { key, selector: "a" })));
    assert.equal(await text(), "… of ;… of ;");
    assert.deepEqual(socket.subscribed({ a: ["e", 1] }),
        { op: "sub", topic: "a" });
    socket.say(msg("a", 1, { bid: 1 }));
    assert.equal(await text(), '{"bid":1} of a;{"bid":1} of a;');
    count.value = 3;
    await nextTick();
    await tick();
    assert.equal(await text(), '{"bid":1} of a;'.repeat(3));
    count.value = 1;
    await tick();
    assert.ok(socket.isQuiet);
    app.unmount();
    await until("it is told", () => !socket.isQuiet);
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a" });
    await client.close();
});

test("mounted anew within a tick: nothing is sent", async () => {
    const { client, socket } = await openedClient();
    const key = ref(1);
    const { app, text } = mounted(client,
        () => [h(Value, { key: key.value, selector: "a/*" })]);
    await text();
    socket.subscribed({ "a/1": ["e", 1] });
    socket.say(msg("a/1", 1));
    key.value = 2;
    await nextTick();
    await tick();
    assert.equal(await text(), "1 of a/1;");
    assert.ok(socket.isQuiet);
    app.unmount();
    await client.close();
});

test("another selector, none, and one that is refused", async () => {
    const { client, socket } = await openedClient();
    const selector = ref("a");
    const { app, text } = mounted(client,
        () => [h(Value, { selector: selector.value })]);
    socket.subscribed({ a: ["e", 1] });
    socket.say(msg("a", 1));
    assert.equal(await text(), "1 of a;");
    selector.value = "b";
    assert.equal(await text(), "… of ;");
    assert.equal(socket.next().topic, "b");
    socket.refuse(103);
    assert.equal(await text(), "103 of ;");
    await tick();
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a" });
    selector.value = undefined;
    assert.equal(await text(), "… of ;");
    await tick();
    assert.ok(socket.isQuiet);
    app.unmount();
    await client.close();
});

test("tickets, and what the server ends", async () => {
    const { client, socket } = await openedClient();
    const { app, text } = mounted(client, () => [h({ setup() {
        const { error } = hooks.useTopic("a",
            { getTicket: ({ topic }) => `k for ${topic}` });
        return () => h("p", `${error.value?.code}`);
    } })]);
    await until("it is sent", () => !socket.isQuiet);
    assert.equal(socket.subscribed().ticket, "k for a");
    assert.equal(await text(), "undefined");
    socket.say({ op: "unsub", topic: "a", code: 103, reason: "no" });
    assert.equal(await text(), "103");
    app.unmount();
    await client.close();
});

test("a client without a token", async () => {
    const client = fakeClient({ getToken: () => null });
    const { app, text } = mounted(client, () => [h({ setup() {
        const state = hooks.useConnection();
        return () => h("p", state.value);
    } })]);
    assert.equal(await text(), "connecting");
    await until("it is told", () => client.state === "unauthorized");
    assert.equal(await text(), "unauthorized");
    app.unmount();
    await client.close();
});

test("the connection, and no client", async () => {
    const { client, socket } = await openedClient();
    const State = { setup() {
        const state = hooks.useConnection();
        return () => h("p", state.value);
    } };
    const { app, text } = mounted(client, () => [h(State)]);
    assert.equal(await text(), "open");
    socket.drop();
    assert.match(await text(), /waiting|connecting/);
    app.unmount();
    await client.close();
    const bare = createApp({ render: () => h(Value, { selector: "a" }) });
    bare.config.warnHandler = () => {};
    assert.throws(() => bare.mount({ children: [] }), /no app.use/);
});
