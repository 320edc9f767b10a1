// Frames of RFC 6455, as a client writes and reads them. No extensions.

import { randomFillSync } from "node:crypto";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const KNOWN = new Set([CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG]);
const MAX_CONTROL_BYTES = 125;

// What the other side did wrong; `code` is the close code that says so.
export class FrameError extends Error {
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

// One whole, masked frame.
export function encodeFrame(opcode, payload) {
    const { length } = payload;
    const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const start = 2 + extended + 4;
    const frame = Buffer.allocUnsafe(start + length);
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
    if (extended === 2) {
        frame.writeUInt16BE(length, 2);
    } else if (extended === 8) {
        frame.writeBigUInt64BE(BigInt(length), 2);
    }
    randomFillSync(frame, start - 4, 4);
    for (let at = 0; at < length; at++) {
        frame[start + at] = payload[at] ^ frame[start - 4 + (at & 3)];
    }
    return frame;
}

// The frame that `bytes` begins with: {fin, opcode, payload, end}, or only
// {needs}: how many bytes there have to be before it is worth another look.
function decodeFrame(bytes, maxBytes) {
    if (bytes.length < 2) {
        return { needs: 2 };
    }
    const [first, second] = bytes;
    const opcode = first & 0x0f;
    const fin = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0 || !KNOWN.has(opcode) || (second & 0x80) !== 0) {
        throw new FrameError(1002, "not a frame of a server");
    }
    let length = second & 0x7f;
    if (opcode >= CLOSE && (!fin || length > MAX_CONTROL_BYTES)) {
        throw new FrameError(1002, "a control frame that is long or cut");
    }
    const start = length < 126 ? 2 : length === 126 ? 4 : 10;
    if (bytes.length < start) {
        return { needs: start };
    }
    if (start === 4) {
        length = bytes.readUInt16BE(2);
    } else if (start === 10) {
        length = Number(bytes.readBigUInt64BE(2));
    }
    if (length > maxBytes) {
        throw new FrameError(1009, `a frame of ${length} bytes`);
    }
    const end = start + length;
    return bytes.length < end ? { needs: end }
        : { fin, opcode, payload: bytes.subarray(start, end), end };
}

// Makes frames of what comes from a socket, and messages of frames.
export class MessageReader {
    #maxBytes;
    #waiting = []; // chunks that no frame was made of
    #length = 0; // of them
    #needs = 2;
    #parts = []; // payloads of a message that is not whole
    #opcode; // of that message
    #size = 0;

    constructor(maxBytes) {
        this.#maxBytes = maxBytes;
    }

    // Returns [{opcode, payload}] of what is whole now: messages, and control
    // frames. Throws FrameError.
    read(chunk) {
        this.#waiting.push(chunk);
        this.#length += chunk.length;
        const whole = [];
        if (this.#length < this.#needs) {
            return whole;
        }
        let bytes = Buffer.concat(this.#waiting);
        for (;;) {
            const frame = decodeFrame(bytes, this.#maxBytes);
            if (frame.needs !== undefined) {
                this.#needs = frame.needs;
                break;
            }
            bytes = bytes.subarray(frame.end);
            const message = this.#take(frame);
            if (message !== undefined) {
                whole.push(message);
            }
        }
        this.#waiting = [bytes];
        this.#length = bytes.length;
        return whole;
    }

    #take({ fin, opcode, payload }) {
        if (opcode >= CLOSE) {
            return { opcode, payload };
        }
        if ((opcode === CONTINUATION) !== (this.#opcode !== undefined)) {
            throw new FrameError(1002, "a fragment without its message");
        }
        this.#opcode ??= opcode;
        this.#size += payload.length;
        if (this.#size > this.#maxBytes) {
            throw new FrameError(1009, `a message of ${this.#size} bytes`);
        }
        this.#parts.push(payload);
        if (!fin) {
            return undefined;
        }
        const message = { opcode: this.#opcode, payload:
            this.#parts.length === 1 ? payload : Buffer.concat(this.#parts) };
        this.#parts = [];
        this.#opcode = undefined;
        this.#size = 0;
        return message;
    }
}
