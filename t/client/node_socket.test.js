// The WebSocket for Node: frames, and what a server may do wrong.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { WebSocketServer } from "ws";

import { encodeFrame, MessageReader, TEXT } from
    "../../clients/js/src/node/frames.js";
import { WebSocket, withOptions } from "../../clients/js/src/node/index.js";
import { follow, got, live } from "./support/live.js";
import { range, until } from "./support/wait.js";

const nginx = live();
const PROTOCOL = "json.wspubsub.v1";

let server;
let url;
const seen = [];

before(async () => {
    server = new WebSocketServer({ host: "127.0.0.1", port: 0,
        handleProtocols: () => PROTOCOL });
    server.on("connection", (socket, request) => {
        seen.push(request.headers);
        socket.on("message", (data, isBinary) =>
            socket.send(data, { binary: isBinary }));
    });
    await new Promise((resolve) => server.on("listening", resolve));
    url = `ws://127.0.0.1:${server.address().port}/`;
});

after(async () => {
    server.clients.forEach((one) => one.terminate());
    await new Promise((resolve) => server.close(resolve));
});

// One that is open, and what it heard.
async function opened(Class = WebSocket) {
    const socket = new Class(url, PROTOCOL);
    socket.messages = [];
    socket.errors = [];
    socket.onmessage = ({ data }) => socket.messages.push(data);
    socket.onerror = ({ message }) => socket.errors.push(message);
    socket.onclose = (event) => {
        socket.ended = event;
    };
    await new Promise((resolve) => {
        socket.onopen = resolve;
    });
    socket.peer = [...server.clients].at(-1);
    return socket;
}

const ended = (socket) => until("it ends", () => socket.ended);

test("messages of all sizes, there and back", async () => {
    const socket = await opened();
    assert.equal(socket.protocol, PROTOCOL);
    const texts = [0, 1, 125, 126, 65_535, 65_536, 1_000_000].map((size) =>
        "é".repeat(size / 2) + "x".repeat(size % 2));
    texts.forEach((text) => socket.send(text));
    socket.send(Uint8Array.of(0, 1, 255));
    await until("all", () => socket.messages.length === texts.length + 1);
    assert.deepEqual(socket.messages.slice(0, -1), texts);
    assert.deepEqual(new Uint8Array(socket.messages.at(-1)),
        Uint8Array.of(0, 1, 255));
    socket.close();
    assert.deepEqual(await ended(socket), { code: 1000, reason: "" });
});

test("fragments, with a ping in between", async () => {
    const socket = await opened();
    const pongs = [];
    socket.peer.on("pong", (data) => pongs.push(String(data)));
    socket.peer.send("a", { fin: false });
    socket.peer.ping("hello");
    socket.peer.send("b", { fin: false });
    socket.peer.send("c", { fin: true });
    await until("both", () => socket.messages.length > 0 && pongs.length > 0);
    assert.deepEqual(socket.messages, ["abc"]);
    assert.deepEqual(pongs, ["hello"]);
    socket.terminate();
    assert.equal((await ended(socket)).code, 1006);
});

test("the server closes, and the server is gone", async () => {
    const one = await opened();
    one.peer.close(3008, "too slow");
    assert.deepEqual(await ended(one), { code: 3008, reason: "too slow" });
    one.send("nobody hears it");
    const other = await opened();
    other.peer.terminate();
    assert.equal((await ended(other)).code, 1006);
    assert.equal(other.readyState, 3);
});

// A raw frame, unmasked, as a server's.
const raw = (...bytes) => Buffer.from(bytes);

test("what breaks the protocol", async () => {
    for (const [bytes, code] of [
        [raw(0x81, 0x81, 0, 0, 0, 0, 1), 1002], [raw(0x83, 0), 1002],
        [raw(0xc1, 0), 1002], [raw(0x09, 0), 1002], [raw(0x89, 126), 1002],
        [raw(0x80, 0), 1002], [raw(0x01, 0, 0x81, 0), 1002],
        [raw(0x81, 1, 0xff), 1007],
        [raw(0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0), 1009],
        [raw(0x81, 127, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), 1009]]) {
        const socket = await opened();
        const told = new Promise((resolve) =>
            socket.peer.on("close", resolve));
        socket.peer._socket.write(bytes);
        assert.equal((await ended(socket)).code, code, bytes.toString("hex"));
        assert.equal(await told, code);
        assert.equal(socket.errors.length, 1);
    }
});

test("frames that come byte by byte", () => {
    const masked = encodeFrame(TEXT, Buffer.from("x".repeat(300)));
    assert.equal(masked[1] & 0x80, 0x80, "a client masks");
    const frames = Buffer.concat([Buffer.from([0x81, 126, 1, 44]),
        Buffer.from("x".repeat(300)), Buffer.from([0x89, 1, 65]),
        Buffer.from([0x01, 1, 66]), Buffer.from([0x80, 1, 67])]);
    const reader = new MessageReader(1000);
    const messages = [];
    for (const byte of frames) {
        messages.push(...reader.read(Buffer.of(byte)));
    }
    assert.deepEqual(messages.map(({ opcode, payload }) =>
        [opcode, payload.toString()]),
    [[1, "x".repeat(300)], [9, "A"], [1, "BC"]]);
    assert.throws(() => reader.read(
        Buffer.from([0x01, 126, 2, 88, ...new Uint8Array(600),
            0x80, 126, 2, 88, ...new Uint8Array(600)])), { code: 1009 });
});

test("a refusal has its status, and so has no server", async () => {
    const refusing = createServer((request, response) => {
        response.statusCode = request.url === "/no" ? 403 : 200;
        response.end("no");
    });
    await new Promise((resolve) =>
        refusing.listen(0, "127.0.0.1", resolve));
    const { port } = refusing.address();
    const tried = (path) => new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
        let error;
        socket.onerror = (event) => {
            error = event;
        };
        socket.onclose = ({ code }) => resolve({ ...error, code });
    });
    assert.deepEqual(await tried("/no"), { code: 1006, status: 403,
        message: "Unexpected server response: 403" });
    assert.equal((await tried("/yes")).status, 200);
    refusing.closeAllConnections?.();
    await new Promise((resolve) => refusing.close(resolve));
    const { message, status, code } = await tried("/");
    assert.match(message, /ECONNREFUSED/);
    assert.deepEqual([status, code], [undefined, 1006]);
});

test("closed while it connects", async () => {
    const socket = new WebSocket(url, PROTOCOL);
    assert.throws(() => socket.send("x"), /not open/);
    socket.onclose = (event) => {
        socket.ended = event;
    };
    socket.close();
    assert.equal((await ended(socket)).code, 1006);
});

test("headers, and the user in the URL", async () => {
    const Named = withOptions({ headers: { "X-Who": "ann" } });
    url = url.replace("//", "//ann:secret@");
    const socket = await opened(Named);
    const { "x-who": who, authorization } = seen.at(-1);
    assert.equal(who, "ann");
    assert.equal(authorization,
        `Basic ${Buffer.from("ann:secret").toString("base64")}`);
    socket.close();
    await ended(socket);
});

test("a client on it, on a real nginx", async () => {
    const client = nginx.client(undefined, { WebSocket });
    const topic = nginx.topic();
    const heard = await follow(client, topic);
    const payload = (n) => ({ n, text: "é€😀".repeat(3000) });
    for (const n of range(1, 30)) {
        await nginx.server.publish(topic, payload(n));
        if (n === 15) {
            await nginx.server.reload();
        }
    }
    await got(heard, 30);
    assert.deepEqual(heard.seqs, range(1, 30));
    assert.deepEqual(heard.of("Message").at(-1).data, payload(30));
    const refused = nginx.client(nginx.server.url("/denied"), { WebSocket });
    await until("it is refused", () => refused.state === "unauthorized");
    await client.close();
});
