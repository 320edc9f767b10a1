// The samples in JavaScript, TypeScript and HTML of a Markdown page.

import { readFileSync } from "node:fs";

// Not what is a file of nginx's: its scripts have no types.
const FENCE = /^```(\w+)(?! file=)[^\n]*\n([^]*?)^```/gm;
const SCRIPT = /<script type="module">([^]*?)<\/script>/g;
const KINDS = new Map([["js", "ts"], ["javascript", "ts"], ["mjs", "ts"],
    ["ts", "ts"], ["typescript", "ts"], ["jsx", "tsx"], ["tsx", "tsx"]]);

// Yields {language, line, text, kind}; `kind`: "ts" or "tsx", undefined for
// what is neither.
function* blocks(path) {
    const page = readFileSync(path, "utf8");
    for (const { 1: language, 2: text, index } of page.matchAll(FENCE)) {
        const line = page.slice(0, index).split("\n").length;
        yield { language, line, text, kind: KINDS.get(language) };
    }
}

// All that can be compiled.
export function samplesOf(path) {
    const found = [];
    for (const { language, line, text, kind } of blocks(path)) {
        if (kind !== undefined) {
            found.push({ line, text, kind });
        } else if (language === "html" || language === "vue") {
            for (const [, script] of text.matchAll(SCRIPT)) {
                found.push({ line, text: script, kind: "ts" });
            }
        }
    }
    return found;
}

// The first block of that language whose text has `part` in it.
export function sampleWith(path, language, part) {
    for (const block of blocks(path)) {
        if (block.language === language && block.text.includes(part)) {
            return block.text;
        }
    }
    throw new Error(`${path}: no sample with ${part}`);
}
