// One subscription, as the application has it: callbacks, and an async
// iterator over its messages.
//
// Pending until the server's first reply, then active over
// any number of connections, then ended, by unsubscribe() or by an error.

import { PubSubError, tell } from "./errors.js";

const EVENTS = ["Message", "Gap", "Gone", "Topic", "Join", "Leave",
    "Subscribed", "Unsubscribed", "Error"];

export class Subscription {
    #callbacks = {};
    #leave;
    #positions;
    #buffer = []; // messages that the iterator has not given out
    #limit;
    #waiting = []; // {resolve, reject} of next() calls
    #iterated;
    #end; // {error}: undefined until it ended
    #settleReady;
    #held; // [event, value] while it is brought up to date
    #past = new Map(); // topic → position up to which it was

    // `options` as of client.subscribe(); `leave()` unsubscribes, and
    // `positions()` tells what has been got.
    constructor(selector, options, { leave, positions }) {
        this.selector = selector.text;
        for (const event of EVENTS) {
            this.#callbacks[event] = options[`on${event}`];
        }
        this.#leave = leave;
        this.#positions = positions;
        this.#limit = options.buffer ?? 1000;
        // Who has a callback need not iterate: nothing piles up for him.
        this.#iterated = options.onMessage === undefined;
        this.ready = new Promise((resolve, reject) => {
            this.#settleReady = { resolve, reject };
        });
        this.ready.catch(() => {}); // nobody has to listen
    }

    get closed() {
        return this.#end !== undefined;
    }

    // {topic: {epoch, seq}} to go on from in another client, by the option
    // `positions`.
    positions() {
        return this.#positions();
    }

    // Resolves when the server has heard of it, or need not.
    unsubscribe() {
        return this.#leave();
    }

    // -- the async iterator ---------------------------------------------

    [Symbol.asyncIterator]() {
        this.#iterated = true;
        return this;
    }

    next() {
        this.#iterated = true;
        if (this.#buffer.length > 0) {
            return Promise.resolve(
                { done: false, value: this.#buffer.shift() });
        }
        if (this.#end !== undefined) {
            const { error } = this.#end;
            this.#end = {};
            return error ? Promise.reject(error)
                : Promise.resolve({ done: true, value: undefined });
        }
        return new Promise((resolve, reject) => {
            this.#waiting.push({ resolve, reject });
        });
    }

    // `break` out of `for await` unsubscribes.
    return(value) {
        this.#leave();
        this.#buffer = [];
        return Promise.resolve({ done: true, value });
    }

    // -- for the client ----------------------------------------------------

    // `event`: one of EVENTS.
    tell(event, value) {
        if (this.#held !== undefined) {
            this.#held.push([event, value]);
        } else if (this.#end === undefined) {
            if (event === "Gone") {
                this.#past.delete(value.topic);
            }
            tell(this.#callbacks[event], value);
        }
    }

    // Tells nothing, until release().
    hold() {
        this.#held = [];
    }

    // `reply`: as of subscribed(). `past`: [event, value] that come first;
    // `at`: topic → position up to which it has then got all.
    release(reply, past, at) {
        if (this.#end !== undefined) {
            return;
        }
        const held = this.#held;
        this.#held = undefined;
        this.subscribed(reply);
        for (const one of reply.topics) {
            this.tell("Topic", one);
        }
        const isOld = ({ topic, epoch, seq }) =>
            at.get(topic)?.epoch === epoch && seq <= at.get(topic).seq;
        for (const [event, value] of [...past, ...held.filter(
            ([event, value]) => event !== "Message" || !isOld(value))]) {
            if (event === "Message") {
                this.message(value);
            } else if (event === "Subscribed") {
                this.subscribed(value);
            } else {
                this.tell(event, value);
            }
        }
        for (const [event, { topic }] of held) {
            if (event === "Gone") {
                at.delete(topic);
            }
        }
        this.#past = at;
    }

    // Whether release() gave it: what the server answers to a question may be
    // ahead of what it pushes.
    #isPast({ topic, epoch, seq }) {
        const at = this.#past.get(topic);
        if (at?.epoch === epoch && seq <= at.seq) {
            return true;
        }
        this.#past.delete(topic);
        return false;
    }

    get hearsErrors() {
        return (this.#callbacks.Error ?? this.#callbacks.Unsubscribed) !==
            undefined;
    }

    message(message) {
        if (this.#held === undefined && this.#isPast(message)) {
            return;
        }
        this.tell("Message", message);
        if (this.#held !== undefined || !this.#iterated ||
            this.#end !== undefined) {
            return;
        }
        if (this.#waiting.length > 0) {
            this.#waiting.shift().resolve({ done: false, value: message });
            return;
        }
        this.#buffer.push(message);
        if (this.#buffer.length > this.#limit) {
            const { topic, seq } = this.#buffer.shift();
            this.tell("Gap", { topic, from: seq, to: seq, cause: "buffer" });
        }
    }

    subscribed(reply) {
        if (this.#held === undefined) {
            this.#settleReady.resolve(reply);
        }
        this.tell("Subscribed", reply);
    }

    // `notice`: of the server, that it has ended it.
    end(error, notice) {
        if (this.#end !== undefined) {
            return;
        }
        this.#held = undefined;
        if (notice) {
            this.tell("Unsubscribed", notice);
        }
        if (error) {
            this.tell("Error", error);
        }
        // An error is thrown once: to who waits, or to who asks next.
        this.#end = this.#waiting.length > 0 ? {} : { error };
        this.#settleReady.reject(
            error ?? new PubSubError("closed", "the subscription is closed"));
        for (const { resolve, reject } of this.#waiting.splice(0)) {
            if (error) {
                reject(error);
            } else {
                resolve({ done: true, value: undefined });
            }
        }
    }
}
