// HTTP to nginx over one connection, so that one worker answers all: one that
// is stopped may take new connections from the others.

import { Agent, createServer, request } from "node:http";

export class HttpProxy {
    #agent = new Agent({ keepAlive: true, maxSockets: 1 });
    #server = createServer((asked, answer) => this.#pass(asked, answer));
    #port;

    static async start(port) {
        const proxy = new HttpProxy();
        proxy.#port = port;
        await new Promise((resolve) =>
            proxy.#server.listen(0, "127.0.0.1", resolve));
        return proxy;
    }

    url(path) {
        return `http://127.0.0.1:${this.#server.address().port}${path}`;
    }

    #pass(asked, answer) {
        const { method, url, headers } = asked;
        const passed = request({ host: "127.0.0.1", port: this.#port, method,
            path: url, headers: { ...headers, connection: "keep-alive" },
            agent: this.#agent }, (said) => {
            answer.writeHead(said.statusCode, said.headers);
            said.pipe(answer);
        });
        passed.on("error", () => answer.destroy());
        asked.pipe(passed);
    }

    stop() {
        this.#agent.destroy();
        this.#server.closeAllConnections();
        return new Promise((resolve) => this.#server.close(resolve));
    }
}
