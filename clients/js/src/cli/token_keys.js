// Keys of tokens, from files as the module has them, and private ones.

import { createPrivateKey, createPublicKey, createSecretKey }
    from "node:crypto";
import { readFileSync } from "node:fs";

import { usage } from "./failure.js";
import { algorithmOf, fits, isAlgorithm, objectOf } from "./jws.js";

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth"];

function isPem(bytes) {
    return bytes.includes("-----BEGIN ");
}

// The newline at its end is not part of it.
function secretOf(bytes) {
    const text = bytes.toString("latin1").replace(/\r?\n$/, "");
    if (text === "") {
        throw usage("the secret is empty");
    }
    return createSecretKey(Buffer.from(text, "latin1"));
}

function given({ secret, key }) {
    if ((secret === undefined) === (key === undefined)) {
        throw usage("give one of --secret and --key");
    }
    return secret === undefined ? readFileSync(key) : undefined;
}

// What a JWK is of: a secret, a private or a public key.
function keyOfJwk(jwk, make) {
    return jwk.kty === "oct" && typeof jwk.k === "string"
        ? createSecretKey(Buffer.from(jwk.k, "base64url"))
        : make({ key: jwk, format: "jwk" });
}

// Calls make(); what it throws may have nothing of the key in it.
function made(make, what) {
    try {
        return make();
    } catch {
        throw usage(`--key: ${what}`);
    }
}

// What signs: {key, alg, kid}. `values`: secret or key.
export function signingKey(values) {
    const bytes = given(values);
    const jwk = bytes && objectOf(bytes);
    const key = bytes === undefined ? secretOf(Buffer.from(values.secret))
        : isPem(bytes) ? made(() => createPrivateKey(bytes),
            "it is no private key in PEM without a password")
            : jwk === undefined ? secretOf(bytes)
                : made(() => keyOfJwk(jwk, createPrivateKey),
                    "it is no private key and no secret as a JWK");
    const alg = values.alg ?? jwk?.alg ?? algorithmOf(key);
    if (!isAlgorithm(alg) || !fits(key, alg)) {
        throw usage(alg === undefined ? "such a key signs no tokens"
            : `the key is none for ${alg}`);
    }
    return { key, alg, kid: values.kid ?? jwk?.kid };
}

// A key, or why it is none: {key, alg, kid} or {why}.
function checkingJwk(jwk) {
    const refused = (why) => ({ why });
    if (typeof jwk !== "object" || jwk === null || Array.isArray(jwk)) {
        return refused("it is no object");
    }
    const { kid, use = "sig", key_ops: uses } = jwk;
    if (kid !== undefined && typeof kid !== "string") {
        return refused("its kid is no string");
    }
    if (use !== "sig" || (uses !== undefined &&
        !(Array.isArray(uses) && uses.includes("verify")))) {
        return refused("it is not for verifying signatures");
    }
    if (PRIVATE.some((name) => jwk[name] !== undefined)) {
        return refused("it has parts of a private key in it");
    }
    try {
        const key = keyOfJwk(jwk, createPublicKey);
        const alg = jwk.alg !== undefined || key.type === "secret" ? jwk.alg
            : algorithmOf(key);
        return isAlgorithm(alg) && fits(key, alg) ? { key, alg, kid }
            : refused("it is too weak, or has no algorithm that it is for");
    } catch {
        return refused("it is malformed");
    }
}

function checkingSet(set, note) {
    const all = Array.isArray(set.keys) ? set.keys : [set];
    return all.map(checkingJwk).filter(({ why }, at) => {
        if (why !== undefined) {
            note(`key ${at + 1} is not used: ${why}`);
        }
        return why === undefined;
    });
}

function checkingPem(text) {
    return [...text.matchAll(PEM)].map(([block, label]) => {
        if (label !== "PUBLIC KEY") {
            throw usage(`--key: the module takes "PUBLIC KEY", not "${label}"` +
                "; openssl pkey -pubout makes one of a private key");
        }
        return { key: made(() => createPublicKey(block),
            "it is no public key in PEM") };
    });
}

// What checks: [{key, alg, kid}], of which `alg` and `kid` may be undefined;
// undefined where no key is given. `note(text)`: what is told beside.
export function checkingKeys(values, note) {
    const { secret, key: file, alg } = values;
    if (secret === undefined && file === undefined) {
        return undefined;
    }
    const bytes = given(values);
    const set = bytes && objectOf(bytes);
    const found = bytes === undefined ? [{ key: secretOf(Buffer.from(secret)) }]
        : isPem(bytes) ? checkingPem(bytes.toString("latin1"))
            : set === undefined ? [{ key: secretOf(bytes) }]
                : checkingSet(set, note);
    if (found.length === 0) {
        throw usage(`${file} has no good key`);
    }
    return found.map((one) => ({ ...one, alg: one.alg ?? alg }));
}
