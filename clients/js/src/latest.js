// The newest message of each topic of a selector, as components want it: a
// snapshot that is another object after each change, and listeners.
//
// Subscribed to while somebody listens. What was seen stays for who comes
// back.

export const EMPTY = Object.freeze({ message: undefined, data: undefined,
    topics: Object.freeze({}), ready: false, error: undefined });

const MAX_LISTED = 1000; // topics in the reply to a subscription

export class Latest {
    #begin;
    #subscription;
    #listeners = new Set();
    #seen = EMPTY;

    // No selector: nothing is subscribed to. `options`: as of
    // client.subscribe(), without callbacks.
    constructor(client, selector, options) {
        this.#begin = () => selector ? client.subscribe(selector, {
            ...options,
            onSubscribed: (reply) => this.#subscribed(reply),
            onMessage: (message) => this.#message(message),
            onGone: ({ topic }) => this.#gone(topic),
            onError: (error) => this.#change({ error }),
        }) : undefined;
    }

    snapshot = () => this.#seen;

    // Returns a function that takes the listener away again.
    listen = (listener) => {
        const own = () => listener(); // the same one may come twice
        this.#listeners.add(own);
        if (this.#listeners.size === 1) {
            this.#start();
        }
        return () => {
            if (this.#listeners.delete(own) && this.#listeners.size === 0) {
                this.#subscription?.unsubscribe();
            }
        };
    };

    #start() {
        if (this.#seen.error !== undefined) {
            this.#seen = EMPTY;
        }
        try {
            this.#subscription = this.#begin();
        } catch (error) {
            this.#change({ error });
        }
    }

    // What went while nobody listened is not told.
    #subscribed({ topics, resumed }) {
        if (!resumed && topics.length < MAX_LISTED) {
            const there = new Set(topics.map(({ topic }) => topic));
            Object.keys(this.#seen.topics)
                .filter((topic) => !there.has(topic))
                .forEach((topic) => this.#gone(topic));
        }
        this.#change({ ready: true });
    }

    #message(message) {
        this.#change({ message, data: message.data,
            topics: { ...this.#seen.topics, [message.topic]: message } });
    }

    #gone(topic) {
        const { [topic]: _, ...topics } = this.#seen.topics;
        const isNewest = this.#seen.message?.topic === topic;
        this.#change({ topics, ...isNewest
            ? { message: undefined, data: undefined } : {} });
    }

    #change(what) {
        this.#seen = Object.freeze({ ...this.#seen, ...what });
        [...this.#listeners].forEach((tell) => tell());
    }
}

// `options` without what is for the hook alone.
export function subscribeOptions(
    { since, last, positions, delta, rate, getTicket }) {
    return { since, last, positions, delta, rate, getTicket };
}
