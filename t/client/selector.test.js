// Which selectors are valid, and what they match.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Selector } from "../../clients/js/src/selector.js";

const MATCHES = [
    ["a", ["a"], ["A", "aa", "a/b"]],
    ["a/b", ["a/b"], ["a", "a/b/c"]],
    ["*", ["a", "é"], ["a/b", "$SYS", "$"]],
    ["**", ["a", "a/b", "a/$b"], ["$SYS", "$SYS/a"]],
    ["a/*", ["a/b", "a/é", "a/$b"], ["a", "a/b/c", "b/b"]],
    ["a/**", ["a/b", "a/b/c/d", "a/$b"], ["a", "b/a"]],
    ["*/x", ["a/x", "x/x"], ["x", "a/y", "a/b/x", "$a/x"]],
    ["a/*/c/**", ["a/b/c/d", "a/b/c/d/e"], ["a/b/c", "a/c/d", "b/b/c/d"]],
    ["*/*", ["a/b"], ["a", "a/b/c", "$a/b"]],
    ["*/**", ["a/b", "a/b/c"], ["a", "$a/b"]],
    ["$SYS/*", ["$SYS/a"], ["$SYS", "$SYS/a/b"]],
    ["$SYS/**", ["$SYS/a", "$SYS/a/b"], ["$SYS", "SYS/a"]],
];

for (const [text, yes, no] of MATCHES) {
    test(`what ${text} matches`, () => {
        const selector = new Selector(text);
        assert.equal(selector.isExact, !text.includes("*"));
        assert.deepEqual([...yes, ...no].filter((one) =>
            selector.matches(one)), yes);
    });
}

const BAD = ["", "/", "/a", "a/", "a//b", ".", "a/../b", "./*", "a*", "*a",
    "***", "**/a", "a/**/b", "a\u0001", "a\u007f", "a\u0085", "x".repeat(256),
    "é".repeat(128), Array(33).fill("a").join("/"), 5, undefined, null];

test("what is no selector", () => {
    for (const one of BAD) {
        assert.throws(() => new Selector(one), TypeError, String(one));
    }
    for (const one of ["x".repeat(255), Array(32).fill("a").join("/")]) {
        assert.ok(new Selector(one).matches(one));
    }
});
