// One WebSocket after the other: opened, watched, and opened again after a
// drop. Knows nothing of what is said on it, but `bye` by way of `leave()`.
//
//   connecting ──▶ open ──▶ waiting ──▶ connecting …
//        └─────────────────────┘ │
//        └──────────▶ unauthorized ──▶ connecting, by now()
//   any of them ──▶ closed, for good: by close(), or by the server with 3500 or
//                   3503
//
// Unauthorized: the upgrade was answered 401 or 403, or there is no token that
// the server takes, which trying again does not mend.
//
// Open: the owner has said by established() that the session may be used.
//
// A socket that is left is no longer listened to, so nothing waits for a
// closing handshake that a dead peer or a slow network never ends.

import { backoff } from "./backoff.js";
import { PubSubError } from "./errors.js";
import { askStatus, refusalReason, statusOfEvent } from "./refusal.js";
import { onWake } from "./wake.js";

const PROTOCOL = "json.wspubsub.v1";
const OPEN = 1; // WebSocket.OPEN

const CLOSE_NORMAL = 1000;
const CLOSE_RESTART = 1001;
const CLOSE_ABNORMAL = 1006; // as WebSocket has it: no Close came
const CLOSE_BAD_COMMAND = 3500;
const CLOSE_ORDERED = 3503; // by an application

// A session that held so long shows that attempts work: the next drop begins
// with the shortest wait.
const STEADY_MS = 5000;

const MIN_WATCH_MS = 10;

// A connection on which something came so lately needs no looking after.
const FRESH_MS = 5000;

// The absolute ws: or wss: URL. Throws TypeError for what is none; in a page
// it may be relative, and http: stands for ws:.
export function socketUrl(text) {
    const url = new URL(text, globalThis.location?.href);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (url.protocol !== "ws:" && url.protocol !== "wss:") {
        throw new TypeError(`not a WebSocket URL: ${text}`);
    }
    url.hash = "";
    return url.href;
}

function ignore() {}

// `owner` has
//   prepare()  resolves to what greet() is to have, before a socket is made;
//              rejects where there is to be none
//   greet(it)  the socket is open; established() is to be called, now or later
//   opened(), heard(text), ended({code, reason}), stateChanged({state, …})
//   idle()     time to ask whether the peer lives
//   dropped({code, error})  returns "refused": no more attempts; "at once"; or
//              undefined. `error`: of an attempt
export class Link {
    #url;
    #options;
    #owner;
    #state = "new";
    #socket;
    #attempt = 0; // counts connect calls, so that a late one knows it is late
    #failures = 0;
    #isUp = false; // the socket is open
    #openedAt = 0;
    #heardAt = 0;
    #askedAt = 0; // 0: nothing is asked
    #seen = {}; // of this socket's error: {reason, status}
    #timer;
    #dueAt = 0; // when the timer fires
    #triedAt = 0;
    #mayHurry = true; // the wait is ours, not the server's
    #asking; // AbortController of the question for the status
    #sleep; // stops listening to what wakes

    // `url`: a string, or a function that returns one or a promise of one.
    constructor(url, options, owner) {
        this.#url = typeof url === "function" ? url : () => url;
        this.#options = options;
        this.#owner = owner;
        if (typeof url !== "function") {
            socketUrl(url);
        }
        this.#sleep = onWake(() => this.#woke());
    }

    get state() {
        return this.#state;
    }

    get isOpen() {
        return this.#state === "open" && this.#socket.readyState === OPEN;
    }

    // REQUIRES: isOpen, or greet() was called.
    send(text) {
        this.#socket.send(text);
    }

    async connect() {
        if (this.#state === "closed") {
            return;
        }
        const attempt = ++this.#attempt;
        this.#triedAt = Date.now();
        this.#asking?.abort();
        this.#change("connecting");
        if (attempt !== this.#attempt) {
            return; // by what the application did when it was told
        }
        this.#wait(this.#options.connectTimeout, () => this.#drop({
            code: CLOSE_ABNORMAL, reason: "no connection in time" }));
        try {
            const url = socketUrl(await this.#url());
            const greeting = await this.#owner.prepare();
            if (attempt === this.#attempt) {
                this.#listen(new this.#options.WebSocket(url, PROTOCOL), url,
                    greeting);
            }
        } catch (error) {
            if (attempt === this.#attempt) {
                this.#drop(
                    { code: CLOSE_ABNORMAL, reason: error.message, error });
            }
        }
    }

    // Ends a wait, also where the server refused. Elsewhere it does nothing.
    now() {
        if (this.#state === "unauthorized" || this.#state === "waiting") {
            this.connect();
        }
    }

    // `url`: what the socket was made for.
    #listen(socket, url, greeting) {
        this.#socket = socket;
        this.#seen = {};
        this.#isUp = false;
        this.#askedAt = 0;
        socket.onopen = () => {
            this.#isUp = true;
            this.#owner.greet(greeting);
        };
        socket.onmessage = (event) => {
            this.#heardAt = Date.now();
            if (this.#askedAt !== 0) {
                this.#askedAt = 0;
                this.#watch();
            }
            this.#owner.heard(event.data);
        };
        // Browsers do not say what it was; a close event follows.
        socket.onerror = (event) => {
            this.#seen = { reason: event.message ?? "",
                status: statusOfEvent(event) };
        };
        socket.onclose = (event) => this.#closed(event, url);
    }

    #closed({ code, reason }, url) {
        const wasUp = this.#isUp;
        const seen = this.#seen;
        this.#drop({ code, reason: reason || (seen.reason ?? "") },
            wasUp ? undefined : seen.status);
        if (!wasUp && this.#state === "waiting" &&
            seen.status === undefined && this.#options.fetch) {
            this.#ask(url);
        }
    }

    // Meanwhile the wait goes on: a slow answer, or none, holds up nothing.
    async #ask(url) {
        const attempt = this.#attempt;
        this.#asking = new AbortController();
        const status = await askStatus(
            url, this.#options.fetch, this.#asking.signal);
        if (attempt === this.#attempt && this.#state === "waiting" &&
            refusalReason(status) !== undefined) {
            this.#refuse({ code: CLOSE_ABNORMAL, status,
                reason: refusalReason(status) });
        }
    }

    #refuse(why) {
        clearTimeout(this.#timer);
        this.#failures = 0;
        this.#change("unauthorized", why);
    }

    // REQUIRES: greet() was called, and the connection was not dropped since.
    established() {
        this.#openedAt = this.#heardAt = Date.now();
        const previous = this.#state;
        this.#state = "open";
        this.#watch();
        this.#owner.opened();
        this.#tell(previous);
    }

    // A browser does not see the server's pings, so silence means nothing
    // until an answer to our own question fails to come.
    #watch() {
        const { pingInterval, pingTimeout } = this.#options;
        const now = Date.now();
        if (this.#askedAt !== 0 && now - this.#askedAt >= pingTimeout) {
            this.#drop({ code: CLOSE_ABNORMAL, reason: "no answer to a ping" });
            return;
        }
        if (this.#askedAt === 0 && now - this.#heardAt >= pingInterval) {
            this.#askedAt = now;
            this.#owner.idle();
        }
        const next = this.#askedAt === 0
            ? this.#heardAt + pingInterval : this.#askedAt + pingTimeout;
        this.#wait(Math.max(next - now, MIN_WATCH_MS), () => this.#watch());
    }

    // Comes back at once, but for a wait that the server asked for, and no
    // more often than first attempts are made.
    #woke() {
        const now = Date.now();
        if (this.#state === "waiting" && this.#mayHurry) {
            const soonest = this.#triedAt + this.#options.minDelay;
            this.#wait(Math.max(0, Math.min(this.#dueAt, soonest) - now),
                () => this.connect());
        } else if (this.isOpen && this.#askedAt === 0 &&
            now - this.#heardAt >= FRESH_MS) {
            this.#askedAt = now;
            this.#owner.idle();
            this.#watch();
        }
    }

    // The server says that it closes, or talks nonsense: `after` ms from now
    // a new connection is tried. `error`: as of the owner's dropped().
    leave({ code, reason, after, error }) {
        this.#drop({ code, reason, after, error });
    }

    // `status`: of a refused upgrade, where it is known.
    #drop({ code, reason, after, error }, status) {
        this.#attempt++;
        this.#abandon();
        const steady = this.#state === "open" &&
            Date.now() - this.#openedAt >= STEADY_MS;
        this.#failures = steady ? 0 : this.#failures;
        const verdict = this.#owner.dropped({ code, error });
        if (this.#state === "closed") {
            return; // by what the application did when it was told
        }
        if (code === CLOSE_BAD_COMMAND || code === CLOSE_ORDERED) {
            this.#end({ code, reason });
            return;
        }
        if (verdict === "refused" || refusalReason(status) !== undefined) {
            this.#refuse({ code, status,
                reason: refusalReason(status) ?? reason });
            return;
        }
        const told = Number.isFinite(after) ? Math.max(0, after) : undefined;
        const isSoon = verdict === "at once" ||
            (told !== undefined && code === CLOSE_RESTART);
        const delay = Math.max(told ?? 0, isSoon ? 0 : this.#nextBackoff());
        this.#mayHurry = told === undefined;
        this.#wait(delay, () => this.connect());
        this.#change("waiting", { code, reason, delay });
    }

    #nextBackoff() {
        const { minDelay, maxDelay } = this.#options;
        return backoff(this.#failures++, { first: minDelay, most: maxDelay });
    }

    // Stops listening, and begins to close. Resolves when it is closed or
    // given up.
    #abandon() {
        clearTimeout(this.#timer);
        const socket = this.#socket;
        this.#socket = undefined;
        if (socket === undefined || socket.readyState === 3) {
            return Promise.resolve();
        }
        socket.onopen = socket.onmessage = ignore;
        socket.onerror = ignore; // closing while it connects is an error, too
        return new Promise((resolve) => {
            const giveUp = setTimeout(() => {
                socket.terminate?.(); // Node's ws; browsers do it themselves
                resolve();
            }, this.#options.closeTimeout);
            socket.onclose = () => {
                clearTimeout(giveUp);
                resolve();
            };
            socket.close(CLOSE_NORMAL);
        });
    }

    #end(why) {
        this.#sleep();
        this.#asking?.abort();
        this.#change("closed", why);
        this.#owner.ended(why);
    }

    // For good. Resolves when the socket is closed, or `closeTimeout` is over.
    close() {
        this.#attempt++;
        const closed = this.#abandon();
        if (this.#state !== "closed") {
            this.#end({ code: CLOSE_NORMAL, reason: "closed" });
        }
        return closed;
    }

    #wait(ms, then) {
        clearTimeout(this.#timer);
        this.#dueAt = Date.now() + ms;
        this.#timer = setTimeout(then, ms);
    }

    #change(state, why) {
        const previous = this.#state;
        this.#state = state;
        this.#tell(previous, why);
    }

    #tell(previous, why = {}) {
        this.#owner.stateChanged({ state: this.#state, previous, ...why });
    }
}

// Throws where there is no WebSocket at all.
export function defaultWebSocket() {
    if (globalThis.WebSocket === undefined) {
        throw new PubSubError(
            "protocol", "no WebSocket here: give options.WebSocket");
    }
    return globalThis.WebSocket;
}
