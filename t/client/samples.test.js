// Every sample of the documentation in JavaScript or TypeScript compiles, as
// `tsc --strict` has it, with the types of the package.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Project } from "./support/installed.js";
import { samplesOf } from "./support/samples.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const PAGES = ["README.md", "clients/js/README.md",
    ...readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"))
        .map((name) => join("docs", name))];

// What samples use of the application around them.
const AROUND = `
import type { Client } from "wspubsub-client";
declare global {
    const client: Client;
    function show(topic: string, data: unknown): void;
    function logIn(status?: number): Promise<void>;
}
`;
// Where pages have what the package calls "min.js".
const ADDRESS = "/wspubsub/wspubsub.min.js";

let project;

before(() => {
    project = new Project(["ws", "react", "vue", "@types/react", "@types/ws",
        "@types/node"]);
    project.write("around.d.ts", AROUND);
});

after(() => project?.remove());

test("they compile", () => {
    const files = PAGES.flatMap((page) => samplesOf(join(ROOT, page)).map(
        ({ line, text, kind }) => {
            const name = `${relative(".", page).replaceAll("/", "-")}` +
                `.line${line}.${kind}`;
            // A module, whatever it imports.
            const code = text.replace(ADDRESS, "wspubsub-client/min.js");
            project.write(name, `${code}\nexport {};\n`);
            return name;
        }));
    assert.ok(files.length >= 5, "that of the client has some");
    project.compile(["around.d.ts", ...files], { skipLibCheck: true,
        module: "es2022", moduleResolution: "bundler" });
});
