// From what the server sends to the subscriptions that it is for.
//
// The server sends a session each message once, however many of its
// selectors match: here it is given to every subscription that matches. What
// of it was there already, after a drop, goes to none.

import { DeltaError } from "./delta.js";
import { PubSubError } from "./errors.js";
import { decodePayload } from "./payload.js";
import { FROM_THE_FIRST, startOf } from "./topics.js";

const MAX_LISTED = 1000; // topics in the reply to a `sub`

export class Delivery {
    #topics;
    #entries;
    #startAnew;
    #report;

    // `entries`: selector → Entry, those of the roster. `startAnew(entries)`
    // subscribes to them anew, for full values; `report(error)` tells the
    // application what no subscription is.
    constructor(topics, entries, { startAnew, report }) {
        this.#topics = topics;
        this.#entries = entries;
        this.#startAnew = startAnew;
        this.#report = report;
    }

    // -- the reply to a `sub` ----------------------------------------------

    subscribed(entry, { topics, recovered }) {
        const resumed = entry.active;
        const listed = new Map(topics.map((one) => [one.topic, one]));
        const isWhole = topics.length < MAX_LISTED;
        const known = [...this.#topics.matching(entry.selector)];
        entry.active = true;
        entry.subscribed({
            topics, resumed,
            recovered: recovered || (resumed && !entry.hasLost &&
                known.every(([name, topic]) => listed.has(name) &&
                    topic.isAt(listed.get(name)))),
        });
        entry.hasLost = false;
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
            if (now === undefined) {
                if (isWhole) {
                    this.#forget(name, "removed");
                }
            } else if (topic.epoch === undefined) {
                topic.epoch = now.epoch;
            } else {
                this.#goOn(name, topic, now, () => FROM_THE_FIRST);
            }
        }
    }

    // Of a known topic, where the server says {topic, epoch, was, seq}.
    #goOn(name, topic, said, startOfAnother) {
        const fate = topic.fateAt(said);
        if (fate === undefined) {
            topic.epoch = said.epoch;
        } else {
            for (const entry of this.#targets(name)) {
                entry.hasLost ||= entry.isPending;
            }
            this.#forget(name, fate);
            this.#add(said, startOfAnother());
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
        if (targets.length === 0) {
            return;
        }
        const start = () => targets.map((entry) => this.#startOf(entry, said))
            .reduce((first, one) => one.seq < first.seq ? one : first);
        if (known === undefined) {
            this.#add(said, start());
        } else {
            this.#goOn(said.topic, known, said, start);
        }
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
            this.#unfit(said, topic, targets, error);
            return undefined;
        }
    }

    #unfit({ topic: name, seq }, topic, targets, error) {
        this.#report(new PubSubError("delta",
            `${name}: the delta of message ${seq} does not fit: ` +
            error.message));
        for (const entry of targets) {
            entry.delta &&= !topic.deltasFail;
        }
        this.#startAnew(targets);
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
