// Topics in Vue components. The client is provided once, so that all
// components share one connection.

import { computed, inject, onScopeDispose, readonly, shallowRef, toValue,
    watch } from "vue";

import { EMPTY, Latest, subscribeOptions } from "./latest.js";

const KEY = Symbol("wspubsub");

// For app.use().
export function pubSub(client) {
    return { install: (app) => app.provide(KEY, client) };
}

export function useClient() {
    const client = inject(KEY, undefined);
    if (client === undefined) {
        throw new Error("there is no app.use(pubSub(client))");
    }
    return client;
}

// Refs {message, data, topics, ready, error}. `selector`: a string, a ref or
// a getter; of none: all empty.
export function useTopic(selector, options = {}) {
    const client = useClient();
    const seen = shallowRef(EMPTY);
    watch(() => toValue(selector), (text, _, onCleanup) => {
        const latest = new Latest(client, text, subscribeOptions(options));
        seen.value = EMPTY;
        onCleanup(latest.listen(() => {
            seen.value = latest.snapshot();
        }));
    }, { immediate: true });
    return Object.fromEntries(Object.keys(EMPTY).map((name) =>
        [name, computed(() => seen.value[name])]));
}

// A ref of the client's state: "connecting", "open", …
export function useConnection() {
    const client = useClient();
    const state = shallowRef(client.state);
    onScopeDispose(client.on("state", (change) => {
        state.value = change.state;
    }));
    return readonly(state);
}
