// `wspubsub token`: tokens that it makes are good for the module and for npm's
// jose, and theirs for it; what is wrong is what the module says.

import assert from "node:assert/strict";
import { createHmac, webcrypto } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync }
    from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, jwtVerify,
    SignJWT } from "jose";

import { called, command } from "./support/command.js";
import { Server } from "./support/server.js";

globalThis.crypto ??= webcrypto; // Node 18 has it by another name only

const SECRET = "an-example-is-not-a-secret-012345".repeat(2);
const HMAC = ["HS256", "HS384", "HS512"];
const RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const PAIRS = [...RSA, "ES256", "ES384", "ES512", "EdDSA"];

const folder = mkdtempSync(join(tmpdir(), "ws-pubsub-token-"));
const file = (name) => join(folder, name);
const keys = new Map(); // pairs, by algorithm
let server;

before(async () => {
    chmodSync(folder, 0o755);
    writeFileSync(file("secret"), `${SECRET}\n`);
    const set = [];
    for (const alg of PAIRS) {
        const made = await generateKeyPair(alg, { extractable: true });
        keys.set(alg, made);
        writeFileSync(file(`${alg}.pem`), await exportPKCS8(made.privateKey));
        writeFileSync(file(`${alg}.pub`), await exportSPKI(made.publicKey));
        writeFileSync(file(`${alg}.jwk`), JSON.stringify({
            ...await exportJWK(made.privateKey), alg, kid: `key of ${alg}` }));
        set.push({ ...await exportJWK(made.publicKey), alg, use: "sig",
            kid: `key of ${alg}` });
    }
    writeFileSync(file("set.json"), JSON.stringify({ keys: set }));
    const places = [...HMAC.map((alg) => [alg, alg, "secret"]),
        ...PAIRS.map((alg) => [alg, alg, `${alg}.pub`]),
        ["set", "jwks", "set.json"]];
    server = await Server.start(places.map(([path, alg, key]) => `
        location /${path} {
            ws_pubsub_token_key ${alg} ${file(key)};
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**";
            add_header X-Why "$ws_pubsub_token_error" always;
        }`).join(""));
});

after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
});

const { run } = command(() => ({}));

async function make(...options) {
    const { code, out, err } = await called(["token", "make", ...options]);
    assert.equal(code, 0, err);
    return out.trim();
}

async function explain(token, ...options) {
    const { code, out, err } = await called(["token", "explain", token, "-j",
        ...options]);
    return { code, err, ...out && JSON.parse(out) };
}

// What the module says of a token: "none", or an error.
async function verdict(path, token) {
    const answer = await fetch(server.url(`/${path}`).replace("ws:", "http:"), {
        headers: { Authorization: `Bearer ${token}` } });
    await answer.text();
    return answer.headers.get("x-why");
}

for (const alg of HMAC) {
    test(`${alg}, of a secret and of its file`, async () => {
        for (const key of [["-s", SECRET], ["--key", file("secret")]]) {
            const token = await make(...key, "--alg", alg, "--sub", "ann");
            assert.equal(await verdict(alg, token), "none");
            const { payload } = await jwtVerify(token, Buffer.from(SECRET));
            assert.equal(payload.sub, "ann");
            const { code, signature } = await explain(token, ...key);
            assert.deepEqual([code, signature], [0, true]);
        }
    });
}

for (const alg of PAIRS) {
    test(`${alg}, of PEM and of a JWK`, async () => {
        const ofPem = await make("--key", file(`${alg}.pem`), "--alg", alg,
            "--sub", "ann");
        const ofJwk = await make("--key", file(`${alg}.jwk`), "--sub", "ann");
        for (const token of [ofPem, ofJwk]) {
            assert.equal(await verdict(alg, token), "none");
            assert.equal(await verdict("set", token), "none");
            await jwtVerify(token, keys.get(alg).publicKey,
                { algorithms: [alg] });
            for (const key of [`${alg}.pub`, "set.json"]) {
                const { code, err, signature } =
                    await explain(token, "--key", file(key));
                assert.deepEqual([code, signature], [0, true], err);
            }
        }
        const theirs = await new SignJWT({ sub: "ann" }).setIssuedAt()
            .setProtectedHeader({ alg, kid: "another" })
            .sign(keys.get(alg).privateKey);
        assert.equal((await explain(theirs, "--key", file(`${alg}.pub`)))
            .signature, true);
        assert.equal(await verdict("set", theirs), "unknown_key");
        assert.equal((await explain(theirs, "--key", file("set.json")))
            .session, "unknown_key");
        const part = ofPem.lastIndexOf(".") + 2;
        const other = ofPem[part] === "A" ? "B" : "A";
        const changed = ofPem.slice(0, part) + other + ofPem.slice(part + 1);
        assert.equal(await verdict(alg, changed), "signature");
        const said = await explain(changed, "--key", file(`${alg}.pub`));
        assert.deepEqual([said.code, said.signature, said.session],
            [1, false, "signature"]);
    });
}

const raw = (text) => Buffer.from(text).toString("base64url");
const key = ["-s", SECRET];

// By its own means: what `token make` does not make.
async function hmac(header, claims) {
    const text = `${raw(header)}.${raw(claims)}`;
    return `${text}.${createHmac("sha256", SECRET).update(text)
        .digest("base64url")}`;
}

test("what is wrong is what the module says", async () => {
    const hs = '{"alg":"HS256"}';
    const cases = {
        expired: [make(...key, "--exp=-5m"), hmac(hs, '{"exp":-1e300}')],
        early: [make(...key, "--claim", "nbf=99999999999"),
            make(...key, "--claim", "iat=99999999999.5")],
        ticket: [make(...key, "--topic", "room/7"),
            make(...key, "--claim", "channel=null"),
            make(...key, "--topic", "a", "--exp=-5m")],
        claim: [make(...key, "--claim", "sub=7"), make(...key, "--sub", ""),
            make(...key, "--sub", "é".repeat(128)),
            make(...key, "--sub", "a\nb"), make(...key, "--claim", "jti=null"),
            make(...key, "--claim", 'exp="1"')],
        none: [make(...key, "--exp", "never"), make(...key, "--sub", "\u0085"),
            make(...key, "--sub", "x".repeat(255)), hmac(hs, "{}"),
            hmac(hs, '{"a":"\\u0000","b":{"a":[{"a":1},{"a":2}]}}'),
            hmac(` ${hs}\n`, '{"a":123456789012345678901234567890}'),
            hmac(hs, '{"a":"{\\"a\\":1,\\"a\\":[]}"}')],
        unknown_key: [hmac('{"alg":"none"}', "{}"),
            hmac('{"alg":"hs256"}', "{}"), hmac('{"alg":"RS256"}', "{}"),
            hmac('{"alg":"constructor"}', "{}")],
        malformed: ["", "a", "a.b", "a.b.c", hmac(hs, "[]"),
            hmac(hs, '{"a":1,"a":1}'), hmac(hs, '{"a":{"b":1,"\\u0062" :1}}'),
            hmac(hs, '{"a":"\\ud800"}'), hmac(hs, '{"a":1e999}'),
            hmac(hs, Buffer.from("7b2261223a22ff227d", "hex")),
            hmac(hs, "\ufeff{}"),
            hmac('{"alg":"HS256","alg":"HS256"}', "{}"),
            hmac('{"alg":"HS256","crit":["exp"]}', "{}"),
            hmac('{"alg":"HS256","kid":7}', "{}"), hmac('{"alg":7}', "{}"),
            hmac("{}", "{}"), hmac(hs, "{}").then((one) => `${one}=`),
            hmac(hs, "{}").then((one) => `${one}.`)],
    };
    for (const [error, tokens] of Object.entries(cases)) {
        for (const token of await Promise.all(tokens)) {
            const { session } = await explain(token, ...key);
            assert.equal(session, error, token);
            if (token !== "") {
                assert.equal(await verdict("HS256", token), error, token);
            }
        }
    }
    const long = await called(["token", "make", ...key, "--claim",
        `a=${"x".repeat(8000)}`]);
    assert.match(long.err, /^wspubsub: it will be refused: malformed: /);
    assert.equal((await explain(long.out.trim(), ...key)).session, "malformed");
});

test("a ticket", async () => {
    const good = await make(...key, "--topic", "room/7", "--pub");
    const said = await explain(good, ...key);
    assert.deepEqual([said.code, said.session, said.ticket, said.claims.pub],
        [0, "ticket", "none", true]);
    for (const options of [["--topic", "$SYS/a"], ["--topic", "a//b"],
        ["--claim", "channel=a"], ["--topic", "a", "--claim", "pub=1"]]) {
        const bad = await called(["token", "make", ...key, ...options]);
        assert.match(bad.err, /^wspubsub: it will be refused: claim: /);
        const { code, ticket } = await explain(bad.out.trim(), ...key);
        assert.deepEqual([code, ticket], [1, "claim"]);
    }
});

test("what is made, and what is said of it", async () => {
    const { out } = await called(["token", "make", ...key, "--sub", "ann",
        "--exp", "90", "--claim", "org=7", "--claim", 'name="7"', "--claim",
        "plan=gold=1", "--kid", "k", "-j"]);
    const { token, header, claims } = JSON.parse(out);
    assert.deepEqual(header, { alg: "HS256", kid: "k", typ: "JWT" });
    const { iat } = claims;
    assert.ok(Math.abs(iat - Date.now() / 1000) < 5);
    assert.deepEqual(claims, { sub: "ann", iat, exp: iat + 90, org: 7,
        name: "7", plan: "gold=1" });
    const told = await called(["token", "explain", `Bearer ${token}\n`,
        ...key]);
    assert.equal(told.code, 0);
    const date = new Date(claims.exp * 1000).toISOString().slice(0, 19);
    assert.match(told.out, new RegExp(`^exp +${date}Z, in \\d+ s$`, "m"));
    assert.match(told.out, /^signature +good$/m);
    assert.match(told.out, /^session +none: the token is good$/m);
    const unknown = await called(["token", "explain", token]);
    assert.equal(unknown.code, 0);
    assert.match(unknown.out, /^signature +not checked: no --secret or/m);
    assert.doesNotMatch(unknown.out, /good/);
    const piped = await run(["token", "explain", "-s", "another"],
        { input: `${token}\n` });
    assert.equal(piped.code, 1);
    assert.match(piped.err, /^wspubsub: unknown_key: .* without a kid /);
    const odd = await called(["token", "explain", await hmac(
        '{"alg":"HS256"}', '{"a":"\u009b","exp":1e300,"nbf":-1e9}')]);
    assert.match(odd.out, /\\u009b/);
    assert.match(odd.out, /^exp +1e\+300, in /m);
    const short = await called(["token", "make", "-s", "short"]);
    assert.match(short.err, /a secret for HS256 should have 32 bytes/);
    assert.equal((await called(["token", "make", "-qs", "short"])).err, "");
});

test("keys that are none", async () => {
    const token = await make("--key", file("ES256.pem"));
    const jwk = JSON.parse(readFileSync(file("ES256.jwk"), "utf8"));
    const { d, ...open } = jwk;
    assert.ok(d);
    const save = (value) => writeFileSync(file("odd"),
        typeof value === "string" ? value : JSON.stringify(value));
    for (const [value, words] of [
        [jwk, /key 1 is not used: it has parts of a private key/],
        [{ keys: [{ ...open, use: "enc" }] }, /not for verifying/],
        [{ ...open, key_ops: ["sign"] }, /not for verifying/],
        [{ ...open, alg: "ES384" }, /too weak, or has no algorithm/],
        [{ ...open, x: "AAAA" }, /malformed/], [{ ...open, kid: 1 }, /kid/],
        [{ kty: "oct", k: "AAAA" }, /no algorithm/], [{ keys: [] }, /no good/],
        [readFileSync(file("ES256.pem"), "utf8"), /-pubout/],
        ["-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", /no publ/],
        ["\n", /the secret is empty/]]) {
        save(value);
        const { code, err } = await explain(token, "--key", file("odd"));
        assert.equal(code, 2, err);
        assert.match(err, words);
        assert.ok(!err.includes(d));
    }
    save({ keys: [7, jwk, open] });
    const some = await explain(token, "--key", file("odd"));
    assert.deepEqual([some.code, some.signature], [0, true]);
    assert.match(some.err, /key 1 is .* no object\n.*key 2 is /);
    for (const [name, ...more] of [["ES256.pub"], ["set.json"],
        ["ES256.pem", "--alg", "ES384"], ["RS256.pem", "--alg", "HS256"]]) {
        const { code, err } = await called(["token", "make", "--key",
            file(name), ...more]);
        assert.equal(code, 2, err);
    }
    assert.equal((await called(["token", "make", "--key", file("none")])).code,
        1);
});
