// A selector as the server knows it, and the subscriptions that share it.
//
// How it was first subscribed to is how the server has it; who comes later is
// brought up to date by the client (late.js). The last to leave makes it idle:
// it is unsubscribed from a tick later, so that who comes back at once, as a
// component that is mounted anew, finds it as it was.

import { Selector } from "./selector.js";
import { wantedStart } from "./start.js";

export class Entry {
    #members = new Set();
    #start;

    // `options` as of client.subscribe(). Throws TypeError.
    constructor(text, options) {
        this.selector = new Selector(text);
        this.wanted = wantedStart(this.selector, options);
        this.#start = JSON.stringify(
            [this.wanted.since, [...this.wanted.at]]);
        this.delta = options.delta === true;
        this.rate = options.rate;
        this.active = false; // the server has said yes once
        this.knowsAll = false; // all topics that it matches are known
        this.getTicket = options.getTicket;
        this.ticket = undefined; // the newest
        this.isOver = false; // it was not good any more
        this.asking = undefined; // an object for each question for a ticket
        this.sent = false; // `sub` waits for its reply
        this.hasLost = false; // what another's reply has told meanwhile
        this.retry = undefined; // a timer
        this.failures = 0; // that were, or will be, tried again
        this.leaving = undefined; // {timer, done: [function]} while idle
        this.late = []; // functions to call once it is active
    }

    startsLike(other) {
        return this.#start === other.#start;
    }

    isLike(other) {
        return this.startsLike(other) && this.delta === other.delta &&
            this.rate === other.rate;
    }

    // Whether one that starts as `wanted` gets all of it by late.js.
    catchesUp({ since, at }) {
        return this.selector.isExact || (at.size === 0 &&
            (since === undefined || since === "new"));
    }

    // Whether a `sub` is to be sent in this session, or its reply to come.
    get isPending() {
        return (this.asking ?? this.retry) !== undefined || this.sent;
    }

    // -- who shares it ---------------------------------------------------

    get isIdle() {
        return this.#members.size === 0;
    }

    add(subscription) {
        this.#members.add(subscription);
    }

    // Whether it was there.
    remove(subscription) {
        return this.#members.delete(subscription);
    }

    tell(event, value) {
        for (const one of [...this.#members]) {
            one.tell(event, value);
        }
    }

    message(message) {
        for (const one of [...this.#members]) {
            one.message(message);
        }
    }

    subscribed(reply) {
        for (const one of [...this.#members]) {
            one.subscribed(reply);
        }
    }

    get hearsErrors() {
        return [...this.#members].some(({ hearsErrors }) => hearsErrors);
    }

    // Nobody is left then.
    end(error, notice) {
        clearTimeout(this.retry);
        this.stopLeaving();
        const members = [...this.#members];
        this.#members.clear();
        for (const one of members) {
            one.end(error, notice);
        }
    }

    stopLeaving() {
        const { timer, done = [] } = this.leaving ?? {};
        clearTimeout(timer);
        this.leaving = undefined;
        done.forEach((call) => call());
    }
}
