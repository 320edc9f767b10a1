// Commands and their replies, over drops.
//
// A command waits while there is no connection. What becomes of one whose
// reply a drop has cut off depends on what it does when it is done twice.

import { PubSubError } from "./errors.js";
import { byteLength } from "./selector.js";

// Nothing (it reads): sent again.
export const RESEND = Object.freeze({ forMs: Infinity });
// Nothing while the server remembers its idempotency key, which is 5 minutes.
export const KEYED = Object.freeze({ forMs: 4 * 60 * 1000 });
// Something, or it belongs to its session: told to who asked.
export const REJECT = Object.freeze({ forMs: 0 });
// As REJECT, and it is sent at once, also before the connection is
// established: it says who is there.
export const UNWAITING = Object.freeze({ forMs: 0 });

const DROPPED = "the connection was lost before the reply; " +
    "it may have been done or not";

// After these the same bytes would only end the next session, too.
const FATAL_FOR_COMMANDS = new Set([1002, 1003, 1007, 1009]);

export class Commands {
    #link;
    #limit;
    #nextId = 1;
    #pending = new Map(); // id → entry, oldest first
    #unsent = 0;

    // `limit`: commands that wait for a connection.
    constructor(link, limit) {
        this.#link = link;
        this.#limit = limit;
        this.maxBytes = Infinity;
    }

    // Resolves to the reply's `ok`. `onDrop`: one of the above.
    request(command, onDrop) {
        return new Promise((resolve, reject) => {
            this.start(command, onDrop, (error, ok) =>
                error ? reject(error) : resolve(ok));
        });
    }

    // As request(), but done(error, ok) is called before the next frame is
    // looked at: a promise may come too late for that.
    start(command, onDrop, done) {
        const id = this.#nextId++;
        const text = JSON.stringify({ id, ...command });
        if (byteLength(text) > this.maxBytes) {
            done(new PubSubError("too large",
                `more than ${this.maxBytes} bytes in one command`));
            return;
        }
        const entry = { text, onDrop, sent: false, firstSentAt: 0, done };
        const canSend = this.#link.isOpen || onDrop === UNWAITING;
        if (!canSend && this.#unsent >= this.#limit) {
            done(new PubSubError("queue full",
                `${this.#limit} commands wait for the connection`));
            return;
        }
        this.#pending.set(id, entry);
        this.#unsent++;
        if (canSend) {
            this.#send(entry);
        }
    }

    #send(entry) {
        entry.sent = true;
        entry.firstSentAt ||= Date.now();
        this.#unsent--;
        this.#link.send(entry.text);
    }

    // Sends what waits, in the order in which it was asked for.
    flush() {
        for (const [id, entry] of [...this.#pending]) {
            if (entry.sent || !this.#link.isOpen) {
                continue;
            }
            if (entry.firstSentAt !== 0 &&
                Date.now() - entry.firstSentAt > entry.onDrop.forMs) {
                this.#unsent--;
                this.#lose(id, entry, "too long ago to send it again");
            } else {
                this.#send(entry);
            }
        }
    }

    // `said`: a reply with its id.
    replied(said) {
        const entry = this.#pending.get(said.id);
        if (entry === undefined) {
            return;
        }
        this.#pending.delete(said.id);
        if (said.error) {
            entry.done(new PubSubError(said.error.code, said.error.message));
        } else {
            entry.done(undefined, said.ok);
        }
    }

    dropped(code) {
        for (const [id, entry] of [...this.#pending]) {
            if (!entry.sent) {
                continue;
            }
            if (entry.onDrop.forMs > 0 && !FATAL_FOR_COMMANDS.has(code)) {
                entry.sent = false;
                this.#unsent++;
            } else {
                this.#lose(id, entry, `closed with ${code}`);
            }
        }
    }

    #lose(id, entry, why) {
        this.#pending.delete(id);
        entry.done(new PubSubError("dropped", `${DROPPED} (${why})`));
    }

    ended(error = new PubSubError("closed", "the client is closed")) {
        const pending = [...this.#pending.values()];
        this.#pending.clear();
        this.#unsent = 0;
        for (const entry of pending) {
            entry.done(error);
        }
    }
}
