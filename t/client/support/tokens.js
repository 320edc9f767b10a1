// Clients with tokens, on fake sockets and a fake clock.

import assert from "node:assert/strict";
import { afterEach, beforeEach } from "node:test";

import { Clock } from "./clock.js";
import { fakeClient, nextSocket } from "./clients.js";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const LONGEST = 2 ** 31 - 1; // of setTimeout

// A clock for each test of the file.
export function fakeTime() {
    let clock;
    beforeEach(() => {
        clock = new Clock();
    });
    afterEach(() => clock.restore());
    return { advance: (ms) => clock.advance(ms), set: (now) => clock.set(now) };
}

// What getToken was asked, and a client that gives what `give(reason, n)`
// returns, else "t1", "t2", ….
export function tokenClient(give = () => undefined, options = {}) {
    const reasons = [];
    const client = fakeClient({ minDelay: 400, maxDelay: 10_000,
        closeTimeout: 0, pingInterval: LONGEST, pingTimeout: LONGEST,
        getToken: async ({ reason }) => {
            const n = reasons.push(reason);
            const given = await give(reason, n);
            return given === undefined ? `t${n}` : given;
        }, ...options });
    return Object.assign(client, { reasons });
}

// The socket that the client opens next; `token` is its first command.
export async function greeted(client, token) {
    const socket = await nextSocket(client);
    socket.accept();
    assert.deepEqual(socket.next(), { op: "auth", token });
    return socket;
}

// A client whose session began with a token that ends in `left` ms.
export async function session(left, give, options) {
    const client = tokenClient(give, options);
    const socket = await nextSocket(client);
    socket.accept();
    socket.next();
    socket.ok(expiring(left));
    return { client, socket };
}

// Its socket does not answer: it is given up.
export async function closed(client, clock) {
    const closing = client.close();
    await clock.advance(1);
    return closing;
}

export const expiring = (left) => left === undefined ? { user: "ann" }
    : { user: "ann", expires: Date.now() + left };
export const stateOf = ({ states }) => states.at(-1);
export const names = ({ states }) => states.map(({ state }) => state);
