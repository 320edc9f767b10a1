// Clients on fake sockets, and what a subscription was told, in order.

import { connect } from "../../../clients/js/src/client.js";
import { FakeSocket } from "./fake_socket.js";
import { until } from "./wait.js";

const clients = [];

// A client whose waits are short; errors are kept in `client.errors`.
export function fakeClient(options = {}, url = "ws://example.test/ws") {
    const sockets = [];
    class Socket extends FakeSocket {
        constructor(...values) {
            super(...values);
            sockets.push(this);
        }
    }
    const errors = [];
    const states = [];
    const client = connect(url, {
        WebSocket: Socket, minDelay: 1, maxDelay: 2, closeTimeout: 1,
        onError: (error) => errors.push(error),
        onState: (change) => states.push(change), ...options });
    clients.push(client);
    return Object.assign(client, { errors, states, sockets, used: 0 });
}

// For after(): a test that failed leaves its clients open.
export function closeClients() {
    return Promise.all(clients.map((client) => client.close()));
}

// The socket that the client opens next, or has opened but the test not used.
export async function nextSocket(client) {
    await until("a socket", () => client.sockets.length > client.used);
    return client.sockets[client.used++];
}

export async function openedClient(options) {
    const client = fakeClient(options);
    const socket = await nextSocket(client);
    socket.accept();
    return { client, socket };
}

// Options for subscribe() that write down all that they are told.
export function recorder(options = {}) {
    const told = [];
    const events = ["Message", "Gap", "Gone", "Topic", "Join", "Leave",
        "Subscribed", "Unsubscribed", "Error"];
    const callbacks = Object.fromEntries(events.map((event) => [
        `on${event}`, (value) => told.push([event, value])]));
    return {
        ...callbacks, ...options, told,
        of: (event) => told.filter(([one]) => one === event)
            .map(([, value]) => value),
        get seqs() {
            return this.of("Message").map(({ seq }) => seq);
        },
    };
}
