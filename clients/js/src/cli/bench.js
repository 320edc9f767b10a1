// `wspubsub bench`: how many messages go through, and how long they take,
// from this machine and back to it.

import { randomBytes } from "node:crypto";

import { opened, timeoutOf } from "./connection.js";
import { EXIT, Failure, usage, within } from "./failure.js";
import { Output } from "./output.js";
import { WindowedPublisher } from "./publisher.js";

const STAMP_BYTES = 16;

// When it was published, in ms of this process, and what makes it as long as
// it should be.
function payload(size) {
    const stamp = performance.now().toFixed(4).padStart(STAMP_BYTES);
    return { text: stamp.padEnd(size, "x") };
}

function plan(values) {
    const { publishers = 1, subscribers = 10, messages = 10_000, size = 100,
        window = 32 } = values;
    const all = { publishers, subscribers, messages, size, window };
    for (const [name, value] of Object.entries(all)) {
        const least = name === "subscribers" ? 0
            : name === "size" ? STAMP_BYTES : 1;
        if (!Number.isInteger(value) || value < least) {
            throw usage(`--${name} must be a whole number from ${least}`);
        }
    }
    return all;
}

// A subscriber that counts, on a connection of its own.
class Counter {
    took = []; // ms of each message
    missing = 0; // as gaps tell
    #client;
    #change;

    static async open(values, topic) {
        const one = new Counter();
        one.#client = await opened(values);
        try {
            await one.#subscribe(topic);
            return one;
        } catch (error) {
            await one.close();
            throw error;
        }
    }

    async #subscribe(topic) {
        const subscription = this.#client.subscribe(topic, {
            since: "new",
            onMessage: ({ text }) => {
                this.took.push(performance.now() - Number(text.slice(
                    0, STAMP_BYTES)));
                this.#change?.();
            },
            onGap: ({ from, to }) => {
                this.missing += Math.max(0, to - from + 1);
                this.#change?.();
            },
            onError: () => {}, // ready is rejected, too
        });
        await subscription.ready;
    }

    // Resolves when so many came, or were told missing.
    got(count) {
        return new Promise((resolve) => {
            this.#change = () => {
                if (this.took.length + this.missing >= count) {
                    resolve();
                }
            };
            this.#change();
        });
    }

    close() {
        return this.#client.close();
    }
}

async function publishAll(publishers, topic, { messages, size }) {
    await Promise.all(publishers.map(async (one, number) => {
        const share = Math.floor((messages + number) / publishers.length);
        for (let n = 0; n < share; n++) {
            await one.publish(topic, payload(size));
        }
        await one.finish();
    }));
}

function percentile(sorted, share) {
    return sorted[Math.min(sorted.length - 1,
        Math.floor(sorted.length * share))];
}

function summary({ messages, size }, counters, publishedMs, deliveredMs) {
    const took = Float64Array.from(counters.flatMap((one) => one.took)).sort();
    const round = (value) => Number(value?.toFixed(3));
    return {
        messages, size, subscribers: counters.length,
        published_per_s: Math.round(messages / publishedMs * 1000),
        delivered: took.length,
        delivered_per_s: Math.round(took.length / deliveredMs * 1000),
        missing: counters.reduce((sum, one) => sum + one.missing, 0),
        ...took.length > 0 && { latency_ms: {
            p50: round(percentile(took, 0.5)),
            p99: round(percentile(took, 0.99)), max: round(took.at(-1)) } },
    };
}

function print(output, said) {
    if (output.isJson) {
        output.json(said);
        return;
    }
    const { messages, size, subscribers, latency_ms: latency } = said;
    output.line(`${messages} messages of ${size} bytes, ` +
        `${subscribers} subscribers`);
    output.line(`published  ${said.published_per_s}/s`);
    output.line(`delivered  ${said.delivered_per_s}/s, ` +
        `${said.delivered} in all, ${said.missing} missing`);
    if (latency !== undefined) {
        const { p50, p99, max } = latency;
        output.line(
            `latency    p50 ${p50} ms, p99 ${p99} ms, most ${max} ms`);
    }
}

export async function bench({ values, others: [named] }) {
    const planned = plan(values);
    const topic = named ?? `bench/${randomBytes(4).toString("hex")}`;
    const open = [];
    const keep = (one) => {
        open.push(one);
        return one;
    };
    try {
        const counters = await all(planned.subscribers,
            () => Counter.open(values, topic).then(keep));
        const publishers = await all(planned.publishers, () =>
            WindowedPublisher.open(values, planned.window).then(keep));
        const began = performance.now();
        await publishAll(publishers, topic, planned);
        const published = performance.now() - began;
        await within(timeoutOf(values), "the last message", Promise.all(
            counters.map((one) => one.got(planned.messages))));
        print(new Output(values), summary(planned, counters, published,
            performance.now() - began));
        if (counters.some(({ missing }) => missing > 0)) {
            throw new Failure(EXIT.failed, "messages are missing");
        }
    } finally {
        await Promise.all(open.map((one) => one.close()));
    }
}

// Rejects only when none is being made any more: all that are there are kept.
async function all(count, make) {
    const made = await Promise.allSettled(Array.from({ length: count }, make));
    const failed = made.find(({ status }) => status === "rejected");
    if (failed !== undefined) {
        throw failed.reason;
    }
    return made.map(({ value }) => value);
}
