// `wspubsub token`: makes tokens for trying, and tells what is in one.

import { usage } from "./failure.js";
import { explain } from "./token_explain.js";
import { make } from "./token_make.js";

const COMMON = ["secret", "key", "alg", "json", "quiet"];

// What each takes: options beside the common ones, and arguments.
const ACTIONS = {
    make: { run: make, most: 0,
        options: ["kid", "sub", "exp", "topic", "pub", "claim"] },
    explain: { run: explain, most: 1, options: [] },
};

export async function token({ values, others: [action, ...others] }) {
    if (!Object.hasOwn(ACTIONS, action)) {
        throw usage(`token make or token explain, not "${action}"`);
    }
    const { run, most, options } = ACTIONS[action];
    const foreign = Object.keys(values).find((one) =>
        ![...COMMON, ...options].includes(one));
    if (foreign !== undefined) {
        throw usage(`--${foreign} is not for token ${action}`);
    }
    if (others.length > most) {
        throw usage("too many arguments");
    }
    await run({ values, others });
}
