// Fossil deltas: a text as the difference to one that is here already.
//
// <size of the result>\n, then segments, then <checksum of the result>;
//   <count>@<offset>,   copy so many bytes of the base from there
//   <count>:<bytes>     insert these bytes
// Numbers have base-64 digits, the highest first. Sizes and offsets count
// bytes of UTF-8. See "Fossil Delta Format" in Fossil's documentation.

const DIGITS =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
const VALUE_OF = new Map(
    [...DIGITS].map((digit, value) => [digit.charCodeAt(0), value]));

const MAX_NUMBER = 0xffffffff;
const MAX_RESULT_BYTES = 256 * 1024 * 1024;

const [NEWLINE, AT, COMMA, COLON, SEMICOLON] =
    [..."\n@,:;"].map((one) => one.charCodeAt(0));

// Why a delta could not be applied.
export class DeltaError extends Error {}

class Reader {
    #bytes;
    #at = 0;

    constructor(bytes) {
        this.#bytes = bytes;
    }

    get ended() {
        return this.#at === this.#bytes.length;
    }

    number() {
        const start = this.#at;
        let number = 0;
        let value;
        while ((value = VALUE_OF.get(this.#bytes[this.#at])) !== undefined) {
            number = number * 64 + value;
            if (number > MAX_NUMBER) {
                throw new DeltaError("a number of more than 32 bits");
            }
            this.#at++;
        }
        if (this.#at === start) {
            throw new DeltaError("a number is missing");
        }
        return number;
    }

    byte() {
        return this.#bytes[this.#at++];
    }

    expect(byte) {
        if (this.byte() !== byte) {
            throw new DeltaError("not a delta");
        }
    }

    take(count) {
        if (count > this.#bytes.length - this.#at) {
            throw new DeltaError("an insert goes past the end");
        }
        this.#at += count;
        return this.#bytes.subarray(this.#at - count, this.#at);
    }
}

// The sum, modulo 2^32, of the bytes as big-endian words; the last one is
// filled up with zeros.
export function checksum(bytes) {
    let sum = 0;
    for (let at = 0; at < bytes.length; at++) {
        sum = (sum + (bytes[at] << (24 - 8 * (at & 3)))) | 0;
    }
    return sum >>> 0;
}

function copied(base, count, offset) {
    if (offset > base.length || count > base.length - offset) {
        throw new DeltaError("a copy goes past the base");
    }
    return base.subarray(offset, offset + count);
}

// Returns the bytes that `delta` makes of `base`, both Uint8Array. Throws
// DeltaError where it does not fit, or the checksum is another.
export function applyDelta(base, delta) {
    const reader = new Reader(delta);
    const size = reader.number();
    reader.expect(NEWLINE);
    if (size > MAX_RESULT_BYTES) {
        throw new DeltaError("the result would be too large");
    }
    const result = new Uint8Array(size);
    let filled = 0;
    for (;;) {
        const number = reader.number();
        const kind = reader.byte();
        if (kind === SEMICOLON) {
            if (!reader.ended || filled !== size) {
                throw new DeltaError("the result has another size");
            }
            if (checksum(result) !== number) {
                throw new DeltaError("the result has another checksum");
            }
            return result;
        }
        let piece;
        if (kind === AT) {
            piece = copied(base, number, reader.number());
            reader.expect(COMMA);
        } else if (kind === COLON) {
            piece = reader.take(number);
        } else {
            throw new DeltaError("not a delta");
        }
        if (piece.length > size - filled) {
            throw new DeltaError("the result has another size");
        }
        result.set(piece, filled);
        filled += piece.length;
    }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// The same for strings.
export function applyTextDelta(base, delta) {
    const bytes = applyDelta(encoder.encode(base), encoder.encode(delta));
    try {
        return decoder.decode(bytes);
    } catch {
        throw new DeltaError("the result is not UTF-8");
    }
}
