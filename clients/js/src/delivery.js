// From what the server sends to the subscriptions that it is for.
//
// The server sends a session each message once, however many of its
// selectors match: here it is given to every subscription that matches. What
// of it was there already, after a drop, goes to none.

import { REJECT } from "./commands.js";
import { DeltaError } from "./delta.js";
import { Entry } from "./entry.js";
import { PubSubError } from "./errors.js";
import { catchUp } from "./late.js";
import { decodePayload } from "./payload.js";
import { firstStart, nextStart } from "./start.js";
import { Subscription } from "./subscription.js";
import { FROM_THE_FIRST, startOf, Topics } from "./topics.js";

const MAX_LISTED = 1000; // topics in the reply to a `sub`
const ALREADY_SUBSCRIBED = 105;
const WORTH_A_RETRY = new Set([100, 108, 111]); // internal, full, rate

const NEW_SESSION = new Set(["dropped", "closed"]); // brings all again, or none

export class Delivery {
    #entries = new Map(); // selector → Entry
    #topics = new Topics();
    #link;
    #commands;
    #retryDelay;
    #report;

    // `retryDelay`: ms after which, at least, a refusal that may pass is tried
    // again. `report(error)` tells the application what no subscription is.
    constructor(link, commands, retryDelay, report) {
        this.#link = link;
        this.#commands = commands;
        this.#retryDelay = retryDelay;
        this.#report = report;
    }

    // -- subscriptions -----------------------------------------------------

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
        if (!entry.active && entry.startsLike(fresh)) {
            return; // the first reply is for both
        }
        subscription.hold();
        const begin = () => catchUp(subscription, entry.selector,
            fresh.wanted, [...this.#topics.matching(entry.selector)],
            this.#commands);
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
        const { selector, wanted, delta, rate } = entry;
        const room = this.#commands.maxBytes / 2;
        const start = entry.active
            ? nextStart(selector, wanted, this.#topics.matching(selector),
                entry.knowsAll, room)
            : firstStart(selector, wanted, room);
        const command = { op: "sub", topic: selector.text, ...start };
        if (delta) {
            command.delta = true;
        }
        if (rate !== undefined) {
            command.rate = rate;
        }
        this.#commands.start(command, REJECT, (error, ok) => {
            if (!this.#isThere(entry) || NEW_SESSION.has(error?.code)) {
                return;
            }
            if (error) {
                this.#refused(entry, error);
            } else {
                this.#subscribed(entry, ok);
            }
        });
    }

    #isThere(entry) {
        return this.#entries.get(entry.selector.text) === entry;
    }

    #refused(entry, error) {
        if (WORTH_A_RETRY.has(error.code)) {
            entry.retry = setTimeout(() => {
                if (this.#isThere(entry) && this.#link.isOpen) {
                    this.#send(entry);
                }
            }, this.#retryDelay * (1 + Math.random()));
            return;
        }
        this.#remove(entry);
        if (!entry.hearsErrors) {
            this.#report(error);
        }
        entry.end(error);
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

    // -- the reply to a `sub` ----------------------------------------------

    #subscribed(entry, { topics, recovered }) {
        const resumed = entry.active;
        const listed = new Map(topics.map((one) => [one.topic, one]));
        const isWhole = topics.length < MAX_LISTED;
        const known = [...this.#topics.matching(entry.selector)];
        entry.active = true;
        entry.subscribed({
            topics, resumed,
            recovered: recovered || (resumed && known.every(([name, topic]) =>
                listed.has(name) && topic.isAt(listed.get(name)))),
        });
        if (resumed) {
            this.#compare(known, listed, isWhole);
        } else {
            this.#bringUpToDate(entry, known, listed);
        }
        for (const one of topics) {
            if (this.#topics.get(one.topic) === undefined) {
                this.#add(one, resumed && entry.knowsAll ? FROM_THE_FIRST
                    : this.#startOf(entry, one));
            }
        }
        entry.knowsAll = isWhole;
        entry.late.splice(0).forEach((begin) => begin());
    }

    // What became of the known topics while the connection was away.
    #compare(known, listed, isWhole) {
        for (const [name, topic] of known) {
            const now = listed.get(name);
            if (now === undefined && isWhole) {
                this.#forget(name, "removed");
            } else if (now !== undefined && topic.epoch === undefined) {
                topic.epoch = now.epoch;
            } else if (now !== undefined && topic.epoch !== now.epoch) {
                this.#forget(name, "replaced");
                this.#add(now, FROM_THE_FIRST);
            }
        }
    }

    // Topics that other subscriptions bring already: the server does not
    // start them anew.
    #bringUpToDate(entry, known, listed) {
        for (const [name, topic] of known) {
            entry.tell("Topic", listed.get(name) ??
                { topic: name, ...topic.position });
            if (topic.last !== undefined && entry.wanted.since !== "new") {
                entry.message(topic.last);
            }
        }
    }

    #startOf({ wanted }, listed) {
        return startOf(listed, wanted.since, wanted.at.get(listed.topic));
    }

    #add({ topic, epoch, seq }, start) {
        this.#topics.add(topic, epoch, start);
        this.#tell(topic, "Topic", { topic, epoch, seq });
    }

    // Whether it was known.
    #forget(topic, reason) {
        const wasKnown = this.#topics.remove(topic);
        if (wasKnown) {
            this.#tell(topic, "Gone", { topic, reason });
        }
        return wasKnown;
    }

    // -- what the server pushes --------------------------------------------

    // What a later server may say beside these is passed over.
    push(said) {
        const { op, topic, reason, who } = said;
        if (op === "msg" || op === "delta") {
            this.#message(said);
        } else if (op === "topic") {
            this.#topic(said);
        } else if (op === "gap") {
            this.#gap(said);
        } else if (op === "gone") {
            this.#gone(topic, reason);
        } else if (op === "join") {
            this.#tell(topic, "Join", { topic, who });
        } else if (op === "leave") {
            this.#tell(topic, "Leave", { topic, who });
        }
    }

    // Also where it went before this client was there, which the application's
    // positions still name.
    #gone(topic, reason) {
        const named = this.#targets(topic).filter(
            ({ wanted }) => wanted.at.delete(topic));
        if (!this.#forget(topic, reason) && named.length > 0) {
            this.#tell(topic, "Gone", { topic, reason });
        }
    }

    #targets(topic) {
        return [...this.#entries.values()].filter(
            (entry) => entry.active && entry.selector.matches(topic));
    }

    #tell(topic, event, value) {
        for (const entry of this.#targets(topic)) {
            entry.tell(event, value);
        }
    }

    #topic(said) {
        const targets = this.#targets(said.topic);
        const known = this.#topics.get(said.topic);
        if (targets.length === 0 || known?.epoch === said.epoch) {
            return;
        }
        if (known !== undefined) {
            this.#forget(said.topic, "replaced");
        }
        const starts = targets.map((entry) => this.#startOf(entry, said));
        this.#add(said, starts.reduce(
            (first, one) => one.seq < first.seq ? one : first));
    }

    #gap({ topic, from, to, cause }) {
        const known = this.#topics.get(topic);
        const heard = known === undefined ? { from, to }
            : known.skip({ from, to });
        if (heard !== undefined) {
            this.#tell(topic, "Gap", { topic, ...heard, cause });
        }
    }

    #message(said) {
        const { topic: name, seq } = said;
        const targets = this.#targets(name);
        if (targets.length === 0) {
            return; // unsubscribed while it was under way
        }
        const topic = this.#topics.get(name) ??
            this.#topics.add(name, undefined, { seq: seq - 1 });
        const full = this.#full(said, topic, targets);
        if (full === undefined) {
            return;
        }
        const { isNew, gap } = topic.take(seq);
        if (gap !== undefined) {
            this.#tell(name, "Gap", { topic: name, ...gap, cause: "missed" });
        }
        const message = isNew && this.#decode(full, topic, said.op);
        if (message) {
            topic.last = message;
            for (const entry of targets) {
                entry.message(message);
            }
        }
    }

    // The message itself, also where a delta came; undefined where that does
    // not fit.
    #full(said, topic, targets) {
        if (said.op === "msg") {
            topic.keepBase(targets.some(({ delta }) => delta)
                ? said : { seq: said.seq });
            return said;
        }
        const isOld = topic.started && said.seq <= topic.seq;
        if (topic.broken || (isOld && topic.base?.seq !== said.base)) {
            return undefined;
        }
        try {
            return topic.rebuild(said);
        } catch (error) {
            if (!(error instanceof DeltaError)) {
                throw error;
            }
            this.#startAnew(said, topic, targets, error);
            return undefined;
        }
    }

    // There is no asking for one topic of a selector: all subscriptions that
    // bring it leave and come back, and go on in all topics but this one.
    #startAnew({ topic: name, seq }, topic, targets, error) {
        this.#report(new PubSubError("delta",
            `${name}: the delta of message ${seq} does not fit: ` +
            error.message));
        for (const entry of targets) {
            entry.delta &&= !topic.deltasFail;
            this.#leaveAtServer(entry, () => {});
        }
        for (const entry of targets) {
            this.#send(entry);
        }
    }

    #decode(full, { epoch }, op) {
        const { topic, seq } = full;
        try {
            return {
                topic, seq, epoch, form: op === "delta" ? "delta" : "full",
                ...decodePayload(full),
            };
        } catch (error) {
            this.#report(new PubSubError(
                "protocol", `${topic}: message ${seq}: ${error.message}`));
            this.#tell(topic, "Gap",
                { topic, from: seq, to: seq, cause: "protocol" });
            return undefined;
        }
    }
}
