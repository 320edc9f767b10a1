// Client of json.wspubsub.v1: subscriptions and commands that outlive their
// connections. For browsers and Node; index.d.ts says what there is.

import { Auth } from "./auth.js";
import { Commands, KEYED, REJECT, RESEND } from "./commands.js";
import { PubSubError, tell } from "./errors.js";
import { defaultWebSocket, Link } from "./link.js";
import { decodeItem, encodePayload } from "./payload.js";
import { fetchFor } from "./refusal.js";
import { Roster } from "./roster.js";

export { PubSubError };

const DEFAULTS = Object.freeze({
    minDelay: 500, // ms before the first attempt after a drop, at most
    maxDelay: 10_000,
    connectTimeout: 10_000,
    closeTimeout: 2_000,
    pingInterval: 25_000, // ms of silence after which the server is asked
    pingTimeout: 10_000,
    queueLimit: 1000, // commands that wait for a connection
    maxMessage: 64 * 1024, // bytes, as ws_pubsub_max_message
});

const CLOSE_NORMAL = 1000;
const CLOSE_TOO_BIG = 1009;
const CLOSE_UNSUPPORTED = 1003;
const MIN_MESSAGE_BYTES = 1024;

// Throws TypeError for a bad URL, PubSubError where there is no WebSocket.
export function connect(url, options = {}) {
    return new Client(url, options);
}

class Client {
    #link;
    #commands;
    #auth;
    #roster;
    #pings = []; // {asked, resolve, reject}, in the order of their pongs
    #handlers = { state: new Set(), error: new Set() };

    constructor(url, options) {
        const chosen = { ...DEFAULTS, ...options };
        chosen.WebSocket ??= defaultWebSocket();
        if (chosen.fetch === undefined) {
            chosen.fetch = fetchFor(chosen.WebSocket);
        }
        this.#link = new Link(url, chosen, {
            prepare: () => this.#auth.prepare(),
            greet: (token) => this.#auth.greet(token),
            opened: () => this.#opened(),
            heard: (text) => this.#heard(text),
            dropped: ({ code, error }) => this.#dropped(code, error),
            ended: (why) => this.#ended(why),
            idle: () => this.#ping(() => {}, () => {}),
            stateChanged: (change) => this.#emit("state", change),
        });
        this.#commands = new Commands(this.#link, chosen.queueLimit);
        this.#commands.maxBytes = chosen.maxMessage;
        const report = (error) => this.#report(error);
        this.#auth = new Auth(
            options.getToken, this.#link, this.#commands, report);
        this.#roster = new Roster(
            this.#link, this.#commands, chosen.minDelay, report);
        for (const [event, callback] of [
            ["state", options.onState], ["error", options.onError]]) {
            if (callback !== undefined) {
                this.on(event, callback);
            }
        }
        this.#link.connect();
    }

    // -- for the application -----------------------------------------------

    get state() {
        return this.#link.state;
    }

    // Tries now what would be tried later, or, after a refusal, not at all.
    connect() {
        if (this.state === "closed") {
            throw new PubSubError("closed", "the client is closed");
        }
        this.#link.now();
    }

    // Returns a function that takes the handler away again.
    on(event, handler) {
        const handlers = this.#handlers[event];
        if (handlers === undefined) {
            throw new TypeError(`no event ${event}`);
        }
        handlers.add(handler);
        return () => handlers.delete(handler);
    }

    subscribe(selector, options = {}) {
        if (this.state === "closed") {
            throw new PubSubError("closed", "the client is closed");
        }
        return this.#roster.subscribe(selector, options);
    }

    async publish(topic, payload, { if: condition, key } = {}) {
        const command = { op: "pub", topic, ...encodePayload(payload) };
        if (condition !== undefined) {
            command.if = condition;
        }
        if (key !== undefined) {
            command.key = key;
        }
        return this.#request(command, key === undefined ? REJECT : KEYED);
    }

    get(selector, { after, limit } = {}) {
        return this.#page({ op: "get", topic: selector, after, limit });
    }

    history(topic, { since, last, limit } = {}) {
        return this.#page({ op: "history", topic, since, last, limit });
    }

    who(topic) {
        return this.#request({ op: "who", topic }, RESEND);
    }

    // Resolves to the ms that the answer took.
    ping() {
        return new Promise((resolve, reject) => {
            if (this.#link.isOpen) {
                this.#ping(resolve, reject);
            } else {
                reject(new PubSubError("dropped", "there is no connection"));
            }
        });
    }

    // For good. Resolves when the connection is closed as well.
    close() {
        return this.#link.close();
    }

    // -- commands ------------------------------------------------------------

    async #request(command, onDrop) {
        if (this.state === "closed") {
            throw new PubSubError("closed", "the client is closed");
        }
        return this.#commands.request(command, onDrop);
    }

    async #page(command) {
        const { items, more } = await this.#request(command, RESEND);
        return { items: items.map(decodeItem), more };
    }

    #ping(resolve, reject) {
        this.#pings.push({ asked: Date.now(), resolve, reject });
        this.#link.send('{"op":"ping"}');
    }

    #pong() {
        const ping = this.#pings.shift();
        ping?.resolve(Date.now() - ping.asked);
    }

    // -- the connection ------------------------------------------------------

    // Subscriptions first: what waited may be published to them.
    #opened() {
        this.#roster.resume();
        this.#commands.flush();
    }

    // What it means for the attempts, as of Link.
    #dropped(code, error) {
        const verdict = this.#auth.dropped(code, error);
        if (code === CLOSE_TOO_BIG) {
            // This server takes less than it was said to.
            this.#commands.maxBytes = Math.max(
                MIN_MESSAGE_BYTES, Math.floor(this.#commands.maxBytes / 2));
        }
        this.#commands.dropped(code);
        for (const { reject } of this.#pings.splice(0)) {
            reject(new PubSubError("dropped", "the connection was lost"));
        }
        return verdict;
    }

    #ended({ code, reason }) {
        const error = code === CLOSE_NORMAL ? undefined
            : new PubSubError(code, `the server closed for good: ${reason}`);
        this.#auth.ended();
        this.#commands.ended(error);
        this.#roster.end(error);
        if (error) {
            this.#report(error);
        }
        for (const { reject } of this.#pings.splice(0)) {
            reject(new PubSubError("closed", "the client is closed"));
        }
    }

    #heard(text) {
        let said;
        try {
            said = JSON.parse(text);
        } catch {
            said = undefined;
        }
        if (typeof text !== "string" || typeof said !== "object" ||
            said === null) {
            const reason = "not a JSON object";
            this.#report(new PubSubError("protocol", reason));
            this.#link.leave({ code: CLOSE_UNSUPPORTED, reason });
            return;
        }
        this.#understand(said);
    }

    #understand(said) {
        if (said.op === "pong") {
            this.#pong();
        } else if (said.op === "bye") {
            this.#link.leave(said);
        } else if (said.id !== undefined) {
            this.#commands.replied(said);
        } else if (said.error !== undefined) {
            this.#report(new PubSubError(said.error.code, said.error.message));
        } else {
            this.#roster.push(said);
        }
    }

    // -- events --------------------------------------------------------------

    #emit(event, value) {
        for (const handler of [...this.#handlers[event]]) {
            tell(handler, value);
        }
    }

    #report(error) {
        if (this.#handlers.error.size === 0) {
            console.error(error);
        }
        this.#emit("error", error);
    }
}
