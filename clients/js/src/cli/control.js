// A location with `ws_pubsub_control`: lists, and what is ordered.

import { requestOptions, timeoutOf } from "./connection.js";
import { EXIT, Failure, usage, within } from "./failure.js";
import { Http } from "./http.js";

const MAX_PAGE = 1000; // what the server gives at once

export class Control {
    missing = new Set(); // workers that have not answered
    #http;
    #timeout;
    #where;

    constructor(values) {
        this.#http = new Http(values.control, requestOptions(values),
            "a control location");
        this.#timeout = timeoutOf(values);
        this.#where = values.control;
    }

    close() {
        this.#http.close();
    }

    // Resolves to the answer.
    async order(method, path, query = {}, body = undefined) {
        const headers = body === undefined ? {}
            : { "Content-Type": "application/json" };
        const said = await within(this.#timeout, this.#where, this.#http.ask(
            method, this.#http.of(path, query), headers,
            body === undefined ? undefined : JSON.stringify(body)));
        said.missing?.forEach((one) => this.missing.add(one));
        return said;
    }

    // All of a list, at most `limit`, a page at a time. `afterOf(row)`: how
    // the next page is asked for.
    async* list(path, query, limit, afterOf) {
        let left = limit ?? Infinity;
        for (let more = true, after; more && left > 0;) {
            const said = await this.order("GET", path, { ...query, after,
                limit: Math.min(left, MAX_PAGE) });
            const rows = said[path];
            yield* rows;
            left -= rows.length;
            more = said.more && rows.length > 0;
            after = more ? afterOf(rows.at(-1)) : undefined;
        }
    }
}

// Calls use() with it. Throws where not all workers have answered: `meaning`
// is what that does.
export async function controlling(values, meaning, use) {
    const control = new Control(values);
    try {
        await use(control);
        if (control.missing.size > 0) {
            const pids = [...control.missing].sort((a, b) => a - b).join(", ");
            throw new Failure(EXIT.failed,
                `workers that have not answered: ${pids}; ${meaning}`);
        }
    } finally {
        control.close();
    }
}

// Throws where not just one of these is said.
export function oneOf(names, values) {
    const said = names.filter((one) => values[one] !== undefined);
    if (said.length !== 1) {
        throw usage(`give one of ${names.map((one) => `--${one}`).join(", ")}`);
    }
    return said[0];
}
