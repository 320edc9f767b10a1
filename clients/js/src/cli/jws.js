// Signed tokens in their compact form (RFC 7515): their parts, and signatures
// by the algorithms that the module knows.

import { constants, createHmac, sign, timingSafeEqual, verify }
    from "node:crypto";

const LEAST_RSA_BITS = 2048;
const MAX_BYTES = 8192;

const ALGORITHMS = Object.fromEntries([256, 384, 512].flatMap((bits) => [
    [`HS${bits}`, { kind: "secret", hash: `sha${bits}`, bytes: bits / 8 }],
    [`RS${bits}`, { kind: "rsa", hash: `sha${bits}` }],
    [`PS${bits}`, { kind: "rsa", hash: `sha${bits}`, options: {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST } }],
]));
for (const [alg, hash, curve] of [["ES256", "sha256", "prime256v1"],
    ["ES384", "sha384", "secp384r1"], ["ES512", "sha512", "secp521r1"]]) {
    ALGORITHMS[alg] = { kind: "ec", hash, curve,
        options: { dsaEncoding: "ieee-p1363" } };
}
ALGORITHMS.EdDSA = { kind: "edwards", hash: null };

export const NAMES = Object.keys(ALGORITHMS);

export function isAlgorithm(alg) {
    return Object.hasOwn(ALGORITHMS, alg);
}

// How long a secret should be.
export function secretBytes(alg) {
    return ALGORITHMS[alg].bytes;
}

// Whether a KeyObject of node:crypto is for it.
export function fits(key, alg) {
    const { kind, curve } = ALGORITHMS[alg];
    const type = key.asymmetricKeyType;
    switch (kind) {
    case "secret":
        return key.type === "secret" && key.symmetricKeySize > 0;
    case "rsa":
        return type === "rsa" &&
            key.asymmetricKeyDetails.modulusLength >= LEAST_RSA_BITS;
    case "ec":
        return type === "ec" && key.asymmetricKeyDetails.namedCurve === curve;
    default:
        return type === "ed25519" || type === "ed448";
    }
}

// The algorithm that goes without saying.
export function algorithmOf(key) {
    return ["HS256", "RS256", "ES256", "ES384", "ES512", "EdDSA"].find(
        (alg) => fits(key, alg));
}

function hmac({ hash }, text, key) {
    return createHmac(hash, key).update(text).digest();
}

function encoded(value) {
    return Buffer.from(JSON.stringify(value)).toString("base64url");
}

// The token.
export function signed(header, claims, key) {
    const text = `${encoded(header)}.${encoded(claims)}`;
    const one = ALGORITHMS[header.alg];
    const signature = one.kind === "secret" ? hmac(one, text, key)
        : sign(one.hash, Buffer.from(text), { key, ...one.options });
    return `${text}.${signature.toString("base64url")}`;
}

// REQUIRES: the key is for it.
export function isSignedBy(key, alg, { text, signature }) {
    const one = ALGORITHMS[alg];
    if (one.kind === "secret") {
        const found = hmac(one, text, key);
        return found.length === signature.length &&
            timingSafeEqual(found, signature);
    }
    try {
        return verify(one.hash, Buffer.from(text), { key, ...one.options },
            signature);
    } catch {
        return false; // not of the size that it has to be
    }
}

// Its parts: `header` and `claims`, undefined where they are no objects;
// `text` and `signature`, undefined where that is none. Undefined: it has no
// three parts, or is too long.
export function partsOf(token) {
    const parts = token.split(".");
    if (parts.length !== 3 || Buffer.byteLength(token) > MAX_BYTES) {
        return undefined;
    }
    const [header, claims, signature] = parts.map(decoded);
    return { header: objectOf(header), claims: objectOf(claims), signature,
        text: `${parts[0]}.${parts[1]}` };
}

// Node takes whatever is like it.
function decoded(text) {
    const bytes = Buffer.from(text, "base64url");
    return bytes.toString("base64url") === text ? bytes : undefined;
}

// An object without a member twice, in UTF-8; undefined: it is none.
export function objectOf(bytes) {
    try {
        const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
            .decode(bytes ?? Buffer.alloc(0));
        const value = JSON.parse(text, (_, one) => {
            if (one === Infinity || one === -Infinity) {
                throw new SyntaxError("too large a number");
            }
            return one;
        });
        const isObject = typeof value === "object" && value !== null &&
            !Array.isArray(value);
        return isObject && isPlain(text) ? value : undefined;
    } catch {
        return undefined;
    }
}

// Whether no object has a member twice, and no string half a character.
// REQUIRES: it is JSON.
function isPlain(text) {
    const open = []; // the members of each object, undefined for arrays
    const tokens = text.match(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g) ?? [];
    return tokens.every((token) => {
        if (token === "{" || token === "[") {
            open.push(token === "{" ? new Set() : undefined);
        } else if (token === "}" || token === "]") {
            open.pop();
        } else {
            const string = JSON.parse(token.replace(/\s*:$/, ""));
            if (/\p{Surrogate}/u.test(string)) {
                return false;
            }
            if (token.endsWith(":")) {
                const members = open.at(-1);
                return !members.has(string) && members.add(string);
            }
        }
        return true;
    });
}
