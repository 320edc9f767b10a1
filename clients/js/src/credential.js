// Tokens and tickets, as the application gives them.

import { PubSubError } from "./errors.js";

// Resolves to {[kind]: text} or {error}, a PubSubError: its code is `kind`
// where `get` has thrown, and "unauthorized" where it has none to give.
export async function credential(kind, get, question) {
    try {
        const found = await get(question);
        return found ? { [kind]: found }
            : { error: new PubSubError("unauthorized", `no ${kind}`) };
    } catch (cause) {
        return { error: new PubSubError(
            kind, `no ${kind}: ${cause?.message}`, { cause }) };
    }
}
