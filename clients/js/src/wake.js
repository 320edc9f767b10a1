// When it is worth while to look at the connection at once: the machine came
// online, or the page came into view. In Node neither is told.

// Calls `woke()` each time; returns a function that stops it.
export function onWake(woke) {
    const page = globalThis.document;
    const seen = () => {
        if (page.visibilityState === "visible") {
            woke();
        }
    };
    globalThis.addEventListener?.("online", woke);
    page?.addEventListener("visibilitychange", seen);
    return () => {
        globalThis.removeEventListener?.("online", woke);
        page?.removeEventListener("visibilitychange", seen);
    };
}
