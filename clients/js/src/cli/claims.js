// What is wrong with a token, in the module's words ($ws_pubsub_token_error)
// and for people. What ws_pubsub_token_check asks for beside is not known here.

import { Selector } from "../selector.js";
import { distance } from "./dates.js";
import { fits, isAlgorithm, isSignedBy } from "./jws.js";

const MS = 1000;
const MAX_NAME_BYTES = 255;
const TIMES = ["exp", "nbf", "iat"];

const wrong = (error, why) => ({ error, why });
export const GOOD = wrong("none", "the token is good");

export function isTicket(claims) {
    return claims.topic !== undefined || claims.channel !== undefined;
}

function ofTicket({ topic, channel, pub = false }) {
    if (channel !== undefined) {
        return wrong("claim", "a ticket has no channel");
    }
    try {
        new Selector(topic);
    } catch ({ message }) {
        return wrong("claim", `topic: ${message}`);
    }
    if (topic.startsWith("$")) {
        return wrong("claim", "topic: a ticket allows nothing in $…");
    }
    return typeof pub === "boolean" ? undefined
        : wrong("claim", "pub is neither true nor false");
}

function ofTimes(claims, nowMs) {
    const bad = TIMES.find((name) => claims[name] !== undefined &&
        typeof claims[name] !== "number");
    if (bad !== undefined) {
        return wrong("claim", `${bad} is no number`);
    }
    if (nowMs >= claims.exp * MS) {
        return wrong("expired", `it ended ${distance(claims.exp, nowMs)}`);
    }
    const early = ["nbf", "iat"].find((name) => nowMs < claims[name] * MS);
    return early && wrong("early",
        `${early} lies in the future, ${distance(claims[early], nowMs)}`);
}

function ofName(name, value) {
    return value === undefined || (typeof value === "string" && value !== "" &&
        Buffer.byteLength(value) <= MAX_NAME_BYTES &&
        !/[\u0000-\u001f\u007f]/.test(value)) ? undefined
        : wrong("claim", `${name} is no text of 1 to 255 bytes without ` +
            "control characters");
}

// Of a ticket, or of a token for a session.
export function checkClaims(claims, asTicket, nowMs = Date.now()) {
    const kind = asTicket ? ofTicket(claims) : isTicket(claims)
        ? wrong("ticket", "it has topic or channel, and opens no session")
        : undefined;
    return kind ?? ofTimes(claims, nowMs) ?? ofName("sub", claims.sub) ??
        ofName("jti", claims.jti) ?? GOOD;
}

// Undefined where it is as it has to be.
export function checkHeader({ alg, kid, crit }) {
    if (typeof alg !== "string") {
        return wrong("malformed", "it has no alg");
    }
    if (kid !== undefined && typeof kid !== "string") {
        return wrong("malformed", "its kid is no string");
    }
    if (crit !== undefined) {
        return wrong("malformed", "it has crit");
    }
    return isAlgorithm(alg) ? undefined
        : wrong("unknown_key", `its alg is ${JSON.stringify(alg)}, which no ` +
            "key is for");
}

// Undefined where one of the keys has signed it.
export function checkSignature(parts, keys) {
    const { alg, kid } = parts.header;
    const tried = keys.filter((one) => fits(one.key, alg) &&
        (one.alg ?? alg) === alg &&
        (kid === undefined || one.kid === undefined || one.kid === kid));
    if (tried.some(({ key }) => isSignedBy(key, alg, parts))) {
        return undefined;
    }
    return tried.some((one) => kid === undefined || one.kid === kid)
        ? wrong("signature", "it was signed by another key, or changed")
        : wrong("unknown_key", "no key has its alg and kid, or one without a " +
            "kid has signed it");
}
