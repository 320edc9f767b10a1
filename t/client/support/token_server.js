// A server that speaks as much of json.wspubsub.v1 as clients with tokens
// need, and gives the tokens out, too.

import { createServer } from "node:http";

import { WebSocketServer } from "ws";

const LIFE_MS = 3_600_000;

export class TokenServer {
    #http = createServer((request, response) =>
        this.#answer(request, response));
    #value;
    loggedIn = false; // else there is no token to be had
    isGood = (token) => token === "good";
    heard = []; // commands, without what is new each time

    // `value`: what each topic is said to hold.
    static async start(value) {
        const server = new TokenServer();
        server.#value = value;
        new WebSocketServer({ server: server.#http }).on("connection",
            (socket) => socket.on("message", (text) =>
                server.#obey(socket, JSON.parse(text))));
        await new Promise((resolve) =>
            server.#http.listen(0, "127.0.0.1", resolve));
        return server;
    }

    url(scheme = "ws") {
        return `${scheme}://127.0.0.1:${this.#http.address().port}`;
    }

    stop() {
        this.#http.closeAllConnections();
        return new Promise((resolve) => this.#http.close(resolve));
    }

    // "/login", and "/token".
    #answer({ url }, response) {
        this.loggedIn ||= url === "/login";
        response.statusCode = this.loggedIn ? 200 : 401;
        response.end("good");
    }

    #obey(socket, { id, op, topic, token, ticket }) {
        const say = (said) => socket.send(JSON.stringify(said));
        this.heard.push({ op, topic, token, ticket });
        socket.known ||= op === "auth" && this.isGood(token);
        if (!socket.known) {
            say({ id, error: { code: 101, message: "not a good token" } });
            socket.close(3502);
        } else if (op === "auth") {
            say({ id, ok: { user: "ann", expires: Date.now() + LIFE_MS } });
        } else if (op === "sub") {
            const name = topic.replace("**", "greeting");
            say({ id, ok: { recovered: true, topics: [
                { topic: name, epoch: "e", seq: 1 }] } });
            say({ op: "msg", topic: name, seq: 1, data: this.#value });
        } else {
            say({ id, ok: { epoch: "e", seq: 2 } });
        }
    }
}
