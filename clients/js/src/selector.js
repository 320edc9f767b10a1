// Topics and selectors: which topics a subscription is for.
//
// A topic is a path of segments. In a selector `*` stands for one segment,
// and `**`, as the last, for one or more. As a first segment neither stands
// for one that begins with `$`.

const MAX_BYTES = 255;
const MAX_SEGMENTS = 32;
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;

const encoder = new TextEncoder();

// UTF-8 bytes of a string.
export function byteLength(text) {
    return encoder.encode(text).length;
}

function isSegment(segment, index, all) {
    if (segment === "**") {
        return index === all.length - 1;
    }
    return !["", ".", ".."].includes(segment) &&
        (segment === "*" || !segment.includes("*"));
}

// Immutable.
export class Selector {
    #segments;
    #open; // ends with `**`

    // Throws TypeError for what is no selector.
    constructor(text) {
        if (typeof text !== "string") {
            throw new TypeError("a selector must be a string");
        }
        const segments = text.split("/");
        if (byteLength(text) > MAX_BYTES || segments.length > MAX_SEGMENTS ||
            CONTROL_CHARACTER.test(text) || !segments.every(isSegment)) {
            throw new TypeError(`not a selector: ${JSON.stringify(text)}`);
        }
        this.text = text;
        this.isExact = !text.includes("*");
        this.#open = segments.at(-1) === "**";
        this.#segments = this.#open ? segments.slice(0, -1) : segments;
    }

    matches(topic) {
        if (this.isExact) {
            return topic === this.text;
        }
        const own = this.#segments;
        const theirs = topic.split("/");
        if (this.#open ? theirs.length <= own.length
            : theirs.length !== own.length) {
            return false;
        }
        if (this.text.startsWith("*") && topic.startsWith("$")) {
            return false;
        }
        return own.every((one, index) => one === "*" || one === theirs[index]);
    }
}
