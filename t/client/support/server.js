// An nginx with the module, by serve.py.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../serve.py", import.meta.url));
const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";

export class Server {
    #process;
    #lines;
    #ended;

    // `more`: further locations. `kept`: the zone is kept in files.
    static async start(more = "", kept = false) {
        const server = new Server();
        server.#process = spawn(PYTHON, [SCRIPT, more,
            ...(kept ? ["kept"] : [])], {
            stdio: ["pipe", "pipe", "inherit"] });
        server.#ended = new Promise((resolve) => {
            server.#process.on("exit", resolve);
        });
        server.#lines = createInterface({ input: server.#process.stdout })[
            Symbol.asyncIterator]();
        server.port = (await server.#answer()).port;
        return server;
    }

    async #answer() {
        const { value, done } = await this.#lines.next();
        if (done) {
            throw new Error("serve.py ended; see above");
        }
        return JSON.parse(value);
    }

    #tell(command) {
        this.#process.stdin.write(JSON.stringify({ do: command }) + "\n");
    }

    url(path = "/ws") {
        return `ws://127.0.0.1:${this.port}${path}`;
    }

    async #do(command) {
        this.#tell(command);
        await this.#answer();
    }

    reload() {
        return this.#do("reload");
    }

    killWorkers() {
        return this.#do("kill");
    }

    // These need `kept`; see serve.py.
    restart() {
        return this.#do("restart");
    }

    crash() {
        return this.#do("crash");
    }

    keep() {
        return this.#do("keep");
    }

    keepSeldom() {
        return this.#do("seldom");
    }

    // Throws where the log, or a worker, is not as it must be.
    async stop() {
        this.#tell("stop");
        const status = await this.#ended;
        if (status !== 0) {
            throw new Error(`serve.py ended with ${status}; see above`);
        }
    }

    // Publishes JSON over HTTP; returns {topic, epoch, seq, subscribers}.
    async publish(topic, data) {
        const answer = await fetch(
            `http://127.0.0.1:${this.port}/api/${topic}`, {
                method: "PUT", body: JSON.stringify(data),
                headers: { "Content-Type": "application/json" } });
        if (!answer.ok) {
            throw new Error(`${answer.status} ${await answer.text()}`);
        }
        return answer.json();
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
