// A WebSocket for Node, which before 22 has none.

import type { RequestOptions } from "node:https";

/** What `connect()` uses of a browser's WebSocket. */
export declare class WebSocket {
    constructor(url: string, protocol?: string, options?: RequestOptions);
    readonly url: string;
    readonly protocol: string;
    readonly readyState: number;
    readonly bufferedAmount: number;
    onopen: ((event: {}) => void) | null;
    onmessage: ((event: { data: string | ArrayBuffer }) => void) | null;
    onerror: ((event: { message: string; status?: number }) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
    send(data: string | Uint8Array): void;
    close(code?: number, reason?: string): void;
    /** Without a word to the other side. */
    terminate(): void;
}

/** A class for `connect()`, all of whose sockets have these options:
 *  `headers`, `ca`, `rejectUnauthorized` and what else `https.request` has. */
export declare function withOptions(options: RequestOptions):
    new (url: string, protocol?: string) => WebSocket;
