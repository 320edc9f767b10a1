// The HTTP API, with the methods that the client has for the same.

import http from "node:http";
import https from "node:https";

import { PubSubError } from "../errors.js";
import { decodeItem, encodePayload } from "../payload.js";
import { Selector } from "../selector.js";
import { EXIT, Failure, usage } from "./failure.js";

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
    #base;
    #options;
    #agent;

    // `options`: as of https.request().
    constructor(url, options) {
        this.#base = new URL(url);
        const isSafe = this.#base.protocol === "https:";
        if (!isSafe && this.#base.protocol !== "http:") {
            throw usage(`not the URL of an API: ${url}`);
        }
        if (!this.#base.pathname.endsWith("/")) {
            this.#base.pathname += "/";
        }
        this.#agent = new (isSafe ? https : http).Agent({ keepAlive: true });
        this.#options = { ...options, agent: this.#agent };
    }

    close() {
        this.#agent.destroy();
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
        return this.#ask(method, this.#of(topic), headers, body);
    }

    async get(selector, { after, limit } = {}) {
        const { topics, more } = await this.#ask("GET", this.#of("",
            { select: selector, values: 1, after, limit }));
        if (topics.length === 0 && new Selector(selector).isExact) {
            throw new PubSubError(UNKNOWN_TOPIC, "unknown topic");
        }
        return { items: topics.map(decodeItem), more };
    }

    async history(topic, { since, last }) {
        const { items, more } = await this.#ask("GET", this.#of(topic,
            { since: since && `${since.epoch}.${since.seq}`, last }));
        return { items: items.map(decodeItem), more };
    }

    #of(topic, query = {}) {
        const url = new URL(this.#base);
        url.pathname += topic.split("/").map(encodeURIComponent).join("/");
        for (const [name, value] of Object.entries(query)) {
            if (value !== undefined) {
                url.searchParams.set(name, value);
            }
        }
        // A plus stands for itself there.
        url.search = url.search.replaceAll("+", "%20");
        return url;
    }

    #ask(method, url, headers = {}, body = undefined) {
        return new Promise((resolve, reject) => {
            const { request } = url.protocol === "https:" ? https : http;
            const sent = request(url, { ...this.#options, method,
                headers: { ...this.#options.headers, ...headers } });
            const lost = ({ message }) =>
                reject(new Failure(EXIT.unreachable, message));
            sent.on("error", lost);
            sent.on("response", async (answer) => {
                try {
                    const parts = await answer.toArray();
                    resolve(this.#read(answer, String(Buffer.concat(parts))));
                } catch (error) {
                    reject(error);
                }
            });
            sent.end(body);
        });
    }

    #read({ statusCode, statusMessage }, text) {
        const said = parsed(text);
        if (statusCode < 300 && said !== undefined) {
            return said;
        }
        if (said?.error) {
            throw new PubSubError(said.error.code, said.error.message);
        }
        const words = `${statusCode} ${statusMessage}`;
        throw new Failure(statusCode === 401 || statusCode === 403
            ? EXIT.unauthorized : EXIT.failed, words);
    }
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
