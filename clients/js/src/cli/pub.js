// `wspubsub pub`: publishes an argument, a file, or what stdin has, as one
// message or a line each.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { using } from "./connection.js";
import { usage } from "./failure.js";
import { position } from "./options.js";
import { Output } from "./output.js";
import { WindowedPublisher } from "./publisher.js";

const WINDOW = 100; // lines that wait for their answers

const TYPES = {
    text: (bytes) => ({ text: bytes.toString() }),
    json: (bytes) => ({ data: parse(bytes) }),
    binary: (bytes) => ({ bytes }),
    patch: (bytes) => ({ patch: parse(bytes) }),
};

function parse(bytes) {
    try {
        return JSON.parse(bytes.toString());
    } catch (error) {
        throw usage(`not JSON: ${error.message}`);
    }
}

export async function pub({ values, others: [topic, argument] }) {
    const { type = "text", file, lines, key } = values;
    const toPayload = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    if (toPayload === undefined) {
        throw usage(`--type is one of ${Object.keys(TYPES).join(", ")}`);
    }
    if ([argument, file, lines].filter((one) => one !== undefined).length > 1) {
        throw usage("give one of a payload, --file and --lines");
    }
    const options = { key, if: values.if === undefined ||
        values.if === "absent" ? values.if : position("if", values.if) };
    const output = new Output(values);
    if (lines) {
        if (key !== undefined || options.if !== undefined) {
            throw usage("--key and --if are for one message");
        }
        await publishLines(values, topic, toPayload, output);
        return;
    }
    const payload = toPayload(await read(argument, file));
    const answer = await using(values, (client) =>
        client.publish(topic, payload, options));
    tell(output, values, topic, answer);
}

async function read(argument, file) {
    if (file !== undefined) {
        return readFileSync(file);
    }
    return argument === undefined || argument === "-"
        ? Buffer.concat(await process.stdin.toArray())
        : Buffer.from(argument);
}

function tell(output, { quiet }, topic, { epoch, seq, subscribers }) {
    if (output.isJson) {
        output.json({ topic, epoch, seq, subscribers });
    } else if (!quiet) {
        output.line(`${epoch}.${seq}`);
    }
}

// The timeout is of each message: lines may come for ever.
async function publishLines(values, topic, toPayload, output) {
    const publisher = await WindowedPublisher.open(values, WINDOW);
    try {
        for await (const line of createInterface({ input: process.stdin })) {
            await publisher.publish(topic, toPayload(Buffer.from(line)),
                (answer) => output.isJson &&
                    tell(output, values, topic, answer));
        }
        await publisher.finish();
    } finally {
        await publisher.close();
    }
    output.note(`${publisher.published} published`);
}
