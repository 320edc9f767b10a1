// The command `wspubsub`, as who installed the package has it.

import { spawn } from "node:child_process";
import { after, before } from "node:test";

import { main } from "../../../clients/js/src/cli/main.js";
import { Project } from "./installed.js";

// `environment()`: variables beside PATH. What was started ends with the
// file.
export function command(environment) {
    const running = new Set();
    let project;
    before(() => {
        project = new Project();
    });
    after(() => {
        running.forEach((one) => one.kill("SIGKILL"));
        project?.remove();
    });

    // Starts it; `out` and `err` grow, `ended` resolves to the exit code.
    function start(args, { input = "", env = {} } = {}) {
        const child = spawn(process.execPath,
            [project.installed("bin", "wspubsub.js"), ...args],
            { env: { PATH: process.env.PATH, ...environment(), ...env } });
        running.add(child);
        const one = { child, out: "", err: "" };
        child.stdout.on("data", (data) => {
            one.out += data;
        });
        child.stderr.on("data", (data) => {
            one.err += data;
        });
        child.stdin.end(input);
        one.ended = new Promise((resolve) => child.on("close", (code) => {
            running.delete(child);
            resolve(code);
        }));
        return one;
    }

    async function run(args, options) {
        const one = start(args, options);
        one.code = await one.ended;
        return one;
    }

    return { start, run };
}

export const lines = ({ out }) => out.split("\n").slice(0, -1);

// The same in this process, for what needs no server. One after the other:
// each has the output for itself.
let last = Promise.resolve();
export function called(args) {
    const one = last.then(() => call(args));
    last = one.catch(() => {});
    return one;
}

async function call(args) {
    const one = { out: "", err: "" };
    const { stdout, stderr } = process;
    const streams = [[stdout, "out"], [stderr, "err"]];
    for (const [stream, name] of streams) {
        stream.write = (text) => {
            one[name] += text;
            return true;
        };
    }
    try {
        one.code = await main(args, {});
    } finally {
        streams.forEach(([stream]) => delete stream.write);
        stdout.removeAllListeners("error");
    }
    return one;
}
