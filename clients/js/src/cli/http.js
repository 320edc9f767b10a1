// Requests to a location of nginx, and what its answers mean.

import http from "node:http";
import https from "node:https";

import { PubSubError } from "../errors.js";
import { EXIT, Failure, usage } from "./failure.js";

export class Http {
    #base;
    #options;
    #agent;

    // `options`: as of https.request(); `what`: what the URL is of.
    constructor(url, options, what) {
        this.#base = parsedUrl(url, what);
        const isSafe = this.#base.protocol === "https:";
        if (!this.#base.pathname.endsWith("/")) {
            this.#base.pathname += "/";
        }
        this.#agent = new (isSafe ? https : http).Agent({ keepAlive: true });
        this.#options = { ...options, agent: this.#agent };
    }

    close() {
        this.#agent.destroy();
    }

    // The URL of what is called so below the location.
    of(path, query = {}) {
        const url = new URL(this.#base);
        url.pathname += path.split("/").map(encodeURIComponent).join("/");
        for (const [name, value] of Object.entries(query)) {
            if (value !== undefined) {
                url.searchParams.set(name, value);
            }
        }
        // A plus stands for itself there.
        url.search = url.search.replaceAll("+", "%20");
        return url;
    }

    // Resolves to the answer's JSON.
    ask(method, url, headers = {}, body = undefined) {
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
                    resolve(read(answer, String(Buffer.concat(parts))));
                } catch (error) {
                    reject(error);
                }
            });
            sent.end(body);
        });
    }
}

function parsedUrl(url, what) {
    const found = new URL(url);
    if (!["http:", "https:"].includes(found.protocol)) {
        throw usage(`not the URL of ${what}: ${url}`);
    }
    return found;
}

function read({ statusCode, statusMessage }, text) {
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

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
