// `wspubsub get`, `history` and `who`: print what is there, and end.

import { using } from "./connection.js";
import { usage } from "./failure.js";
import { Output } from "./output.js";

const MAX_PAGE = 1000; // what the server gives at once

// `page(client, item, left)`: asks for what comes after that
// item.
async function printAll(values, page, print, limit = Infinity) {
    await using(values, async (client) => {
        let left = limit;
        for (let more = true, item; more && left > 0;) {
            const found = await page(client, item, left);
            for (const one of found.items.slice(0, left)) {
                print(one);
                left--;
            }
            item = found.items.at(-1);
            more = found.more && item !== undefined;
        }
    });
}

export async function get({ values, others: [selector] }) {
    const output = new Output(values);
    const page = (client, item, left) => client.get(selector, {
        after: item?.topic ?? values.after,
        limit: Math.min(left, MAX_PAGE) });
    await printAll(values, page, (one) => output.message(one), values.limit);
}

export async function history({ values, others: [topic] }) {
    const { last, since } = values;
    if ((last === undefined) === (since === undefined) || since === "new") {
        throw usage("give one of --last and --since epoch.seq");
    }
    const output = new Output(values);
    const page = (client, item) => client.history(topic, item === undefined
        ? { last, since } : { since: { epoch: item.epoch, seq: item.seq } });
    await printAll(values, page, (one) =>
        output.message(one, { label: String(one.seq) }));
}

export async function who({ values, others: [topic] }) {
    const output = new Output(values);
    const answer = await using(values, (client) => client.who(topic));
    if (output.isJson) {
        output.json(answer);
    } else {
        answer.who.forEach((one) => output.line(one));
    }
}
