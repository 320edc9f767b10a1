// `wspubsub token make`.

import { checkClaims, checkHeader, isTicket } from "./claims.js";
import { durationOf } from "./dates.js";
import { usage } from "./failure.js";
import { NAMES, isAlgorithm, partsOf, secretBytes, signed }
    from "./jws.js";
import { Output } from "./output.js";
import { signingKey } from "./token_keys.js";

const LIFE = "1h";

// "name=value": JSON, or else a text.
function claimOf(text) {
    const at = text.indexOf("=");
    if (at < 1) {
        throw usage(`a claim is name=value, not "${text}"`);
    }
    const value = text.slice(at + 1);
    try {
        return [text.slice(0, at), JSON.parse(value)];
    } catch {
        return [text.slice(0, at), value];
    }
}

function claimsOf({ sub, exp = LIFE, topic, pub, claim = [] }) {
    if (pub && topic === undefined) {
        throw usage("--pub is for a ticket, --topic");
    }
    const now = Math.floor(Date.now() / 1000);
    const expires = exp === "never" ? undefined : now + durationOf("exp", exp);
    return { sub, topic, pub, iat: now, exp: expires,
        ...Object.fromEntries(claim.map(claimOf)) };
}

// Those who try what is refused want just that; others are told.
function warn(output, token, key) {
    const { alg } = partsOf(token)?.header ?? {};
    if (alg !== undefined && key.symmetricKeySize < secretBytes(alg)) {
        output.note(`a secret for ${alg} should have ` +
            `${secretBytes(alg)} bytes`);
    }
    const parts = partsOf(token);
    const { error, why } = parts?.claims === undefined
        ? { error: "malformed", why: "it is longer than 8 KB" }
        : checkHeader(parts.header) ??
            checkClaims(parts.claims, isTicket(parts.claims));
    if (error !== "none") {
        output.note(`it will be refused: ${error}: ${why}`);
    }
}

export async function make({ values }) {
    if (values.alg !== undefined && !isAlgorithm(values.alg)) {
        throw usage(`--alg is one of ${NAMES.join(", ")}`);
    }
    const output = new Output(values);
    const { key, alg, kid } = signingKey(values);
    const header = { alg, kid, typ: "JWT" };
    const claims = claimsOf(values);
    const token = signed(header, claims, key);
    warn(output, token, key);
    if (output.isJson) {
        output.json({ token, header, claims });
    } else {
        output.line(token);
    }
}
