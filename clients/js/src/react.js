// Topics in React components. The client comes from a provider, so that all
// components share one connection.

import { createContext, createElement, useCallback, useContext, useEffect,
    useMemo, useRef, useSyncExternalStore } from "react";

import { Latest, subscribeOptions } from "./latest.js";

const Context = createContext(undefined);

export function PubSubProvider({ client, children }) {
    return createElement(Context.Provider, { value: client }, children);
}

export function useClient() {
    const client = useContext(Context);
    if (client === undefined) {
        throw new Error("there is no PubSubProvider around this component");
    }
    return client;
}

// {message, data, topics, ready, error}; of no selector: all empty.
export function useTopic(selector, options = {}) {
    const client = useClient();
    // Options are written in place, and so are other objects each time.
    const asked = JSON.stringify(subscribeOptions(options));
    const { getTicket } = options;
    const hasTickets = getTicket !== undefined;
    const newest = useRef(getTicket);
    useEffect(() => {
        newest.current = getTicket;
    });
    const latest = useMemo(() => new Latest(client, selector, {
        ...JSON.parse(asked),
        getTicket: hasTickets ? (question) => newest.current?.(question)
            : undefined,
    }), [client, selector, asked, hasTickets]);
    return useSyncExternalStore(
        latest.listen, latest.snapshot, latest.snapshot);
}

// The client's state: "connecting", "open", …
export function useConnection() {
    const client = useClient();
    const listen = useCallback(
        (listener) => client.on("state", listener), [client]);
    const state = () => client.state;
    return useSyncExternalStore(listen, state, state);
}
