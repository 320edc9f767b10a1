// `wspubsub sessions` and `kick`: who is connected, and the end of that.

import { controlling } from "./control.js";
import { dateOf } from "./dates.js";
import { usage } from "./failure.js";
import { Output } from "./output.js";
import { table } from "./table.js";

const text = (name) => ({ title: name, value: (row) => row[name] });
const number = (name, title = name) =>
    ({ title, value: (row) => row[name], isNumber: true });
const date = (name) => ({ title: name, value: (row) =>
    row[name] === null ? null : dateOf(row[name]) });

const COLUMNS = [text("id"), text("user"), text("identity"), text("address"),
    text("endpoint"), date("since"), date("expires"),
    number("subscriptions", "subs"), number("queued"), number("in"),
    number("out"), number("worker")];

export async function sessions({ values }) {
    const output = new Output(values);
    const { user, identity, topic, endpoint, limit } = values;
    await controlling(values, "theirs are not here", async (control) => {
        const rows = [];
        for await (const one of control.list("sessions",
            { user, identity, topic, endpoint }, limit, ({ id }) => id)) {
            if (output.isJson) {
                output.json(one);
            } else {
                rows.push(one);
            }
        }
        table(COLUMNS, rows).forEach((line) => output.line(line));
    });
}

export async function kick({ values, others: [id] }) {
    const { user, identity, topic, all, code, reason } = values;
    const isFiltered = [user, identity, topic].some((one) =>
        one !== undefined);
    if (Number(id !== undefined) + Number(isFiltered) + Number(all === true)
        !== 1) {
        throw usage("say which: an ID, or --user, --identity and --topic, " +
            "or --all");
    }
    if (id !== undefined && !/^[0-9a-f]{16}$/.test(id)) {
        throw usage(`an ID is 16 digits, as "sessions" tells, not "${id}"`);
    }
    const output = new Output(values);
    await controlling(values, "they do it when they go on", async (control) => {
        const said = await control.order("DELETE",
            id === undefined ? "sessions" : `sessions/${id}`,
            { user, identity, topic, all: all && 1, code, reason });
        if (output.isJson) {
            output.json(said);
        } else {
            output.line(`${said.closed} closed`);
        }
    });
}
