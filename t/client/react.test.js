// useTopic in React: one subscription for all components, values at once,
// and nothing sent for what is mounted anew.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { StrictMode, createElement as h } from "react";
import { act, create } from "react-test-renderer";

import { closeClients, fakeClient, openedClient } from "./support/clients.js";
import { Project } from "./support/installed.js";
import { until } from "./support/wait.js";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

let project;
let hooks;

// It is, but it needs no document.
const { error: tellError } = console;
console.error = (...said) => /is deprecated/.test(said[0]) ||
    tellError(...said);

before(async () => {
    project = new Project(["react"]);
    hooks = await project.load("src", "react.js");
});

after(async () => {
    await closeClients();
    project?.remove();
});

const tick = () => act(() => new Promise((resolve) =>
    setTimeout(resolve, 5)));
const say = (socket, ...said) => act(() => socket.say(...said));
const msg = (topic, seq, data = seq) => ({ op: "msg", topic, seq, data });

function Value({ selector, options }) {
    const { data, ready, error, topics } = hooks.useTopic(selector, options);
    return `${error?.code ?? (ready ? JSON.stringify(data) : "…")} of ` +
        Object.keys(topics).join();
}

// The tree's text, in strict mode: it mounts all twice.
async function mounted(client, ...children) {
    let tree;
    const all = (...ones) => h(StrictMode, null,
        h(hooks.PubSubProvider, { client }, ...ones));
    await act(() => {
        tree = create(all(...children));
    });
    return {
        text: () => [tree.toJSON()].flat().join("; "),
        update: (...ones) => act(() => tree.update(all(...ones))),
        unmount: () => act(() => tree.unmount()),
    };
}

test("two components, one subscription", async () => {
    const { client, socket } = await openedClient();
    const tree = await mounted(client,
        h(Value, { key: 1, selector: "a" }),
        h(Value, { key: 2, selector: "a" }));
    assert.equal(tree.text(), "… of ; … of ");
    await act(() => {
        assert.deepEqual(socket.subscribed({ a: ["e", 1] }),
            { op: "sub", topic: "a" });
        socket.say(msg("a", 1, { bid: 1 }));
    });
    assert.equal(tree.text(), '{"bid":1} of a; {"bid":1} of a');
    await tree.update(h(Value, { key: 1, selector: "a" }),
        h(Value, { key: 3, selector: "a" }));
    await tick();
    assert.equal(tree.text(), '{"bid":1} of a; {"bid":1} of a');
    assert.ok(socket.isQuiet);
    await tree.unmount();
    await until("it is told", () => !socket.isQuiet);
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a" });
    await tick();
    assert.ok(socket.isQuiet);
    await client.close();
});

test("topics of a selector, those that go, another selector", async () => {
    const { client, socket } = await openedClient();
    const tree = await mounted(client, h(Value, { selector: "a/*" }));
    await act(() => {
        socket.subscribed({ "a/1": ["e", 1], "a/2": ["f", 1] });
    });
    await say(socket, msg("a/1", 1), msg("a/2", 1, "two"));
    assert.equal(tree.text(), '"two" of a/1,a/2');
    await say(socket, { op: "gone", topic: "a/2", reason: "deleted" });
    assert.equal(tree.text(), "undefined of a/1");
    await tree.update(h(Value, { selector: "b" }));
    assert.equal(tree.text(), "… of ");
    assert.equal(socket.next().topic, "b");
    await act(() => socket.refuse(103));
    assert.equal(tree.text(), "103 of ");
    await tick();
    assert.deepEqual(socket.next(), { op: "unsub", topic: "a/*" });
    await tree.update(h(Value, { selector: null }));
    await tick();
    assert.equal(tree.text(), "… of ");
    assert.ok(socket.isQuiet);
    await tree.unmount();
    await client.close();
});

test("options that are written in place are no other ones", async () => {
    const { client, socket } = await openedClient();
    const value = () => h(Value, { selector: "a", options: { last: 2 } });
    const tree = await mounted(client, value());
    await act(() => {
        socket.subscribed({ a: ["e", 2] });
    });
    await tree.update(value());
    await tree.update(value());
    await tick();
    assert.ok(socket.isQuiet);
    await tree.unmount();
    await client.close();
});

test("tickets, of the newest getTicket", async () => {
    const { client, socket } = await openedClient();
    const value = (ticket) => h(Value, { selector: "a",
        options: { getTicket: ({ topic }) => `${ticket} for ${topic}` } });
    const tree = await mounted(client, value("k1"));
    await until("it is sent", () => !socket.isQuiet);
    await act(() => {
        assert.equal(socket.subscribed({ a: ["e", 1] }).ticket, "k1 for a");
    });
    await tree.update(value("k2"));
    await tick();
    assert.ok(socket.isQuiet);
    await say(socket, { op: "unsub", topic: "a", code: 109, reason: "over" });
    await until("it is sent", () => !socket.isQuiet);
    await act(() => {
        assert.equal(socket.subscribed({ a: ["e", 1] }).ticket, "k2 for a");
    });
    await say(socket, { op: "unsub", topic: "a", code: 103, reason: "no" });
    assert.equal(tree.text(), "103 of ");
    await tree.unmount();
    await client.close();
});

test("a client without a token", async () => {
    const client = fakeClient({ getToken: () => null });
    const tree = await mounted(client, h(() => hooks.useConnection()));
    await act(() => until("it is told",
        () => client.state === "unauthorized"));
    assert.equal(tree.text(), "unauthorized");
    await tree.unmount();
    await client.close();
});

test("the connection, and no provider", async () => {
    const { client, socket } = await openedClient();
    const State = () => hooks.useConnection();
    const tree = await mounted(client, h(State));
    assert.equal(tree.text(), "open");
    await act(() => socket.drop());
    assert.match(tree.text(), /waiting|connecting/);
    await tree.unmount();
    await client.close();
    const error = console.error;
    console.error = () => {};
    try {
        await assert.rejects(async () => act(() => {
            create(h(Value, { selector: "a" }));
        }), /no PubSubProvider/);
    } finally {
        console.error = error;
    }
});
