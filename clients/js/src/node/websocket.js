// A WebSocket over node:http, for Node 18 and 20, which have none, and for
// what a browser's can't do: headers, certificates, the status of a refusal.
//
// It has what connect() uses of a browser's WebSocket, and terminate().

import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import https from "node:https";

import { BINARY, CLOSE, encodeFrame, FrameError, MessageReader, PING, PONG,
    TEXT } from "./frames.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const CLOSE_NO_CODE = 1005;
const CLOSE_ABNORMAL = 1006;
const CLOSE_BAD_TEXT = 1007;
const EMPTY = Buffer.alloc(0);

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function closePayload(code, reason) {
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    return payload;
}

export class WebSocket {
    onopen = null;
    onmessage = null; // {data}: a string, or an ArrayBuffer
    onerror = null; // {message}, and {status} of a refused upgrade
    onclose = null; // {code, reason}
    readyState = CONNECTING;
    protocol = "";
    #request;
    #socket;
    #reader = new MessageReader(MAX_MESSAGE_BYTES);
    #end = { code: CLOSE_ABNORMAL, reason: "" };

    // `options`: those of https.request(), `headers`, `ca` and
    // `rejectUnauthorized` among them.
    constructor(url, protocol, options = {}) {
        const target = new URL(url);
        target.protocol = target.protocol.replace(/^ws/, "http");
        this.url = url;
        const key = randomBytes(16).toString("base64");
        const { request } = target.protocol === "https:" ? https : http;
        this.#request = request(target, { ...options, agent: false, headers: {
            ...options.headers, Connection: "Upgrade", Upgrade: "websocket",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
            ...protocol && { "Sec-WebSocket-Protocol": protocol } } });
        this.#request.on("upgrade", (answer, socket, head) =>
            this.#upgraded(answer, socket, head, { key, protocol }));
        this.#request.on("response", (answer) => this.#refused(answer));
        this.#request.on("error", (error) => this.#failed(error));
        this.#request.end();
    }

    get bufferedAmount() {
        return this.#socket?.writableLength ?? 0;
    }

    // A string, or bytes.
    send(data) {
        if (this.readyState === CONNECTING) {
            throw new Error("the WebSocket is not open yet");
        }
        if (this.readyState === OPEN) {
            const isText = typeof data === "string";
            this.#socket.write(encodeFrame(isText ? TEXT : BINARY,
                Buffer.from(data)));
        }
    }

    close(code = 1000, reason = "") {
        if (this.readyState === CONNECTING) {
            this.#failed(new Error("closed before it was open"));
        } else if (this.readyState === OPEN) {
            this.readyState = CLOSING;
            this.#socket.write(encodeFrame(CLOSE, closePayload(code, reason)));
        }
    }

    // Without a word to the other side.
    terminate() {
        this.#request.destroy();
        this.#socket?.destroy();
    }

    // -- opening -------------------------------------------------------------

    #upgraded({ headers }, socket, head, { key, protocol }) {
        const accept = createHash("sha1").update(key + GUID).digest("base64");
        if (this.readyState !== CONNECTING) {
            socket.destroy();
            return;
        }
        if (headers["sec-websocket-accept"] !== accept ||
            headers["sec-websocket-protocol"] !== protocol) {
            socket.destroy();
            this.#failed(new Error("not the answer of a WebSocket server"));
            return;
        }
        this.#socket = socket;
        this.protocol = protocol ?? "";
        this.readyState = OPEN;
        socket.setNoDelay(true);
        socket.setTimeout(0);
        socket.on("data", (chunk) => this.#heard(chunk));
        socket.on("end", () => socket.end());
        socket.on("error", ({ message }) => this.onerror?.({ message }));
        socket.on("close", () => this.#closed());
        this.onopen?.({});
        if (head.length > 0) {
            this.#heard(head);
        }
    }

    #refused(answer) {
        answer.resume();
        this.#failed(Object.assign(
            new Error(`Unexpected server response: ${answer.statusCode}`),
            { status: answer.statusCode }));
    }

    // Before it was open.
    #failed({ message, status }) {
        if (this.readyState !== CONNECTING) {
            return;
        }
        this.readyState = CLOSING;
        this.#request.destroy();
        // Never before the constructor has returned.
        queueMicrotask(() => {
            this.onerror?.({ message, status });
            this.#closed();
        });
    }

    #closed() {
        if (this.readyState !== CLOSED) {
            this.readyState = CLOSED;
            this.onclose?.(this.#end);
        }
    }

    // -- open ----------------------------------------------------------------

    #heard(chunk) {
        try {
            for (const { opcode, payload } of this.#reader.read(chunk)) {
                this.#take(opcode, payload);
            }
        } catch (error) {
            if (!(error instanceof FrameError)) {
                throw error;
            }
            this.onerror?.({ message: error.message });
            this.#leave(error.code, error.message);
        }
    }

    #take(opcode, payload) {
        if (opcode === PING && this.readyState === OPEN) {
            this.#socket.write(encodeFrame(PONG, payload));
        } else if (opcode === CLOSE) {
            this.#closing(payload);
        } else if (opcode === TEXT) {
            this.onmessage?.({ data: this.#text(payload) });
        } else if (opcode === BINARY) {
            this.onmessage?.({ data: Uint8Array.from(payload).buffer });
        }
    }

    #text(payload) {
        try {
            return utf8.decode(payload);
        } catch {
            throw new FrameError(CLOSE_BAD_TEXT, "a text that is no UTF-8");
        }
    }

    #closing(payload) {
        const code = payload.length >= 2 ? payload.readUInt16BE()
            : CLOSE_NO_CODE;
        this.#end = { code, reason: payload.toString("utf8", 2) };
        if (this.readyState === OPEN) {
            this.readyState = CLOSING;
            this.#socket.write(encodeFrame(CLOSE, payload.subarray(0, 2)));
        }
        this.#socket.end();
    }

    // Because of what the other side did.
    #leave(code, reason) {
        this.close(code, reason);
        this.#end = { code, reason };
        this.#socket.destroySoon();
    }
}

// A class for connect(), all of whose sockets have these options.
export function withOptions(options) {
    return class extends WebSocket {
        constructor(url, protocol) {
            super(url, protocol, options);
        }
    };
}
