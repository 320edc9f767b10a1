// The connection of a command: a client that is open, or the API where one is
// named.

import { readFileSync } from "node:fs";

import { connect } from "../client.js";
import { withOptions } from "../node/index.js";
import { Api } from "./api.js";
import { EXIT, Failure, within } from "./failure.js";
import { headersOf } from "./options.js";

const TIMEOUT_S = 10;
const CLOSE_NO_TOKEN = 3502;
const MAX_MESSAGE = 64 * 1024 * 1024; // the server knows what it takes

export function timeoutOf({ timeout }) {
    return timeout ?? TIMEOUT_S;
}

// As of https.request().
export function requestOptions(values) {
    const { cacert, insecure } = values;
    return {
        headers: headersOf(values),
        ...cacert !== undefined && { ca: readFileSync(cacert) },
        ...insecure && { rejectUnauthorized: false },
    };
}

// A client that has begun to connect.
export function start(values, options = {}) {
    const { url, token, "in-band": inBand } = values;
    const request = requestOptions(
        inBand ? { ...values, token: undefined } : values);
    return connect(url, { WebSocket: withOptions(request),
        getToken: inBand ? () => token : undefined,
        maxMessage: MAX_MESSAGE, onError: () => {}, ...options });
}

// Resolves to what it ends with that is worth no other attempt. `isFirst`:
// neither is any other failure.
export function ending(client, isFirst) {
    return new Promise((resolve) => {
        client.on("state", ({ state, status, code, reason }) => {
            if (state === "unauthorized") {
                resolve(new Failure(EXIT.unauthorized,
                    `${status ?? code} ${reason}`));
            } else if (state === "closed" && code !== 1000) {
                resolve(new Failure(EXIT.failed, `${code} ${reason}`));
            } else if (state === "waiting" && isFirst &&
                code !== CLOSE_NO_TOKEN) { // a token is tried twice
                resolve(new Failure(EXIT.unreachable,
                    reason || `closed with ${code}`));
            }
        });
    });
}

// A client that is open.
export async function opened(values) {
    const client = start(values);
    const open = new Promise((resolve) => {
        client.on("state", ({ state }) => state === "open" && resolve());
    });
    const failed = ending(client, true).then((failure) => {
        throw failure;
    });
    try {
        await within(timeoutOf(values), values.url,
            Promise.race([open, failed]));
        failed.catch(() => {}); // later ones are told by what is asked then
        return client;
    } catch (error) {
        client.close();
        throw error;
    }
}

// A client that is open, or the API where one is named.
export async function openedFor(values) {
    return values.api === undefined ? opened(values)
        : new Api(values.api, requestOptions(values));
}

// Calls use() with it, and closes it.
export async function using(values, use) {
    const client = await openedFor(values);
    try {
        return await within(timeoutOf(values), values.api ?? values.url,
            use(client));
    } finally {
        await client.close();
    }
}
