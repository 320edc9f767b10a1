// Fossil deltas: what Fossil itself made, random edits, and what does not fit.

import assert from "node:assert/strict";
import { test } from "node:test";

import { applyDelta, applyTextDelta, checksum, DeltaError }
    from "../../clients/js/src/delta.js";
import { encodeDelta, encodeTextDelta, number }
    from "./support/delta_encoder.js";

// Bases, targets and deltas of Fossil 2.21's `test-delta-create`.
const BOOK = '{"bids":[[1.1,5],[1.2,7],[1.3,9],[1.4,11],[1.55,20]],' +
    '"name":"é€😀 order book","asks":[]}';
const BY_FOSSIL = [
    [BOOK, BOOK.replace("1.2,7", "1.2,8").replace('"asks":[]',
        '"asks":[[2,1]]'), "1Y\nM@0,1:814@N,7:[2,1]]}l~LGM;"],
    [BOOK, "", "0\n0;"],
    ["", BOOK, `1T\n1T:${BOOK}UL26w;`],
];

test("what Fossil made", () => {
    for (const [base, target, delta] of BY_FOSSIL) {
        assert.equal(applyTextDelta(base, delta), target);
    }
});

test("checksum", () => {
    const of = (...bytes) => checksum(Uint8Array.from(bytes));
    assert.equal(of(), 0);
    assert.equal(of(1), 0x01000000);
    assert.equal(of(1, 2, 3, 4, 5), 0x06020304);
    assert.equal(of(255, 255, 255, 255, 0, 0, 0, 2), 1);
    assert.equal(checksum(new Uint8Array(70000).fill(255)),
        (17500 * 0xffffffff) % 2 ** 32);
});

// A small generator, so that a failure can be had again.
function randoms(seed) {
    let state = seed;
    return (below) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor(state / 2 ** 32 * below);
    };
}

const ALPHABET = [..."abc 019{}[]\":,\\é€😀\u0000\ufeff\u2028"];

function randomText(random, length) {
    return Array.from({ length }, () =>
        ALPHABET[random(ALPHABET.length)]).join("");
}

function edited(random, text) {
    const letters = [...text];
    for (let edits = random(6); edits > 0; edits--) {
        const at = random(letters.length + 1);
        const kind = random(3);
        letters.splice(at, kind === 0 ? 0 : random(20),
            ...(kind === 1 ? [] : randomText(random, random(20))));
    }
    return letters.join("");
}

test("random edits of random text", () => {
    for (let seed = 1; seed <= 2000; seed++) {
        const random = randoms(seed);
        const base = randomText(random, random(400));
        const target = edited(random, base);
        assert.equal(applyTextDelta(base, encodeTextDelta(base, target)),
            target, `seed ${seed}`);
    }
});

test("random bytes", () => {
    for (let seed = 1; seed <= 500; seed++) {
        const random = randoms(seed);
        const bytes = (count) => Buffer.from(
            Array.from({ length: count }, () => random(256)));
        const base = bytes(random(300));
        const target = Buffer.concat([base.subarray(random(300)),
            bytes(random(30)), base.subarray(0, random(300))]);
        assert.deepEqual(
            Buffer.from(applyDelta(base, encodeDelta(base, target))), target);
    }
});

test("a delta of another base, or cut, or changed, does not fit", () => {
    const [base, target, delta] = BY_FOSSIL[0];
    const misfits = [
        [base.replace("1.1", "1.9"), delta], [base.slice(0, 40), delta],
        ["", delta], [base, delta.replace("814", "914")],
        [base, delta.replace("M@0", "N@0")], [base, delta + "x"],
        [base, delta.replace("l~LGM", "l~LGN")],
        [base, delta.replace("1Y", "1X")], [base, delta.replace("1Y", "1Z")],
    ];
    for (let end = 0; end < delta.length; end++) {
        misfits.push([base, delta.slice(0, end)]);
    }
    for (const [from, misfit] of misfits) {
        assert.throws(() => applyTextDelta(from, misfit), DeltaError, misfit);
    }
    assert.equal(applyTextDelta(base, delta), target);
});

test("nonsense takes neither time nor memory", () => {
    const most = "~".repeat(5);
    for (const one of ["", "\n", ";", "1", "a b", "1\n1@0", "1\n1!0,",
        "1\n@0,0;", "1\n:a0;", `${most}\n0;`, "3~~~~~\n0;", "4000000\n",
        "G0000000000\n0;", "5\n1:a5@0,0;", "1\n2:ab0;", "2\n1:a0;",
        "1\n3~~~~~@3~~~~~,0;"]) {
        assert.throws(() => applyTextDelta("abc", one), DeltaError, one);
    }
});

test("a result that is no UTF-8", () => {
    const bytes = Buffer.from([0xc3]);
    assert.throws(() => applyTextDelta("é",
        `1\n1@0,${number(checksum(bytes))};`), DeltaError);
});
