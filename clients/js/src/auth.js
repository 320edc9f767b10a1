// Tokens: who the client is, told by the first command of each connection, and
// told anew before the token ends.
//
// When that is, the reply says by a time, and this machine's clock may be off.
// So only durations count. What is left of a token is at most its own life,
// from `iat` to `exp` (a clock that is behind would have it last longer), and
// just that where by the clock the token is over (it is ahead: the server has
// taken the token this moment). Where both are unknown or the guess is wrong
// the server closes with 3005, and the client comes back with a new token.

import { backoff } from "./backoff.js";
import { UNWAITING } from "./commands.js";
import { credential } from "./credential.js";
import { MAY_PASS } from "./errors.js";

const CLOSE_ABNORMAL = 1006;
const CLOSE_EXPIRED = 3005;
const CLOSE_NO_TOKEN = 3502;

const MIN_REFRESH_MS = 10_000; // the server takes 10 a minute
// Of a refresh that has failed. The shortest wait is half of the first.
const RETRY = Object.freeze({ first: 2 * MIN_REFRESH_MS, most: 60_000 });

const SOON_MS = 5000; // who comes back at once twice within it is in a loop
const MAX_TIMEOUT_MS = 2 ** 31 - 1; // of setTimeout

// When a JWT was issued, in ms, or NaN.
function issuedAt(token) {
    try {
        const [, claims] = token.split(".");
        return 1000 * JSON.parse(atob(
            claims.replaceAll("-", "+").replaceAll("_", "/"))).iat;
    } catch {
        return NaN;
    }
}

// ms that are left of a token which the server has just taken, or NaN.
function leftOf(token, expires) {
    const life = expires - issuedAt(token);
    const left = expires - Date.now();
    return left > 0 && !(left > life) ? left : life;
}

export class Auth {
    #getToken;
    #link;
    #commands;
    #report;
    #reason = "connect"; // of the next question for a token
    #refusals = 0; // of first tokens, one after the other
    #failures = 0; // of refreshes, one after the other
    #returnedAt = -Infinity; // when it last came back at once
    #session = 0; // counts connections, so that a late answer knows it is late
    #timer;

    // `getToken({reason})`: the application's, or undefined. `report(error)`
    // tells the application.
    constructor(getToken, link, commands, report) {
        this.#getToken = getToken;
        this.#link = link;
        this.#commands = commands;
        this.#report = report;
    }

    // Resolves to the token of a connection that is to be made, or undefined.
    // Rejects with PubSubError.
    async prepare() {
        if (this.#getToken === undefined) {
            return undefined;
        }
        const { token, error } = await credential(
            "token", this.#getToken, { reason: this.#reason });
        if (error !== undefined) {
            throw error;
        }
        return token;
    }

    // On a socket that is open, with what prepare() gave for it.
    greet(token) {
        if (token === undefined) {
            this.#link.established();
            return;
        }
        this.#send(token, (error) => {
            if (error === undefined) {
                this.#reset();
                this.#link.established();
            } else {
                this.#link.leave({ reason: error.message,
                    code: MAY_PASS.has(error.code) ? CLOSE_ABNORMAL
                        : CLOSE_NO_TOKEN });
            }
        });
    }

    #send(token, done) {
        const session = this.#session;
        this.#commands.start({ op: "auth", token }, UNWAITING, (error, ok) => {
            if (session !== this.#session) {
                return;
            }
            if (error === undefined) {
                this.#failures = 0;
                this.#schedule(leftOf(token, ok.expires));
            }
            done(error);
        });
    }

    // -- before it ends ------------------------------------------------------

    #schedule(left) {
        if (left > 0) {
            const part = 0.6 + 0.3 * Math.random();
            this.#later(Math.max(MIN_REFRESH_MS, part * left), "refresh");
        }
    }

    #later(ms, reason) {
        clearTimeout(this.#timer);
        this.#timer = ms > MAX_TIMEOUT_MS
            ? setTimeout(() => this.#later(ms - MAX_TIMEOUT_MS, reason),
                MAX_TIMEOUT_MS)
            : setTimeout(() => this.#refresh(reason), ms);
    }

    async #refresh(reason) {
        const session = this.#session;
        const { token, error } = await credential(
            "token", this.#getToken, { reason });
        if (session !== this.#session) {
            return;
        }
        if (error !== undefined) {
            this.#failed(error);
        } else {
            this.#send(token, (refused) => refused && this.#failed(refused));
        }
    }

    // The session goes on as it was; without anybody to be it is left.
    #failed(error) {
        if (error.code === "unauthorized") {
            this.#link.leave(
                { code: CLOSE_ABNORMAL, reason: error.message, error });
            return;
        }
        this.#later(backoff(this.#failures++, RETRY),
            MAY_PASS.has(error.code) ? "refresh" : "expired");
        this.#report(error);
    }

    // -- the connection ------------------------------------------------------

    #reset() {
        this.#reason = "connect";
        this.#refusals = 0;
    }

    ended() {
        this.#session++;
        clearTimeout(this.#timer);
    }

    // What the end of a connection, or of an attempt, means: "refused", trying
    // again is of no use; "at once"; or undefined: nothing to this one.
    // `error`: of prepare(), where that has failed.
    dropped(code, error) {
        this.ended();
        if (error?.code === "token") {
            this.#report(error);
        }
        const isRefused = code === CLOSE_NO_TOKEN;
        if (error?.code === "unauthorized" ||
            (isRefused && (!this.#getToken || this.#refusals > 0))) {
            this.#reset();
            return "refused";
        }
        if (!this.#getToken || !(isRefused || code === CLOSE_EXPIRED)) {
            return undefined;
        }
        this.#reason = "expired";
        this.#refusals += isRefused;
        const before = this.#returnedAt;
        this.#returnedAt = Date.now();
        return this.#returnedAt - before < SOON_MS ? undefined : "at once";
    }
}
