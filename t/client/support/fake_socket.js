// A WebSocket whose other end is the test.

export class FakeSocket {
    readyState = 0;
    sent = []; // the client's commands, parsed
    taken = 0;

    constructor(url, protocol) {
        this.url = url;
        this.protocol = protocol;
    }

    send(text) {
        if (this.readyState === 0) {
            throw new Error("not open yet");
        }
        this.sent.push(JSON.parse(text));
    }

    close(code) {
        this.closedWith = code;
        this.readyState = 2;
    }

    // -- the server's side ---------------------------------------------------

    accept() {
        this.readyState = 1;
        this.onopen({});
    }

    say(...objects) {
        for (const one of objects) {
            this.onmessage({ data: JSON.stringify(one) });
        }
    }

    drop(code = 1006, reason = "") {
        this.readyState = 3;
        this.onclose({ code, reason });
    }

    // The next command that the client sent; without its id, which is kept.
    next() {
        if (this.taken >= this.sent.length) {
            throw new Error("nothing more was sent");
        }
        const { id, ...command } = this.sent[this.taken++];
        this.id = id;
        return command;
    }

    get isQuiet() {
        return this.taken === this.sent.length;
    }

    // Answers the command that next() gave last.
    ok(ok = {}) {
        this.say({ id: this.id, ok });
    }

    refuse(code, message = "no") {
        this.say({ id: this.id, error: { code, message } });
    }

    // next() and ok() for a `sub`; `topics`: {name: [epoch, seq]}.
    subscribed(topics = {}, recovered = true) {
        const command = this.next();
        this.ok({ recovered, topics: Object.entries(topics).map(
            ([topic, [epoch, seq, was]]) => ({ topic, epoch, seq, was })) });
        return command;
    }
}
