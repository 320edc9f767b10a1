// The npm package as users get it: packed, installed, its README's example
// run, its types compiled.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync,
    writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { live } from "./support/live.js";

const CLIENT = fileURLToPath(new URL("../../clients/js", import.meta.url));
const MODULES = fileURLToPath(new URL("node_modules", import.meta.url));
const CHECK = fileURLToPath(new URL("types/check.ts", import.meta.url));

const nginx = live();
let folder;
let files;

// A project of somebody who installed the package, and what it contained.
before(() => {
    folder = mkdtempSync(join(tmpdir(), "ws-pubsub-npm-"));
    const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json",
        "--offline", "--pack-destination", folder, CLIENT],
    { encoding: "utf8", cwd: folder }));
    files = packed.files.map(({ path }) => path);
    const target = join(folder, "node_modules", "wspubsub-client");
    mkdirSync(target, { recursive: true });
    execFileSync("tar", ["-xzf", join(folder, packed.filename),
        "-C", target, "--strip-components=1"]);
    symlinkSync(join(MODULES, "ws"), join(folder, "node_modules", "ws"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("what is in it", () => {
    const { exports } = JSON.parse(
        readFileSync(join(CLIENT, "package.json"), "utf8"));
    for (const path of Object.values(exports["."])) {
        assert.ok(files.includes(path.replace("./", "")), path);
    }
    assert.ok(files.includes("README.md"));
    assert.ok(files.every((path) => /^(src\/\w+\.js|[^/]+)$/.test(path)),
        `${files}`);
});

test("it depends on nothing", () => {
    const told = JSON.parse(readFileSync(join(CLIENT, "package.json"),
        "utf8"));
    assert.equal(told.dependencies, undefined);
    for (const path of files.filter((one) => one.endsWith(".js"))) {
        const text = readFileSync(join(CLIENT, path), "utf8");
        for (const [, from] of text.matchAll(/from "([^"]+)"/g)) {
            assert.match(from, /^\.\/\w+\.js$/, `${path} imports ${from}`);
        }
    }
});

test("the README's example", async () => {
    const readme = readFileSync(join(CLIENT, "README.md"), "utf8");
    const [, example] = /```js\n([^]*?)```/.exec(readme);
    const url = "ws://localhost:8080/ws";
    assert.ok(example.includes(url));
    writeFileSync(join(folder, "example.mjs"),
        example.replace(url, nginx.server.url()));
    const child = spawn(process.execPath, ["example.mjs"],
        { cwd: folder, stdio: ["ignore", "pipe", "inherit"], timeout: 30_000 });
    let said = "";
    child.stdout.on("data", (data) => {
        said += data;
    });
    const status = await new Promise((resolve) => child.on("exit", resolve));
    assert.equal(said, "open\nchat/lobby: Ann says hello\nclosed\n");
    assert.equal(status, 0);
});

test("the types", () => {
    cpSync(CHECK, join(folder, "check.ts"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    execFileSync(process.execPath, [
        join(MODULES, "typescript", "bin", "tsc"), "--noEmit", "--strict",
        "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom",
        "check.ts"], { cwd: folder, stdio: "inherit" });
});
