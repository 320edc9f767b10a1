// Which selectors are subscribed to: here by the application, and, over any
// number of connections, at the server.
//
// Where the application gives tickets, each `sub` has a new one. The server
// does not say when a ticket ends, but that it has ended: then it is subscribed
// to with another one, and goes on where it was.
//
// What comes for them is the delivery's.

import { backoff } from "./backoff.js";
import { REJECT } from "./commands.js";
import { credential } from "./credential.js";
import { Delivery } from "./delivery.js";
import { Entry } from "./entry.js";
import { MAY_PASS, PubSubError } from "./errors.js";
import { catchUp } from "./late.js";
import { firstStart, nextStart } from "./start.js";
import { Subscription } from "./subscription.js";
import { Topics } from "./topics.js";

const ALREADY_SUBSCRIBED = 105;
const EXPIRED = 109;

const NEW_SESSION = new Set(["dropped", "closed"]); // brings all again, or none

export class Roster {
    #entries = new Map(); // selector → Entry
    #topics = new Topics();
    #link;
    #commands;
    #delivery;
    #retryDelay;
    #report;

    // `retryDelay`: ms after which, at least, a refusal that may pass is tried
    // again. `report(error)` tells the application what no subscription is.
    constructor(link, commands, retryDelay, report) {
        this.#link = link;
        this.#commands = commands;
        this.#delivery = new Delivery(this.#topics, this.#entries, {
            startAnew: (entries) => this.#startAnew(entries), report });
        this.#retryDelay = retryDelay;
        this.#report = report;
    }

    // `said`: what the server pushes.
    push(said) {
        if (said.op === "unsub") {
            this.#unsubscribed(said);
        } else {
            this.#delivery.push(said);
        }
    }

    // Throws TypeError, or PubSubError where it is subscribed to already at
    // another rate.
    subscribe(text, options) {
        const fresh = new Entry(text, options);
        const shared = this.#shared(fresh);
        const entry = shared ?? fresh;
        const subscription = new Subscription(entry.selector, options, {
            leave: () => this.#leave(entry, subscription),
            positions: () => this.#positions(entry),
        });
        entry.add(subscription);
        if (shared !== undefined) {
            this.#join(entry, subscription, fresh);
            return subscription;
        }
        this.#entries.set(text, entry);
        if (this.#link.isOpen) {
            this.#send(entry);
        }
        return subscription;
    }

    // The entry of that selector that another subscription can share.
    #shared(fresh) {
        const entry = this.#entries.get(fresh.selector.text);
        if (entry?.isIdle && !(entry.isLike(fresh) &&
            (!entry.active || entry.catchesUp(fresh.wanted)))) {
            this.#depart(entry);
            return undefined;
        }
        if (entry !== undefined && entry.rate !== fresh.rate) {
            throw new PubSubError(ALREADY_SUBSCRIBED,
                `subscribed to ${entry.selector.text} at another rate`);
        }
        return entry;
    }

    #join(entry, subscription, fresh) {
        entry.stopLeaving();
        entry.getTicket = fresh.getTicket ?? entry.getTicket;
        if (!entry.active && entry.startsLike(fresh)) {
            return; // the first reply is for both
        }
        subscription.hold();
        const request = (command, onDrop) => this.#commands.request(
            { ...command, ticket: entry.ticket }, onDrop);
        const begin = () => catchUp(subscription, entry.selector,
            fresh.wanted, [...this.#topics.matching(entry.selector)],
            { request });
        if (entry.active) {
            begin();
        } else {
            entry.late.push(begin);
        }
    }

    // All of them, in a new session.
    resume() {
        for (const entry of [...this.#entries.values()]) {
            if (this.#isThere(entry) && !entry.isIdle) {
                this.#send(entry);
            }
        }
    }

    // Positions stay, for who wants to go on from them.
    end(error) {
        const entries = [...this.#entries.values()];
        this.#entries.clear();
        for (const entry of entries) {
            entry.end(error);
        }
    }

    #send(entry) {
        clearTimeout(entry.retry);
        entry.retry = undefined;
        if (entry.getTicket === undefined) {
            this.#sendSub(entry);
        } else {
            this.#sendWithTicket(entry);
        }
    }

    async #sendWithTicket(entry) {
        const asked = entry.asking = {};
        const { ticket, error } = await credential("ticket", entry.getTicket, {
            topic: entry.selector.text,
            reason: entry.isOver ? "expired" : "subscribe" });
        if (entry.asking !== asked || !this.#isThere(entry)) {
            return;
        }
        entry.asking = undefined;
        entry.ticket = ticket;
        if (error !== undefined) {
            this.#refused(entry, error);
        } else if (this.#link.isOpen) {
            this.#sendSub(entry);
        }
    }

    #sendSub(entry) {
        const { selector, wanted, delta, rate, ticket } = entry;
        const room = this.#commands.maxBytes / 2;
        const start = entry.active
            ? nextStart(selector, wanted, this.#topics.matching(selector),
                entry.knowsAll, room)
            : firstStart(selector, wanted, room);
        const command = { op: "sub", topic: selector.text, ...start, ticket };
        if (delta) {
            command.delta = true;
        }
        if (rate !== undefined) {
            command.rate = rate;
        }
        entry.sent = true;
        this.#commands.start(command, REJECT, (error, ok) => {
            entry.sent = false;
            if (!this.#isThere(entry) || NEW_SESSION.has(error?.code)) {
                return;
            }
            if (error) {
                this.#refused(entry, error);
            } else {
                entry.isOver = false;
                entry.failures = 0;
                this.#delivery.subscribed(entry, ok);
            }
        });
    }

    #isThere(entry) {
        return this.#entries.get(entry.selector.text) === entry;
    }

    #refused(entry, error) {
        if (MAY_PASS.has(error.code)) {
            this.#sendLater(entry);
            if (error.code === "ticket") {
                this.#report(error);
            }
        } else if (error.code === EXPIRED && entry.getTicket && !entry.isOver) {
            entry.isOver = true;
            this.#send(entry);
        } else {
            this.#end(entry, error);
        }
    }

    #sendLater(entry) {
        entry.retry = setTimeout(() => {
            if (this.#isThere(entry) && this.#link.isOpen) {
                this.#send(entry);
            }
        }, backoff(entry.failures++, { first: 2 * this.#retryDelay,
            most: 20 * this.#retryDelay }));
    }

    // The server has ended it. Not where it was to be subscribed to anew
    // anyhow: the reply to that is still to come.
    #unsubscribed({ topic, code, reason }) {
        const entry = this.#entries.get(topic);
        if (entry === undefined || entry.isPending) {
            return;
        }
        if (code === EXPIRED && entry.getTicket) {
            entry.isOver = true;
            this.#sendLater(entry);
            return;
        }
        this.#end(entry, new PubSubError(code, reason),
            { selector: topic, code, reason });
    }

    // `notice`: where it was the server that has ended it.
    #end(entry, error, notice) {
        this.#remove(entry);
        if (!entry.isIdle && !entry.hearsErrors) {
            this.#report(error);
        }
        entry.end(error, notice);
    }

    #remove(entry) {
        clearTimeout(entry.retry);
        this.#entries.delete(entry.selector.text);
        const rest = [...this.#entries.values()];
        this.#topics.keepOnly((topic) =>
            rest.some(({ selector }) => selector.matches(topic)));
    }

    // Resolves when the server has heard of it, or need not.
    #leave(entry, subscription) {
        if (!entry.remove(subscription)) {
            return Promise.resolve();
        }
        subscription.end();
        if (!entry.isIdle) {
            return Promise.resolve();
        }
        return new Promise((resolve) => {
            const timer = setTimeout(() => this.#depart(entry), 0);
            entry.leaving = { timer, done: [resolve] };
            if (entry.retry !== undefined) {
                this.#depart(entry); // or it would be sent in between
            }
        });
    }

    // Of an idle entry.
    #depart(entry) {
        const { timer, done } = entry.leaving;
        clearTimeout(timer);
        entry.leaving = undefined;
        this.#remove(entry);
        const told = () => done.forEach((call) => call());
        if (this.#link.isOpen) {
            this.#leaveAtServer(entry, told);
        } else {
            told();
        }
    }

    #leaveAtServer(entry, done) {
        this.#commands.start(
            { op: "unsub", topic: entry.selector.text }, REJECT, done);
    }

    #positions({ selector }) {
        const found = {};
        for (const [name, topic] of this.#topics.matching(selector)) {
            if (topic.epoch !== undefined) {
                found[name] = topic.position;
            }
        }
        return found;
    }

    // There is no asking for one topic of a selector: all subscriptions that
    // bring it leave and come back, and go on in all topics but this one.
    #startAnew(entries) {
        for (const entry of entries) {
            this.#leaveAtServer(entry, () => {});
        }
        for (const entry of entries) {
            this.#send(entry);
        }
    }
}
