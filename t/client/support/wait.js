// Waiting, with an end.

export const TIMEOUT_MS = 30_000;

// Those of the machine, where a test has a clock of its own.
const { setTimeout } = globalThis;
const { now } = Date;

export async function until(what, condition, timeoutMs = TIMEOUT_MS) {
    const deadline = now() + timeoutMs;
    for (;;) {
        const value = await condition();
        if (value) {
            return value;
        }
        if (now() > deadline) {
            throw new Error(`not within ${timeoutMs} ms: ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

// Lets everything run that is due.
export function turn() {
    return new Promise((resolve) => setImmediate(resolve));
}

export function range(first, last) {
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}
