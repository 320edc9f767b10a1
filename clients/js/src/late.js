// Brings a subscription up to date whose selector others have subscribed to
// before: the server would not start it anew.
//
// It holds what comes meanwhile, gets what it asked for, by what the client
// has or by a question of its own, and then of what it held all that is newer.

import { RESEND } from "./commands.js";
import { decodeItem } from "./payload.js";

const MAX_ITEMS = 1000; // of a page, and what `last` may be
const UNKNOWN_TOPIC = 102;
const OTHER_EPOCH = 112;

function positionOf({ epoch, seq }) {
    return { epoch, seq };
}

// `wanted`: as of wantedStart(). `topics`: [name, Topic] that the selector
// matches. Never rejects.
export async function catchUp(subscription, selector, wanted, topics,
    commands) {
    const listed = topics.map(([topic, known]) => ({ topic, epoch: known.epoch,
        seq: Math.max(known.seq, known.floor) }));
    const told = await past(selector, wanted, topics, commands);
    const at = new Map(wanted.since === "new" && wanted.at.size === 0
        ? listed.map((one) => [one.topic, positionOf(one)]) : []);
    for (const [event, value] of told.events) {
        if (event === "Message") {
            at.set(value.topic, positionOf(value));
        }
    }
    subscription.release({ topics: listed, recovered: told.recovered,
        resumed: false }, told.events, at);
}

async function past(selector, { since, at }, topics, commands) {
    const position = at.get(selector.text);
    try {
        if (position !== undefined || (selector.isExact && since?.last >= 0)) {
            return await history(selector.text, since, position, commands);
        }
        if (since === "new") {
            return { recovered: true, events: [] };
        }
        return { recovered: at.size === 0,
            events: await values(selector, topics, commands) };
    } catch (error) {
        const isOld = error.code === OTHER_EPOCH;
        return { recovered: error.code === UNKNOWN_TOPIC, events: isOld
            ? await values(selector, topics, commands).catch(() => [])
            : [] };
    }
}

// The newest message of each topic.
async function values(selector, topics, commands) {
    if (topics.every(([, { last }]) => last !== undefined)) {
        return topics.map(([, { last }]) => ["Message", last]);
    }
    return messages(await pages(
        { op: "get", topic: selector.text, limit: MAX_ITEMS }, commands,
        ({ topic }) => ({ after: topic })));
}

async function history(topic, since, position, commands) {
    if (position === undefined && since.last === 0) {
        return { recovered: true, events: [] };
    }
    const start = position === undefined
        ? { last: Math.min(since.last, MAX_ITEMS) } : { since: position };
    const items = await pages({ op: "history", topic, ...start }, commands,
        (item) => ({ last: undefined, since: positionOf(item) }));
    const events = messages(items);
    const from = position?.seq + 1;
    const isLoss = items.length > 0 && items[0].seq > from;
    if (isLoss) {
        events.unshift(["Gap",
            { topic, from, to: items[0].seq - 1, cause: "evicted" }]);
    }
    return { recovered: !isLoss, events };
}

// All items; `next(item)`: what is asked for after it.
async function pages(command, commands, next) {
    const found = [];
    for (let asked = command; ;) {
        const { items, more } = await commands.request(asked, RESEND);
        found.push(...items.map(decodeItem));
        if (!more || items.length === 0) {
            return found;
        }
        asked = { ...command, ...next(items.at(-1)) };
    }
}

function messages(items) {
    return items.filter(({ kind }) => kind !== undefined).map(
        ({ time: _, topic, seq, epoch, ...payload }) => ["Message",
            { topic, seq, epoch, form: "full", ...payload }]);
}
