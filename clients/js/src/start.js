// Where a subscription starts, and where it goes on after a drop: the fields
// of its `sub` command.

import { byteLength } from "./selector.js";

// "All that history holds": what a topic is asked for that came to be while
// the connection was away.
const EVERYTHING = Object.freeze({ last: 0xffffffff });

function isPosition(value) {
    return typeof value?.epoch === "string" && Number.isInteger(value.seq);
}

// What the application asked for, as {since, at}: `since` is undefined,
// "new" or {last}; `at` maps topics to positions. Throws TypeError.
export function wantedStart(selector, { since, last, positions }) {
    if ((since !== undefined) + (last !== undefined) > 1) {
        throw new TypeError("give one of since and last");
    }
    const at = new Map(Object.entries(positions ?? {}));
    const wanted = last === undefined ? since : { last };
    if (isPosition(wanted)) {
        if (!selector.isExact) {
            throw new TypeError("a selector goes on from positions");
        }
        at.set(selector.text, { epoch: wanted.epoch, seq: wanted.seq });
        return { since: undefined, at };
    }
    const isLast = Number.isInteger(wanted?.last) && wanted.last >= 0;
    if (wanted !== undefined && wanted !== "new" && !isLast) {
        throw new TypeError('since must be "new", {last} or {epoch, seq}');
    }
    return { since: isLast ? { last: wanted.last } : wanted, at };
}

// As many of [topic, position] as the command has room for. Of the others
// the server sends what it has, and what is known already is left out here.
function fitting(positions, maxBytes) {
    const taken = {};
    let room = maxBytes;
    for (const [topic, position] of positions) {
        room -= byteLength(JSON.stringify(topic) + JSON.stringify(position)) +
            2;
        if (room < 0) {
            break;
        }
        taken[topic] = position;
    }
    return taken;
}

function fields(selector, since, positions, maxBytes) {
    if (selector.isExact) {
        const at = positions.get(selector.text) ?? since;
        return at === undefined ? {} : { since: at };
    }
    const found = since === undefined ? {} : { since };
    if (positions.size > 0) {
        found.positions = fitting(positions, maxBytes);
    }
    return found;
}

// `wanted` as of wantedStart().
export function firstStart(selector, wanted, maxBytes) {
    return fields(selector, wanted.since, wanted.at, maxBytes);
}

// `topics`: [topic, Topic] that the selector matches. `knowsAll`: every topic
// that was there is among them, so that any other one is new.
export function nextStart(selector, wanted, topics, knowsAll, maxBytes) {
    const positions = new Map(knowsAll ? [] : wanted.at);
    let needsValue = false;
    for (const [name, topic] of topics) {
        positions.delete(name);
        if (topic.broken) {
            needsValue = true;
        } else if (topic.epoch !== undefined) {
            positions.set(name, topic.position);
        }
    }
    let { since } = wanted;
    if (knowsAll) {
        since = EVERYTHING;
    } else if (needsValue && since === "new") {
        since = undefined;
    }
    return fields(selector, since, positions, maxBytes);
}
