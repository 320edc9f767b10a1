// How the command ends where it does not do what it was asked for.

export const EXIT = Object.freeze({
    done: 0,
    failed: 1, // the server said no
    usage: 2,
    unreachable: 3, // no connection, a lost one, or no answer in time
    unauthorized: 4, // 401 or 403, or the token is refused
});

export class Failure extends Error {
    constructor(exitCode, message) {
        super(message);
        this.exitCode = exitCode;
    }
}

export function usage(message) {
    return new Failure(EXIT.usage, message);
}

const LOST = new Set(["dropped", "closed", "queue full"]);

// What any error means for the exit code.
export function failureOf(error) {
    if (error instanceof Failure) {
        return error;
    }
    if (error instanceof TypeError || error.code?.startsWith?.("ERR_PARSE")) {
        return usage(error.message);
    }
    const number = typeof error.code === "number" ? `${error.code}: ` : "";
    return new Failure(LOST.has(error.code) ? EXIT.unreachable : EXIT.failed,
        number + error.message);
}

// Rejects where `promise` is not settled in so many seconds.
export async function within(seconds, what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Failure(EXIT.unreachable,
            `${what}: not within ${seconds} s`)), seconds * 1000);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}
