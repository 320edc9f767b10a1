// What is known of each topic that a subscription brings: where it stands,
// and the text that the next delta is made from.
//
// A topic that is listed is not there yet in full: its value, or its last
// messages, are still to come. Its position is what makes the server send
// just these again, should the connection drop in between. Up to `floor` it
// is no loss if they never come: the topic may keep none.

import { applyTextDelta, DeltaError } from "./delta.js";

const MAX_DELTA_FAILURES = 3;

class Topic {
    // `start`: {seq, floor, started}, see startOf().
    constructor(epoch, { seq, floor = 0, started = true }) {
        this.epoch = epoch;
        this.seq = seq; // everything up to it was delivered or is given up
        this.floor = floor;
        this.started = started;
        this.last = undefined; // the newest message
        this.base = undefined; // {seq, kind, text}
        this.broken = false; // waits for a full value
        this.failures = 0; // deltas that did not fit, one after the other
    }

    get position() {
        return { epoch: this.epoch, seq: this.seq };
    }

    // Whether nothing of it can be missing at a topic that stands there.
    isAt(listed) {
        return isEpochOf(listed, this.epoch) &&
            listed.seq === (this.started ? this.seq : this.floor);
    }

    // What became of it, if the server says that it stands at {epoch, was,
    // seq}: undefined, it goes on; "replaced" by another one; or "reset", the
    // server has lost what it told.
    fateAt(said) {
        if (!isEpochOf(said, this.epoch)) {
            return "replaced";
        }
        return this.seq > said.seq ? "reset" : undefined;
    }

    // Takes the number of a message that came: whether it is new, and which
    // ones are missing without a word from the server.
    take(seq) {
        const expected = this.seq + 1;
        if (this.started && seq < expected) {
            return { isNew: false };
        }
        const isGap = this.started && seq > expected;
        this.seq = seq;
        this.started = true;
        return {
            isNew: true,
            gap: isGap ? { from: expected, to: seq - 1 } : undefined,
        };
    }

    // Takes the server's gap: what of it the application should hear.
    skip({ from, to }) {
        if (to < from) {
            return { from, to }; // the position was of another epoch
        }
        const heard = { from: Math.max(from, this.seq + 1), to };
        const isLoss = heard.from <= to && (this.started || to > this.floor);
        this.started ||= to > this.floor;
        this.seq = Math.max(this.seq, to);
        return isLoss ? heard : undefined;
    }

    // Remembers the text of a message that came in full.
    keepBase(said) {
        const text = said.json ?? said.text;
        this.broken = false;
        this.base = text === undefined ? undefined
            : { seq: said.seq, kind: "json" in said ? "json" : "text", text };
    }

    // Makes a full message of a delta. Throws DeltaError where it does not
    // fit; then deltas are of no use until a full message comes.
    rebuild({ topic, seq, base, delta }) {
        try {
            if (this.base?.seq !== base) {
                throw new DeltaError(`message ${base} is not the one here`);
            }
            const text = applyTextDelta(this.base.text, delta);
            this.base = { ...this.base, seq, text };
            this.failures = 0;
            return { topic, seq, [this.base.kind]: text };
        } catch (error) {
            this.base = undefined;
            this.broken = true;
            this.failures++;
            throw error;
        }
    }

    get deltasFail() {
        return this.failures >= MAX_DELTA_FAILURES;
    }
}

// Whether a topic that stands at {epoch, was} has, or had, that epoch.
function isEpochOf({ epoch, was }, known) {
    return known !== undefined && (known === epoch || known === was);
}

// Where a topic starts that stands at `listed` {epoch, was, seq}:
//   `since`  undefined (the value), "new" or {last}
//   `at`     the position that the application gave for it
export function startOf(listed, since, at) {
    if (at !== undefined) {
        const holds = isEpochOf(listed, at.epoch) && at.seq <= listed.seq;
        return { seq: holds ? at.seq : 0 };
    }
    if (since === "new" || listed.seq === 0) {
        return { seq: listed.seq };
    }
    const wanted = since?.last ?? 1;
    return {
        seq: Math.max(0, listed.seq - wanted), floor: listed.seq,
        started: false,
    };
}

// From the very first message, for a topic that came to be while away.
export const FROM_THE_FIRST = Object.freeze({ seq: 0 });

export class Topics {
    #all = new Map();

    get(topic) {
        return this.#all.get(topic);
    }

    // A topic that is new, or is another one by the same name.
    add(topic, epoch, start) {
        const made = new Topic(epoch, start);
        this.#all.set(topic, made);
        return made;
    }

    remove(topic) {
        return this.#all.delete(topic);
    }

    *matching(selector) {
        if (selector.isExact) {
            const one = this.#all.get(selector.text);
            if (one !== undefined) {
                yield [selector.text, one];
            }
            return;
        }
        for (const entry of this.#all) {
            if (selector.matches(entry[0])) {
                yield entry;
            }
        }
    }

    // Forgets what `isWanted(topic)` denies.
    keepOnly(isWanted) {
        for (const topic of [...this.#all.keys()]) {
            if (!isWanted(topic)) {
                this.#all.delete(topic);
            }
        }
    }
}
