// Whether an attempt failed because the server lets this client not in.
//
// A browser does not tell scripts what an upgrade was answered: any refusal
// looks like a network that is down. So the same URL is asked for once more
// by `fetch`, with the same cookies: nginx's access phases come before the
// module looks at the request, and where they let it pass the module answers
// 426. What can't be asked, as at another origin without CORS, stays unknown.

const REASONS = new Map([[401, "Unauthorized"], [403, "Forbidden"]]);

// npm's `ws` says it in words only.
const STATUS_IN_WORDS = /\bresponse: (\d{3})\b/;

// The reason, or undefined for a status that may pass.
export function refusalReason(status) {
    return REASONS.get(status);
}

// The status that a socket's `error` event tells, or undefined.
export function statusOfEvent({ status, message }) {
    const [, words] = STATUS_IN_WORDS.exec(message ?? "") ?? [];
    return status ?? (words === undefined ? undefined : Number(words));
}

// `fetch` for sockets of this class, or undefined: another class may bring
// credentials that `fetch` does not have.
export function fetchFor(WebSocket) {
    const own = globalThis.WebSocket;
    const isOwn = own !== undefined &&
        (WebSocket === own || own.isPrototypeOf(WebSocket));
    return isOwn ? globalThis.fetch : undefined;
}

// Resolves to what a GET of a ws: URL is answered, or undefined.
export async function askStatus(url, fetch, signal) {
    try {
        const answer = await fetch(url.replace(/^ws/, "http"), {
            credentials: "include", cache: "no-store", redirect: "manual",
            signal });
        answer.body?.cancel().catch(() => {});
        return answer.status;
    } catch {
        return undefined;
    }
}
