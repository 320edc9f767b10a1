// `wspubsub`: from arguments to an exit code.

import { readFileSync } from "node:fs";

import { bench } from "./bench.js";
import { EXIT, failureOf, usage } from "./failure.js";
import { help } from "./help.js";
import { NAMES, parse } from "./options.js";
import { pub } from "./pub.js";
import { get, history, who } from "./read.js";
import { revoke } from "./revoke.js";
import { kick, sessions } from "./sessions.js";
import { sub } from "./sub.js";
import { token } from "./token.js";

const COMMANDS = { sub, pub, get, history, who, bench, sessions, kick, revoke,
    token };

function version() {
    const { version: found } = JSON.parse(readFileSync(
        new URL("../../package.json", import.meta.url), "utf8"));
    return found;
}

// Resolves to the exit code.
export async function main([command, ...args], environment = process.env) {
    // Whoever reads has had enough, as `head` has.
    process.stdout.on("error", ({ code }) => {
        process.exit(code === "EPIPE" ? EXIT.done : EXIT.failed);
    });
    try {
        if (command === "--version") {
            process.stdout.write(`${version()}\n`);
            return EXIT.done;
        }
        if (["--help", "-h", "help"].includes(command)) {
            process.stdout.write(help());
            return EXIT.done;
        }
        if (!NAMES.includes(command)) {
            throw usage(command === undefined ? "which command?"
                : `no command "${command}"`);
        }
        const parsed = parse(command, args, environment);
        if (parsed.values.help) {
            process.stdout.write(help(command));
            return EXIT.done;
        }
        await COMMANDS[command](parsed);
        return EXIT.done;
    } catch (error) {
        const { message, exitCode } = failureOf(error);
        const hint = exitCode !== EXIT.usage ? ""
            : NAMES.includes(command) ? `; see wspubsub ${command} --help`
                : "; see wspubsub --help";
        process.stderr.write(`wspubsub: ${message}${hint}\n`);
        return exitCode;
    }
}
