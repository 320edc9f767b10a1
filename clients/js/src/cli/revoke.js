// `wspubsub revoke`: tokens that are not good any more.

import { controlling, oneOf } from "./control.js";
import { dateOf } from "./dates.js";
import { usage } from "./failure.js";
import { Output } from "./output.js";
import { table } from "./table.js";

const WHOSE = ["user", "jti", "all"];

const keyOf = (row) => WHOSE.find((name) => row[name] !== undefined);

const COLUMNS = [
    { title: "of", value: keyOf },
    { title: "name", value: (row) => row.user ?? row.jti },
    { title: "before", value: ({ before }) => dateOf(before) },
    { title: "expires", value: ({ expires }) => dateOf(expires) },
];

// As `after` has it.
function nameOf(row) {
    const key = keyOf(row);
    return key === "all" ? key : `${key}:${row[key]}`;
}

async function list(values, output, control) {
    const rows = [];
    for await (const one of control.list("revocations", {}, values.limit,
        nameOf)) {
        if (output.isJson) {
            output.json(one);
        } else {
            rows.push(one);
        }
    }
    table(COLUMNS, rows).forEach((line) => output.line(line));
}

function tell(output, said, name, words) {
    if (output.isJson) {
        output.json(said);
    } else {
        output.line(`${said[name]} ${words}`);
    }
}

async function undo(values, key, output, control) {
    const said = await control.order("DELETE", "revocations",
        { [key]: key === "all" ? 1 : values[key] });
    tell(output, said, "removed", "removed");
}

async function put(values, key, output, control) {
    const said = await control.order("PUT", "revocations", {},
        { [key]: values[key], before: values.before });
    tell(output, said, "closed", "closed");
}

function planned(values) {
    const { list: lists, undo: undoes, before, limit } = values;
    if (lists && (undoes || before !== undefined ||
        WHOSE.some((one) => values[one] !== undefined))) {
        throw usage("--list is for itself");
    }
    if (undoes && before !== undefined) {
        throw usage("--before is not for --undo");
    }
    if (!lists && limit !== undefined) {
        throw usage("--limit is for --list");
    }
    return lists ? list : undoes ? undo : put;
}

export async function revoke({ values }) {
    const does = planned(values);
    const output = new Output(values);
    if (does === list) {
        await controlling(values, "", (control) =>
            list(values, output, control));
        return;
    }
    const key = oneOf(WHOSE, values);
    await controlling(values, "they do it when they go on", (control) =>
        does(values, key, output, control));
}
