// A project of somebody who installed the package: packed as for npm, with
// what it builds, beside packages of node_modules.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync }
    from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const CLIENT = fileURLToPath(
    new URL("../../../clients/js", import.meta.url));
const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));
const NAME = "wspubsub-client";

export class Project {
    #folder = mkdtempSync(join(tmpdir(), "ws-pubsub-npm-"));

    // `packages`: of node_modules, that are there as well.
    constructor(packages = []) {
        const packing = execFileSync("npm", ["pack", "--json", "--offline",
            "--pack-destination", this.#folder, CLIENT],
        { encoding: "utf8", cwd: this.#folder,
            stdio: ["ignore", "pipe", "pipe"] });
        const [packed] = JSON.parse(packing);
        this.files = packed.files.map(({ path }) => path);
        const target = this.path("node_modules", NAME);
        mkdirSync(target, { recursive: true });
        execFileSync("tar", ["-xzf", this.path(packed.filename),
            "-C", target, "--strip-components=1"]);
        for (const name of packages) {
            const link = this.path("node_modules", name);
            mkdirSync(dirname(link), { recursive: true });
            symlinkSync(join(MODULES, name), link);
        }
        this.write("package.json", '{"type":"module"}');
    }

    path(...names) {
        return join(this.#folder, ...names);
    }

    // Of the installed package.
    installed(...names) {
        return this.path("node_modules", NAME, ...names);
    }

    write(name, text) {
        mkdirSync(dirname(this.path(name)), { recursive: true });
        writeFileSync(this.path(name), text);
    }

    // A module of the package, with the project's other packages.
    load(...names) {
        return import(pathToFileURL(this.installed(...names)));
    }

    // Throws where files do not compile; what is wrong is printed. `options`:
    // of the compiler, beside these.
    compile(files, options = {}) {
        this.write("tsconfig.json", JSON.stringify({ files, compilerOptions: {
            noEmit: true, strict: true, target: "es2022",
            lib: ["es2022", "dom", "dom.iterable"], jsx: "react-jsx",
            module: "nodenext", types: [], ...options } }));
        execFileSync(process.execPath,
            [join(MODULES, "typescript", "bin", "tsc"), "-p", "."],
            { cwd: this.#folder, stdio: "inherit" });
    }

    remove() {
        rmSync(this.#folder, { recursive: true, force: true });
    }
}
