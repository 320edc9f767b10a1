// Tokens of another library than the functional tests have: npm's jose, by keys
// that it has made and written as a JWK Set.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { mkdtemp, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { exportJWK, generateKeyPair, generateSecret, SignJWT } from "jose";
import WebSocket from "ws";

import { Server } from "./support/server.js";

const ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
    "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

globalThis.crypto ??= webcrypto; // Node 18 has it by another name only

const keys = new Map();
let folder;
let server;

before(async () => {
    const set = { keys: [] };
    for (const alg of ALGORITHMS) {
        const made = alg.startsWith("HS")
            ? await generateSecret(alg, { extractable: true })
            : await generateKeyPair(alg, { extractable: true });
        keys.set(alg, made.privateKey ?? made);
        const jwk = await exportJWK(made.publicKey ?? made);
        set.keys.push({ ...jwk, alg, kid: `key of ${alg}`, use: "sig" });
    }
    folder = await mkdtemp(join(tmpdir(), "ws-pubsub-jose-"));
    await chmod(folder, 0o755);
    const file = join(folder, "keys.json");
    await writeFile(file, JSON.stringify(set));
    server = await Server.start(`
        location /jose {
            ws_pubsub_token_key jwks ${file};
            ws_pubsub_token_check iss=jose aud=chat;
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**";
        }`);
});

after(async () => {
    await server?.stop();
    await rm(folder, { recursive: true });
});

function sign(alg, key = keys.get(alg), audience = "chat") {
    return new SignJWT({ plan: "gold" }).setSubject("ann").setIssuer("jose")
        .setProtectedHeader({ alg, kid: `key of ${alg}` })
        .setAudience(audience).setIssuedAt().setExpirationTime("2m").sign(key);
}

// What the upgrade is answered: 101, or a refusal.
function connect(token) {
    const socket = new WebSocket(server.url("/jose"), ["json.wspubsub.v1"],
        { headers: { Authorization: `Bearer ${token}` } });
    return new Promise((resolve, reject) => {
        socket.on("open", () => {
            socket.close();
            resolve(101);
        });
        socket.on("unexpected-response", (_, answer) => {
            answer.resume();
            resolve(answer.statusCode);
        });
        socket.on("error", reject);
    });
}

for (const alg of ALGORITHMS) {
    test(`${alg} of jose`, async () => {
        assert.equal(await connect(await sign(alg)), 101);
        assert.equal(await connect(await sign(alg, undefined, "mail")), 401);
        const others = alg.startsWith("HS")
            ? await generateSecret(alg) : (await generateKeyPair(alg)).privateKey;
        assert.equal(await connect(await sign(alg, others)), 401);
    });
}
