// `wspubsub token explain`.

import { checkClaims, checkHeader, checkSignature, isTicket }
    from "./claims.js";
import { dateOf, distance } from "./dates.js";
import { EXIT, Failure, usage } from "./failure.js";
import { NAMES, isAlgorithm, partsOf } from "./jws.js";
import { Output } from "./output.js";
import { visible } from "./table.js";
import { checkingKeys } from "./token_keys.js";

const TITLE_WIDTH = 11;

async function read([argument]) {
    const text = argument === undefined || argument === "-"
        ? String(Buffer.concat(await process.stdin.toArray())) : argument;
    return text.trim().replace(/^Bearer\s+/i, "");
}

const malformed = (why) => ({ error: "malformed", why });

// What is wrong before its claims are looked at; undefined: nothing.
function outerError(parts, keys) {
    if (parts === undefined) {
        return malformed("it has no three parts, or is longer than 8 KB");
    }
    const { header, claims, signature } = parts;
    if (header === undefined) {
        return malformed("its header is no JSON object with each member once");
    }
    return checkHeader(header) ??
        (signature === undefined ? malformed("its signature is no base64url")
            : keys && checkSignature(parts, keys)) ??
        (claims === undefined
            ? malformed("its claims are no JSON object with each member once")
            : undefined);
}

// {session, ticket}: an error each; `ticket` only where it is one.
function judge(parts, keys) {
    const error = outerError(parts, keys);
    const as = (isAsked) => error ?? checkClaims(parts.claims, isAsked);
    return { session: as(false),
        ...parts?.claims && isTicket(parts.claims) && { ticket: as(true) } };
}

// undefined: nobody knows.
function signatureOf(parts, keys) {
    return keys === undefined || parts?.header === undefined ||
        parts.signature === undefined || checkHeader(parts.header) !== undefined
        ? undefined : checkSignature(parts, keys) === undefined;
}

function print(output, parts, judged, isSigned, hasKey) {
    const line = (title, text) =>
        output.line(`${title.padEnd(TITLE_WIDTH)}${visible(text)}`);
    const { header, claims } = parts ?? {};
    header && line("header", JSON.stringify(header));
    claims && line("claims", JSON.stringify(claims));
    for (const name of ["iat", "nbf", "exp"]) {
        if (typeof claims?.[name] === "number") {
            line(name, `${dateOf(claims[name])}, ` +
                distance(claims[name], Date.now()));
        }
    }
    if (claims !== undefined && claims.exp === undefined) {
        line("exp", "never");
    }
    line("signature", isSigned === true ? "good" : isSigned === false ? "bad"
        : hasKey ? "not checked" : "not checked: no --secret or --key");
    for (const [kind, { error, why }] of Object.entries(judged)) {
        line(kind, `${error}: ${error !== "none" || isSigned ? why
            : "nothing is wrong with what it claims"}`);
    }
}

export async function explain({ values, others }) {
    if (values.alg !== undefined && !isAlgorithm(values.alg)) {
        throw usage(`--alg is one of ${NAMES.join(", ")}`);
    }
    const output = new Output(values);
    const keys = checkingKeys(values, (text) => output.note(text));
    const parts = partsOf(await read(others));
    const judged = judge(parts, keys);
    const isSigned = signatureOf(parts, keys);
    if (output.isJson) {
        const { session, ticket } = judged;
        output.json({ header: parts?.header, claims: parts?.claims,
            signature: isSigned === undefined ? null : isSigned,
            session: session.error, ticket: ticket?.error });
    } else {
        print(output, parts, judged, isSigned, keys !== undefined);
    }
    const { error, why } = judged.ticket ?? judged.session;
    if (error !== "none") {
        throw new Failure(EXIT.failed, visible(`${error}: ${why}`));
    }
}
