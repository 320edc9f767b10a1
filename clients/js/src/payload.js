// Payloads as the application has them, and as the wire has them.

const CHUNK = 0x8000; // arguments that one call surely takes

function toBase64(bytes) {
    let binary = "";
    for (let at = 0; at < bytes.length; at += CHUNK) {
        binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
    }
    return btoa(binary);
}

function fromBase64(text) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) {
        bytes[at] = binary.charCodeAt(at);
    }
    return bytes;
}

function toBytes(value) {
    if (value instanceof ArrayBuffer) {
        return new Uint8Array(value);
    }
    if (ArrayBuffer.isView(value)) {
        return new Uint8Array(
            value.buffer, value.byteOffset, value.byteLength);
    }
    return undefined;
}

// One of the wrappers {data}, {text}, {bytes}, {patch}: its only key.
function wrapperKey(payload) {
    if (payload === null || typeof payload !== "object" ||
        Array.isArray(payload)) {
        return undefined;
    }
    const keys = Object.keys(payload);
    return keys.length === 1 &&
        ["data", "text", "bytes", "patch"].includes(keys[0])
        ? keys[0] : undefined;
}

// The member of a `pub` for what the application publishes. Throws TypeError
// for what is no payload.
export function encodePayload(payload) {
    const bare = toBytes(payload);
    if (bare !== undefined) {
        return { b64: toBase64(bare) };
    }
    const key = wrapperKey(payload);
    const value = key === undefined ? payload : payload[key];
    if (key === "bytes") {
        const bytes = toBytes(value);
        if (bytes === undefined) {
            throw new TypeError("bytes must be an ArrayBuffer or a view");
        }
        return { b64: toBase64(bytes) };
    }
    if (key === "text") {
        if (typeof value !== "string") {
            throw new TypeError("text must be a string");
        }
        return { text: value };
    }
    if (JSON.stringify(value) === undefined) {
        throw new TypeError("the data has no JSON form");
    }
    return key === "patch" ? { patch: value } : { data: value };
}

// The payload of a message or an item; {} where there is none. Throws
// SyntaxError where it is not what it should be.
export function decodePayload(said) {
    if ("data" in said) {
        return { kind: "json", data: said.data };
    }
    if ("json" in said) {
        return { kind: "json", data: JSON.parse(said.json) };
    }
    if ("text" in said) {
        return { kind: "text", text: said.text };
    }
    if ("b64" in said) {
        return { kind: "binary", bytes: fromBase64(said.b64) };
    }
    return {};
}

// An item of `get` and `history`.
export function decodeItem({ topic, epoch, seq, time, ...rest }) {
    const item = { topic, epoch, seq, ...decodePayload(rest) };
    if (time !== undefined) {
        item.time = time;
    }
    return item;
}
