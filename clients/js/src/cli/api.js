// The HTTP API, with the methods that the client has for the same.

import { PubSubError } from "../errors.js";
import { decodeItem, encodePayload } from "../payload.js";
import { Selector } from "../selector.js";
import { Http } from "./http.js";

const UNKNOWN_TOPIC = 102;

function bodyOf(payload) {
    const { text, data, b64, patch } = encodePayload(payload);
    if (text !== undefined) {
        return { type: "text/plain; charset=utf-8", body: text };
    }
    if (b64 !== undefined) {
        return { type: "application/octet-stream",
            body: Buffer.from(b64, "base64") };
    }
    return patch === undefined
        ? { type: "application/json", body: JSON.stringify(data) }
        : { type: Array.isArray(patch) ? "application/json-patch+json"
            : "application/merge-patch+json", body: JSON.stringify(patch) };
}

export class Api {
    #http;

    // `options`: as of https.request().
    constructor(url, options) {
        this.#http = new Http(url, options, "an API");
    }

    close() {
        this.#http.close();
    }

    async publish(topic, payload, { if: condition, key } = {}) {
        const { type, body } = bodyOf(payload);
        const headers = { "Content-Type": type,
            "Content-Length": Buffer.byteLength(body) };
        if (condition === "absent") {
            headers["If-None-Match"] = "*";
        } else if (condition !== undefined) {
            headers["If-Match"] = `"${condition.epoch}.${condition.seq}"`;
        }
        if (key !== undefined) {
            headers["Idempotency-Key"] = key;
        }
        const method = type.includes("patch") ? "PATCH" : "PUT";
        return this.#http.ask(method, this.#http.of(topic), headers, body);
    }

    async get(selector, { after, limit } = {}) {
        const { topics, more } = await this.#http.ask("GET", this.#http.of("",
            { select: selector, values: 1, after, limit }));
        if (topics.length === 0 && new Selector(selector).isExact) {
            throw new PubSubError(UNKNOWN_TOPIC, "unknown topic");
        }
        return { items: topics.map(decodeItem), more };
    }

    async history(topic, { since, last }) {
        const { items, more } = await this.#http.ask("GET", this.#http.of(topic,
            { since: since && `${since.epoch}.${since.seq}`, last }));
        return { items: items.map(decodeItem), more };
    }
}
