// Makes dist/, which is published but not kept in git: a CommonJS build with
// its types, and one minified module for pages and CDNs, with its source map.
//
// esbuild is a development dependency of t/client: `npm ci` there, or
// auto/client, installs it.

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync,
    writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DIST = join(HERE, "dist");

const ENTRIES = { client: "src/client.js", node: "src/node/index.js",
    react: "src/react.js", vue: "src/vue.js" };
const TYPES = ["index", "node", "react", "vue"];

const require = createRequire(
    new URL("../../t/client/package.json", import.meta.url));
const { build } = require("esbuild");

// Other builds at the same time make the same: nobody sees half a file, and
// nobody packs one.
const UNFINISHED = mkdtempSync(join(HERE, ".building-"));

function save(name, contents) {
    const unfinished = join(UNFINISHED, name);
    writeFileSync(unfinished, contents);
    renameSync(unfinished, join(DIST, name));
}

async function bundle(options) {
    const { outputFiles } = await build({
        absWorkingDir: HERE, bundle: true, write: false, outdir: "dist",
        logLevel: "warning", legalComments: "none", ...options });
    for (const { path, contents } of outputFiles) {
        save(basename(path), contents);
    }
}

async function buildAll() {
    mkdirSync(DIST, { recursive: true });
    await bundle({ entryPoints: ENTRIES, format: "cjs", target: "node18",
        platform: "node", external: ["react", "vue"],
        outExtension: { ".js": ".cjs" } });
    await bundle({ entryPoints: { "wspubsub.min": ENTRIES.client },
        format: "esm", target: "es2022", minify: true, sourcemap: "linked" });
    for (const name of TYPES) {
        const text = readFileSync(join(HERE, `${name}.d.ts`), "utf8");
        save(`${name}.d.cts`, text.replaceAll('"./index.js"', '"./index.cjs"'));
    }
}

try {
    await buildAll();
} finally {
    rmSync(UNFINISHED, { recursive: true });
}
