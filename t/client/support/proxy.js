// A TCP proxy that harms its connections when it is told to.

import { createServer, connect } from "node:net";

export class Proxy {
    #server;
    #pairs = new Set();
    #toClient = Infinity; // bytes that new and present connections still get
    #holds = false;
    #refuses = false;
    accepted = 0;

    static async start(port) {
        const proxy = new Proxy();
        proxy.#server = createServer((client) => proxy.#accept(client, port));
        await new Promise((resolve) =>
            proxy.#server.listen(0, "127.0.0.1", resolve));
        return proxy;
    }

    url(path = "/ws") {
        return `ws://127.0.0.1:${this.#server.address().port}${path}`;
    }

    #accept(client, port) {
        this.accepted++;
        if (this.#refuses) {
            client.on("error", () => {});
            client.destroy();
            return;
        }
        const server = connect({ port, host: "127.0.0.1" });
        const pair = { client, server };
        this.#pairs.add(pair);
        for (const socket of [client, server]) {
            socket.setNoDelay(true);
            socket.on("error", () => {}); // it closes, too
        }
        client.on("data", (data) => server.write(data));
        server.on("data", (data) => this.#pass(pair, data));
        client.on("close", () => this.#end(pair));
        server.on("close", () => {
            if (!this.#holds) {
                this.#end(pair);
            }
        });
    }

    #pass(pair, data) {
        const allowed = data.subarray(0, this.#toClient);
        this.#toClient -= allowed.length;
        if (allowed.length === data.length) {
            pair.client.write(data);
            return;
        }
        this.#toClient = Infinity;
        pair.server.destroy();
        pair.client.write(allowed, () => pair.client.destroy());
    }

    #end(pair) {
        pair.client.destroy();
        pair.server.destroy();
        this.#pairs.delete(pair);
    }

    // Lets so many more bytes through, then ends that connection: most
    // likely within a frame.
    cutAfter(bytes) {
        this.#toClient = bytes;
    }

    // Ends all connections.
    cut() {
        [...this.#pairs].forEach((pair) => this.#end(pair));
    }

    // Cuts, and lets nobody in, until open().
    shut() {
        this.#refuses = true;
        this.cut();
    }

    open() {
        this.#refuses = false;
    }

    // Passes everything on but the end of a connection.
    holdEnds() {
        this.#holds = true;
    }

    async stop() {
        this.#holds = false;
        this.cut();
        await new Promise((resolve) => this.#server.close(resolve));
    }
}
