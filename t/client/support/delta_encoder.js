// A plain encoder of Fossil deltas, for the tests: looks for each block of
// the base in the target, and inserts what it does not find.

const DIGITS =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
const BLOCK = 8;

export function number(value) {
    return (value >= 64 ? number(Math.floor(value / 64)) : "") +
        DIGITS[value % 64];
}

function sum(bytes) {
    const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
    bytes.copy(padded);
    let total = 0n;
    for (let at = 0; at < padded.length; at += 4) {
        total += BigInt(padded.readUInt32BE(at));
    }
    return Number(total % 2n ** 32n);
}

// Both are Buffers; so is what it returns.
export function encodeDelta(base, target) {
    const parts = [Buffer.from(`${number(target.length)}\n`)];
    let inserted = 0;
    let at = 0;
    const flush = () => {
        if (at > inserted) {
            parts.push(Buffer.from(`${number(at - inserted)}:`),
                target.subarray(inserted, at));
        }
    };
    while (at < target.length) {
        const found = at + BLOCK <= target.length
            ? base.indexOf(target.subarray(at, at + BLOCK)) : -1;
        if (found < 0) {
            at++;
            continue;
        }
        let length = BLOCK;
        while (at + length < target.length && found + length < base.length &&
            target[at + length] === base[found + length]) {
            length++;
        }
        flush();
        parts.push(Buffer.from(`${number(length)}@${number(found)},`));
        at = inserted = at + length;
    }
    flush();
    parts.push(Buffer.from(`${number(sum(target))};`));
    return Buffer.concat(parts);
}

// For strings. A delta is text only if its inserts are: the encoder for the
// wire sees to that, this one tries whether it is so.
export function encodeTextDelta(base, target) {
    const delta = encodeDelta(Buffer.from(base), Buffer.from(target));
    const text = delta.toString();
    return Buffer.from(text).equals(delta) ? text
        : `${number(Buffer.byteLength(target))}\n` +
            `${number(Buffer.byteLength(target))}:${target}` +
            `${number(sum(Buffer.from(target)))};`;
}
