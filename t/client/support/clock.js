// A clock that only the test moves: setTimeout and Date.now of this process.

import { turn } from "./wait.js";

const START = Date.UTC(2026, 0, 1);
const MAX_TIMEOUT_MS = 2 ** 31 - 1; // more is taken for 1

export class Clock {
    #now = START;
    #timers = new Map(); // id → {at, call}
    #nextId = 1;
    #real = { setTimeout, clearTimeout, now: Date.now };

    constructor() {
        globalThis.setTimeout = (call, ms = 0, ...values) => {
            const id = this.#nextId++;
            this.#timers.set(id, { call: () => call(...values),
                at: this.#now + (ms > MAX_TIMEOUT_MS ? 1 : Math.max(ms, 1)) });
            return id;
        };
        globalThis.clearTimeout = (id) => this.#timers.delete(id);
        Date.now = () => Math.floor(this.#now);
    }

    // As if the machine's clock was put there; nothing that waits is due.
    set(now) {
        const by = now - this.#now;
        this.#now = now;
        this.#timers.forEach((timer) => {
            timer.at += by;
        });
    }

    // Calls all that is due by then, each at its time, and what follows.
    async advance(ms) {
        const end = this.#now + ms;
        await turn();
        for (;;) {
            const [id, timer] = [...this.#timers].reduce((first, one) =>
                one[1].at < first[1].at ? one : first, [0, { at: Infinity }]);
            if (timer.at > end) {
                break;
            }
            this.#timers.delete(id);
            this.#now = timer.at;
            timer.call();
            await turn();
        }
        this.#now = end;
    }

    restore() {
        globalThis.setTimeout = this.#real.setTimeout;
        globalThis.clearTimeout = this.#real.clearTimeout;
        Date.now = this.#real.now;
    }
}
