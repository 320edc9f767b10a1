// What promises are rejected with and `error` handlers are told.

// `code` is the server's number (SPEC: 100 internal, 103 denied, 114 conflict,
// …), or one of ours:
//   "dropped"    the connection went before the reply: done or not, who knows
//   "closed"     the client, or the subscription, is closed
//   a close code beside these: the server closed for good
//   "queue full" too much waits for the connection
//   "too large"  more than the server takes in one message
//   "delta"      a delta did not fit; the topic is subscribed to anew
//   "protocol"   the server said what this client does not understand
//   "token", "ticket"  getToken, or getTicket, has thrown: the `cause`
//   "unauthorized"     it has given none
export class PubSubError extends Error {
    constructor(code, message, options) {
        super(message, options);
        this.name = "PubSubError";
        this.code = code;
    }
}

// Codes of what may pass: internal, full, rate, "can't be decided now".
export const MAY_PASS = new Set([100, 108, 111, 115, "token", "ticket"]);

// Calls what the application gave us. What it throws is the application's
// own, and must not stop the session: it becomes an uncaught error.
export function tell(callback, ...values) {
    if (callback === undefined) {
        return;
    }
    try {
        callback(...values);
    } catch (error) {
        queueMicrotask(() => {
            throw error;
        });
    }
}
