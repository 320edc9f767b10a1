// Publishes many messages, some of which wait for their answers.

import { openedFor, timeoutOf } from "./connection.js";
import { within } from "./failure.js";

export class WindowedPublisher {
    published = 0;
    #client;
    #window;
    #timeout;
    #where;
    #waiting = new Set();
    #failure;

    // `window`: messages that wait at a time.
    static async open(values, window) {
        const one = new WindowedPublisher();
        one.#client = await openedFor(values);
        one.#window = window;
        one.#timeout = timeoutOf(values);
        one.#where = values.api ?? values.url;
        return one;
    }

    // Resolves when another one may be published. Throws what an earlier one
    // failed with.
    async publish(topic, payload, answered = () => {}) {
        const asked = within(this.#timeout, this.#where,
            this.#client.publish(topic, payload))
            .then((answer) => {
                this.published++;
                answered(answer);
            }).catch((error) => {
                this.#failure ??= error;
            }).finally(() => this.#waiting.delete(asked));
        this.#waiting.add(asked);
        if (this.#waiting.size >= this.#window) {
            await Promise.race(this.#waiting);
        }
        this.#check();
    }

    #check() {
        if (this.#failure !== undefined) {
            throw this.#failure;
        }
    }

    // Resolves when all are answered.
    async finish() {
        await Promise.all(this.#waiting);
        this.#check();
    }

    close() {
        return this.#client.close();
    }
}
