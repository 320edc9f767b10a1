// An nginx with the module, by serve.py.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";

// A program of this folder's that is told what to do, a line each.
export class Script {
    #name;
    #process;
    #lines;
    #ended;

    // Resolves to what its first line says.
    async run(name, ...more) {
        this.#name = name;
        const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
        this.#process = spawn(PYTHON, [path, ...more], {
            stdio: ["pipe", "pipe", "inherit"] });
        this.#ended = new Promise((resolve) => {
            this.#process.on("exit", resolve);
        });
        this.#lines = createInterface({ input: this.#process.stdout })[
            Symbol.asyncIterator]();
        return this.#answer();
    }

    async #answer() {
        const { value, done } = await this.#lines.next();
        if (done) {
            throw new Error(`${this.#name} ended; see above`);
        }
        return JSON.parse(value);
    }

    #tell(command) {
        this.#process.stdin.write(JSON.stringify({ do: command }) + "\n");
    }

    async do(command) {
        this.#tell(command);
        await this.#answer();
    }

    // Throws where the log, or a worker, is not as it must be.
    async stop() {
        this.#tell("stop");
        const status = await this.#ended;
        if (status !== 0) {
            throw new Error(`${this.#name} ended with ${status}; see above`);
        }
    }
}

// Publishes JSON over HTTP; returns {topic, epoch, seq, subscribers}.
export async function publishAt(port, topic, data) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/${topic}`, {
        method: "PUT", body: JSON.stringify(data),
        headers: { "Content-Type": "application/json" } });
    if (!answer.ok) {
        throw new Error(`${answer.status} ${await answer.text()}`);
    }
    return answer.json();
}

export class Server extends Script {
    // `more`: further locations. `kept`: the zone is kept in files.
    static async start(more = "", kept = false) {
        const server = new Server();
        const told = await server.run("serve.py", more,
            ...(kept ? ["kept"] : []));
        server.port = told.port;
        return server;
    }

    url(path = "/ws") {
        return `ws://127.0.0.1:${this.port}${path}`;
    }

    reload() {
        return this.do("reload");
    }

    killWorkers() {
        return this.do("kill");
    }

    // These need `kept`; see serve.py.
    restart() {
        return this.do("restart");
    }

    crash() {
        return this.do("crash");
    }

    keep() {
        return this.do("keep");
    }

    keepSeldom() {
        return this.do("seldom");
    }

    publish(topic, data) {
        return publishAt(this.port, topic, data);
    }

    async remove(topic) {
        const answer = await fetch(
            `http://127.0.0.1:${this.port}/api/${topic}`,
            { method: "DELETE" });
        if (answer.status !== 204) {
            throw new Error(`${answer.status}`);
        }
    }
}
