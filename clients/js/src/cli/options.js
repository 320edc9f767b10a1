// The command line: what each command takes, and values in their types.

import { parseArgs } from "node:util";

import { usage } from "./failure.js";

const text = (short) => ({ type: "string", ...short && { short } });
const flag = (short) => ({ type: "boolean", ...short && { short } });

const COMMON = { json: flag("j"), quiet: flag("q"), help: flag("h") };
const REQUEST = { ...COMMON, header: { ...text("H"), multiple: true },
    token: text(), cacert: text(), insecure: flag("k"), timeout: text() };
const ENDPOINT = { ...REQUEST, url: text("u"), "in-band": flag() };
const CONTROL = { ...REQUEST, control: text("c") };
const API = { api: text("a") };
const PRINTING = { raw: flag("r") };
const SESSIONS = { user: text(), identity: text(), topic: text() };

// Options, and how many other arguments.
const COMMANDS = {
    sub: { options: { ...ENDPOINT, last: text(), since: text(), rate: text(),
        delta: flag(), count: text("n"), ...PRINTING },
    least: 1, most: Infinity },
    pub: { options: { ...ENDPOINT, type: text("t"), file: text("f"),
        lines: flag("l"), if: text(), key: text(), ...API },
    least: 1, most: 2 },
    get: { options: { ...ENDPOINT, limit: text(), after: text(), ...PRINTING,
        ...API }, least: 1, most: 1 },
    history: { options: { ...ENDPOINT, last: text(), since: text(),
        ...PRINTING, ...API }, least: 1, most: 1 },
    who: { options: ENDPOINT, least: 1, most: 1 },
    bench: { options: { ...ENDPOINT, publishers: text(), subscribers: text(),
        messages: text(), size: text(), window: text(), ...API },
    least: 0, most: 1 },
    sessions: { options: { ...CONTROL, ...SESSIONS, endpoint: text(),
        limit: text() }, least: 0, most: 0 },
    kick: { options: { ...CONTROL, ...SESSIONS, all: flag(), code: text(),
        reason: text() }, least: 0, most: 1 },
    revoke: { options: { ...CONTROL, user: text(), jti: text(), all: flag(),
        before: text(), list: flag(), undo: flag(), limit: text() },
    least: 0, most: 0 },
    token: { options: { ...COMMON, secret: text("s"), key: text(),
        alg: text(), kid: text(), sub: text(), exp: text(), topic: text(),
        pub: flag(), claim: { ...text(), multiple: true } },
    least: 1, most: 2 },
};

const DEFAULT_URL = "ws://localhost:8080/ws";
const DEFAULT_CONTROL = "http://localhost:8080/control/";
const NUMBERS = ["last", "rate", "count", "limit", "timeout", "publishers",
    "subscribers", "messages", "size", "window", "before", "code"];

export const NAMES = Object.keys(COMMANDS);

// {values, others}: options by name, and the other arguments. Throws where it
// is not what the command takes.
export function parse(command, args, environment) {
    const { options, least, most } = COMMANDS[command];
    const { values, positionals } = parseArgs({ args, allowPositionals: true,
        options });
    if (values.help) {
        return { values, others: positionals };
    }
    if (positionals.length < least || positionals.length > most) {
        throw usage(positionals.length < least ? "too few arguments"
            : "too many arguments");
    }
    for (const name of NUMBERS.filter((one) => values[one] !== undefined)) {
        values[name] = number(name, values[name]);
    }
    if (values.since !== undefined) {
        values.since = start(values.since);
    }
    addDefaults(values, options, environment);
    if (values["in-band"] && values.token === undefined) {
        throw usage("--in-band needs --token");
    }
    return { values, others: positionals };
}

// What is said by options counts more than what was said before.
function addDefaults(values, options, environment) {
    const isUrl = values.url !== undefined;
    if (options.url) {
        values.url ??= environment.WSPUBSUB_URL ?? DEFAULT_URL;
    }
    if (options.control) {
        values.control ??= environment.WSPUBSUB_CONTROL ?? DEFAULT_CONTROL;
    }
    if (options.api && !isUrl) {
        values.api ??= environment.WSPUBSUB_API;
    }
    if (options.token) {
        values.token ??= environment.WSPUBSUB_TOKEN;
    }
}

function number(name, value) {
    const found = Number(value);
    if (value.trim() === "" || !Number.isFinite(found) || found < 0) {
        throw usage(`--${name} must be a number, not "${value}"`);
    }
    return found;
}

// "epoch.seq" as {epoch, seq}.
export function position(name, value) {
    const [, epoch, seq] = /^(.+)\.(\d+)$/.exec(value) ?? [];
    if (epoch === undefined) {
        throw usage(`--${name} must be epoch.seq, not "${value}"`);
    }
    return { epoch, seq: Number(seq) };
}

function start(value) {
    return value === "new" ? value : position("since", value);
}

// Of --header and --token: headers by name.
export function headersOf({ header = [], token }) {
    const found = {};
    for (const one of header) {
        const at = one.indexOf(":");
        if (at < 1) {
            throw usage(`a header is "name: value", not "${one}"`);
        }
        found[one.slice(0, at).trim()] = one.slice(at + 1).trim();
    }
    if (token !== undefined) {
        found.Authorization = `Bearer ${token}`;
    }
    return found;
}
