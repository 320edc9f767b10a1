// `wspubsub sub`: prints what comes, over any number of connections.

import { Selector } from "../selector.js";
import { ending, start } from "./connection.js";
import { failureOf, within } from "./failure.js";
import { Output } from "./output.js";

const CLOSE_NORMAL = 1000;

export async function sub({ values, others: selectors }) {
    const output = new Output(values);
    const client = start(values, { onState: (change) => told(output, change) });
    const stop = () => client.close();
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    const finished = new Promise((resolve, reject) => {
        subscribeAll(client, selectors, values, output, { resolve, reject });
        ending(client, false).then(reject);
        client.on("state", ({ state, code }) =>
            state === "closed" && code === CLOSE_NORMAL && resolve());
    });
    try {
        await (values.timeout === undefined ? finished
            : within(values.timeout, selectors.join(" "), finished));
    } finally {
        process.off("SIGINT", stop);
        process.off("SIGTERM", stop);
        await client.close();
    }
}

function told(output, { state, code, reason, delay, previous }) {
    if (state === "waiting") {
        const seconds = (delay / 1000).toFixed(1);
        output.note(`no connection (${reason || code}); again in ${seconds} s`);
    } else if (state === "open" && previous === "connecting") {
        output.note("connected");
    }
}

// Selectors may overlap: a message is printed once.
function subscribeAll(client, selectors, values, output, { resolve, reject }) {
    const { last, since, rate, delta, count = Infinity } = values;
    const known = [...new Set(selectors)].map((text) => new Selector(text));
    let left = count;
    const isOwn = (number, topic) =>
        known.findIndex((one) => one.matches(topic)) === number;
    known.forEach(({ text }, number) => {
        const event = (op, words) => (said) => isOwn(number, said.topic) &&
            notice(output, { op, ...said }, words);
        client.subscribe(text, {
            last, since, rate, delta,
            onMessage: (message) => {
                if (left <= 0 || !isOwn(number, message.topic)) {
                    return;
                }
                output.message(message, { op: "msg" });
                left--;
                if (left === 0) {
                    resolve();
                }
            },
            onTopic: event("topic"),
            onGap: event("gap", ({ from, to, cause }) =>
                `${from} to ${to} will not come: ${cause}`),
            onGone: event("gone", ({ reason }) => `is gone: ${reason}`),
            onJoin: event("join", ({ who }) => `${who} has joined`),
            onLeave: event("leave", ({ who }) => `${who} has left`),
            onError: (error) => reject(failureOf(error)),
        });
    });
}

function notice(output, said, words) {
    if (output.isJson) {
        output.json(said);
    } else if (words !== undefined) {
        output.note(`${said.topic}: ${words(said)}`);
    }
}
