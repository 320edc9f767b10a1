// The npm package as users get it: packed, installed, its README's example
// run, its types compiled.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { CLIENT, Project } from "./support/installed.js";
import { live } from "./support/live.js";
import { sampleWith } from "./support/samples.js";
import { TokenServer } from "./support/token_server.js";

const CHECK = fileURLToPath(new URL("types/check.ts", import.meta.url));
const README = join(CLIENT, "README.md");
const MAX_BUNDLE_BYTES = 10_900; // of the minified module, by gzip

const nginx = live();
let project;
let told; // package.json

before(() => {
    project = new Project(["ws", "react", "vue", "@types/react", "@types/ws",
        "@types/node"]);
    told = JSON.parse(readFileSync(project.installed("package.json"), "utf8"));
});

after(() => project?.remove());

// All files that an entry of `exports` names.
function namedBy(entry) {
    return typeof entry === "string" ? [entry]
        : Object.values(entry).flatMap(namedBy);
}

test("what is in it", () => {
    const named = [...Object.values(told.exports).flatMap(namedBy),
        ...Object.values(told.bin ?? {}), told.main, told.module, told.types,
        told.unpkg, told.jsdelivr];
    for (const path of named) {
        assert.ok(project.files.includes(path.replace("./", "")), path);
    }
    assert.ok(project.files.includes("README.md"));
    assert.ok(project.files.includes("dist/wspubsub.min.js.map"));
    for (const path of project.files) {
        assert.match(path,
            /^((src|bin)\/([\w]+\/)?\w+\.js|dist\/[\w.]+|[^/]+)$/);
    }
    assert.ok(!project.files.includes("build.js"));
});

test("it can be published", () => {
    const { status, stderr } = spawnSync("npm", ["publish", "--dry-run",
        "--offline"], { cwd: CLIENT, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    // Whoever runs the tests need not be logged in.
    const warnings = stderr.split("\n").filter((line) =>
        /warn|error/i.test(line) && !/logged in|npm notice/.test(line));
    assert.deepEqual(warnings, []);
});

test("it depends on nothing", () => {
    assert.equal(told.dependencies, undefined);
    assert.equal(told.devDependencies, undefined);
    assert.ok(Object.keys(told.peerDependencies).every((name) =>
        told.peerDependenciesMeta[name].optional));
    const peers = { "src/react.js": "react", "src/vue.js": "vue" };
    for (const path of project.files.filter((one) =>
        /^(src|bin)\/.*\.js$/.test(one))) {
        const text = readFileSync(project.installed(path), "utf8");
        const isForNode = /^(src\/(node|cli)|bin)\//.test(path);
        for (const [, from] of text.matchAll(/from "([^"]+)"/g)) {
            const isOwn = /^\.\.?\/[\w/.]+\.js$/.test(from);
            const isAllowed = isOwn || from === peers[path] ||
                (isForNode && from.startsWith("node:"));
            assert.ok(isAllowed, `${path} imports ${from}`);
        }
    }
});

test("the minified module", async (t) => {
    const text = readFileSync(project.installed(told.unpkg));
    const packed = gzipSync(text, { level: 9 }).length;
    t.diagnostic(`${told.unpkg}: ${text.length} bytes, ${packed} by gzip`);
    assert.ok(packed <= MAX_BUNDLE_BYTES, `${packed}`);
    const { connect, PubSubError } = await project.load(told.unpkg);
    assert.equal(typeof connect, "function");
    assert.equal(new PubSubError(103, "x").code, 103);
    const map = JSON.parse(readFileSync(
        project.installed(`${told.unpkg}.map`), "utf8"));
    assert.ok(map.sources.includes("../src/client.js"));
    assert.ok(map.sourcesContent.length === map.sources.length);
    assert.match(text.toString(),
        /\/\/# sourceMappingURL=wspubsub\.min\.js\.map\s*$/);
});

test("all that is exported, by import and by require", async () => {
    const require = createRequire(project.path("main.js"));
    for (const entry of Object.keys(told.exports)) {
        const name = entry.replace(".", "wspubsub-client");
        if (entry === "./package.json") {
            assert.equal(require(name).name, "wspubsub-client");
            continue;
        }
        const run = `import * as all from "${name}";
            console.log(Object.keys(all).sort().join());`;
        project.write("import.mjs", run);
        const names = execFileSync(process.execPath, ["import.mjs"],
            { cwd: project.path(), encoding: "utf8" }).trim();
        assert.ok(names.length > 0, entry);
        if (told.exports[entry].require) {
            assert.equal(Object.keys(require(name)).sort().join(), names,
                entry);
        }
    }
});

test("the CommonJS build works", async () => {
    const require = createRequire(project.path("main.js"));
    const { connect } = require("wspubsub-client");
    const { WebSocket } = require("wspubsub-client/node");
    const client = connect(nginx.server.url(), { WebSocket });
    const topic = nginx.topic();
    const { seq } = await client.publish(topic, { a: 1 });
    assert.equal(seq, 1);
    await client.close();
});

// What it prints.
async function run(example) {
    project.write("example.mjs", example);
    const child = spawn(process.execPath, ["example.mjs"], {
        cwd: project.path(), stdio: ["ignore", "pipe", "inherit"],
        timeout: 30_000 });
    let said = "";
    child.stdout.on("data", (data) => {
        said += data;
    });
    const status = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(status, 0);
    return said;
}

test("the README's example", async () => {
    const url = "ws://localhost:8080/ws";
    const example = sampleWith(README, "js", url);
    assert.equal(await run(example.replace(url, nginx.server.url())),
        "open\nchat/lobby: Ann says hello\nclosed\n");
});

test("the README's example of tokens", async () => {
    const server = await TokenServer.start("hello");
    try {
        const example = sampleWith(README, "js", "getToken")
            .replace("ws://localhost:8080", server.url())
            .replace("http://localhost", server.url("http"));
        const logIn = `globalThis.logIn = () => fetch("${
            server.url("http")}/login");`;
        assert.equal(await run(`${logIn}\n${example}`),
            "no token\nuser/ann/greeting hello\n");
        assert.deepEqual(server.heard.map(({ op }) => op), ["auth", "sub"]);
    } finally {
        await server.stop();
    }
});

test("the types, for every kind of import", () => {
    const check = readFileSync(CHECK, "utf8");
    project.write("check.ts", check);
    project.write("check.cts", check);
    project.compile(["check.ts", "check.cts"]);
    project.compile(["check.ts"],
        { module: "es2022", moduleResolution: "bundler" });
    const files = ["react", "vue", "node"].flatMap((name) => {
        const text = `import * as all from "wspubsub-client/${name}";
            export const names: string[] = Object.keys(all);`;
        return ["ts", "cts"].map((ending) => {
            project.write(`${name}.${ending}`, text);
            return `${name}.${ending}`;
        });
    });
    project.compile(files, { skipLibCheck: true });
});
