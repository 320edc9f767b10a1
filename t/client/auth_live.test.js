// The client's tokens, on a real nginx.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { webcrypto } from "node:crypto";

import { SignJWT } from "jose";
import WebSocket from "ws";

import { connect } from "../../clients/js/src/client.js";
import { recorder } from "./support/clients.js";
import { Server } from "./support/server.js";
import { until } from "./support/wait.js";

globalThis.crypto ??= webcrypto; // Node 18 has it by another name only

const SECRET = "a-secret-that-is-long-enough-for-hs256";

let server;
const clients = [];

before(async () => {
    server = await Server.start(`
        location /later {
            ws_pubsub_token_key HS256 data:${SECRET};
            ws_pubsub_token later;
            ws_pubsub_token_grants may;
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe "hist/$ws_pubsub_user/**";
        }`);
});

after(async () => {
    clients.forEach((client) => client.close());
    await server?.stop();
});

function token(claims, lasts = "2m") {
    return new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
        .setIssuedAt().setExpirationTime(lasts)
        .sign(new TextEncoder().encode(SECRET));
}

function open(getToken) {
    const client = connect(server.url("/later"), {
        WebSocket, minDelay: 20, maxDelay: 200, getToken });
    client.states = [];
    client.on("state", ({ state }) => client.states.push(state));
    clients.push(client);
    return client;
}

test("the token comes before all subscriptions", async () => {
    const asked = [];
    const client = open(({ reason }) => {
        asked.push(reason);
        return token({ sub: "ann" });
    });
    const heard = recorder();
    await client.subscribe("hist/ann/**", heard).ready;
    await server.publish("hist/ann/a", 1);
    await until("it comes", () => heard.of("Message").length === 1);
    await server.reload();
    await until("it is back", () => asked.length === 2 &&
        client.state === "open");
    await server.publish("hist/ann/a", 2);
    await until("the next", () => heard.of("Message").length === 2);
    assert.deepEqual(asked, ["connect", "connect"]);
});

test("a token that ends soon is replaced without a break", async () => {
    let tokens = 0;
    const client = open(() => token({ sub: "bob", n: ++tokens },
        tokens === 1 ? "12s" : "5m"));
    const heard = recorder();
    await client.subscribe("hist/bob/a", heard).ready;
    await until("a refresh", () => tokens === 2, 20000);
    await server.publish("hist/bob/a", 1);
    await until("it comes", () => heard.of("Message").length === 1);
    assert.equal(client.states.filter((state) => state === "open").length, 1);
});

test("what the next token does not allow ends", async () => {
    let tokens = 0;
    const client = open(() => token({ sub: "eve",
        may: tokens++ === 0 ? { sub: ["hist/extra"] } : {} },
    tokens === 1 ? "12s" : "5m"));
    const heard = recorder();
    await client.subscribe("hist/extra", heard).ready;
    await until("it ends", () => heard.of("Unsubscribed").length === 1, 20000);
    await server.publish("hist/extra", 1);
    await client.subscribe("hist/eve/a", recorder()).ready;
    assert.equal(heard.of("Message").length, 0);
});

test("one that is no good is not tried for ever", async () => {
    const client = open(() => "a.b.c");
    await until("it gives up", () => client.state === "unauthorized");
});
