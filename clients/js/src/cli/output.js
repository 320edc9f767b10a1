// What is printed: a line for each message, as text or as JSON.

function toBase64(bytes) {
    return Buffer.from(bytes).toString("base64");
}

// The payload's member, as the protocol has it.
function member({ kind, data, text, bytes }) {
    return kind === "json" ? { data } : kind === "text" ? { text }
        : kind === "binary" ? { b64: toBase64(bytes) } : {};
}

function payloadText({ kind, data, text, bytes }) {
    return kind === "json" ? JSON.stringify(data) : kind === "text" ? text
        : kind === "binary" ? `base64:${toBase64(bytes)}` : "";
}

export class Output {
    #values;
    #out;
    #err;

    // `values`: options, of which it looks at json, raw and quiet.
    constructor(values, { stdout, stderr } = process) {
        this.#values = values;
        this.#out = stdout;
        this.#err = stderr;
    }

    get isJson() {
        return this.#values.json === true;
    }

    line(text) {
        this.#out.write(`${text}\n`);
    }

    json(value) {
        this.line(JSON.stringify(value));
    }

    // A message or an item. `op`: what JSON calls it; `label`: what is
    // before the payload otherwise.
    message(one, { op, label = one.topic } = {}) {
        const { topic, epoch, seq, time, kind, bytes } = one;
        if (this.isJson) {
            this.json({ op, topic, epoch, seq, time, ...member(one) });
        } else if (this.#values.raw && kind === "binary") {
            this.#out.write(bytes);
            this.#out.write("\n");
        } else {
            this.line(this.#values.raw ? payloadText(one)
                : `${label} ${payloadText(one)}`);
        }
    }

    // What is not a result.
    note(text) {
        if (!this.#values.quiet) {
            this.#err.write(`wspubsub: ${text}\n`);
        }
    }
}
