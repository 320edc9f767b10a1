// Client of ngx_ws_pubsub_module. See README.md for how it behaves.

/** Where a topic stands: `epoch` is new each time the topic is made. */
export interface Position {
    epoch: string;
    seq: number;
}
export type Positions = Record<string, Position>;

interface Delivered {
    topic: string;
    seq: number;
    epoch: string;
    /** How it came: whole, or as the difference to the message before. */
    form: "full" | "delta";
}
interface Json<T> { kind: "json"; data: T }
interface Text { kind: "text"; text: string }
interface Binary { kind: "binary"; bytes: Uint8Array }

export type Message<T = any> = Delivered & (Json<T> | Text | Binary);

/** What `get` and `history` give; `time` in ms since 1970. A topic that
 *  keeps no value has no kind. */
export type Item<T = any> = { topic: string; epoch: string; seq: number } &
    ({ time: number } & (Json<T> | Text | Binary) |
     { time?: undefined; kind?: undefined });

export interface Page<T = any> {
    items: Item<T>[];
    more: boolean;
}

/** Messages from…to, both included, that will not come. `to < from`: nothing
 *  of this epoch is missing, but an earlier one ended while away. */
export interface Gap {
    topic: string;
    from: number;
    to: number;
    /** The server's "conflated", "evicted", "slow"; the client's "missed",
     *  "protocol", and "buffer": the iterator was not read fast enough. */
    cause: string;
}

export interface Gone {
    topic: string;
    /** The server's, or "removed" or "replaced" while away. */
    reason: string;
}

export interface TopicNotice extends Position { topic: string }
export interface Presence { topic: string; who: string }

/** The server's answer to a subscription, the first time and after drops. */
export interface Subscribed {
    /** The first 1,000 topics that are there. */
    topics: TopicNotice[];
    /** False where messages may be missing; gaps name them. */
    recovered: boolean;
    /** Whether it goes on after a drop. */
    resumed: boolean;
}

export interface SubscribeOptions<T = any> {
    /** Absent: the value now, then changes. "new": only changes. A position:
     *  the messages after it (of one topic). */
    since?: "new" | { last: number } | Position;
    /** Short for `since: {last}`. */
    last?: number;
    /** Goes on from there in each of these topics. */
    positions?: Positions;
    /** Differences instead of whole values, where they are smaller. */
    delta?: boolean;
    /** At most so many messages a second of each topic, the newest. */
    rate?: number;
    /** Messages that wait for the iterator: 1000. */
    buffer?: number;
    onMessage?(message: Message<T>): void;
    onGap?(gap: Gap): void;
    onGone?(gone: Gone): void;
    /** A topic is there: at the start, or has come to be. */
    onTopic?(topic: TopicNotice): void;
    onJoin?(presence: Presence): void;
    onLeave?(presence: Presence): void;
    onSubscribed?(subscribed: Subscribed): void;
    /** The subscription has ended with it. */
    onError?(error: Error): void;
}

export interface Subscription<T = any>
    extends AsyncIterableIterator<Message<T>> {
    readonly selector: string;
    readonly closed: boolean;
    /** The first answer; rejected where the server refuses. */
    readonly ready: Promise<Subscribed>;
    /** What has been got, to go on from with `positions`. */
    positions(): Positions;
    unsubscribe(): Promise<void>;
}

/** JSON data as it is; an ArrayBuffer or a view is binary. An object whose
 *  only key is data, text, bytes or patch says what it holds: write
 *  `{data: {text: "x"}}` to publish the object `{"text":"x"}`. */
export type Payload =
    | { data: unknown }
    | { text: string }
    | { bytes: ArrayBuffer | ArrayBufferView }
    /** An object is a merge patch (RFC 7396), an array a JSON Patch (6902). */
    | { patch: object }
    | ArrayBuffer | ArrayBufferView
    | unknown;

export interface PublishOptions {
    /** Only if the topic stands there, or is not there. */
    if?: Position | "absent";
    /** At most once in this topic for 5 minutes, also over a drop. */
    key?: string;
}

export type State = "connecting" | "open" | "waiting" | "closed";

export interface StateChange {
    state: State;
    previous: State | "new";
    /** Of "waiting" and "closed": the close code, 1006 where there was none. */
    code?: number;
    reason?: string;
    /** Of "waiting": ms until the next attempt. */
    delay?: number;
}

export interface ConnectOptions {
    /** A constructor like that of browsers: npm's `ws`, for one. */
    WebSocket?: new (url: string, protocol: string) => any;
    /** ms before the first attempt after a drop, at most: 500. It doubles … */
    minDelay?: number;
    /** … up to this: 20000. */
    maxDelay?: number;
    /** ms for an attempt: 10000. */
    connectTimeout?: number;
    /** ms for a closing handshake: 2000. */
    closeTimeout?: number;
    /** ms of silence after which the server is asked: 25000. */
    pingInterval?: number;
    /** ms for its answer: 10000. */
    pingTimeout?: number;
    /** Commands that wait for a connection: 1000. */
    queueLimit?: number;
    /** Bytes of a command, as the server's ws_pubsub_max_message: 65536. */
    maxMessage?: number;
    onState?(change: StateChange): void;
    onError?(error: Error): void;
}

export interface Client {
    readonly state: State;
    on(event: "state", handler: (change: StateChange) => void): () => void;
    on(event: "error", handler: (error: Error) => void): () => void;
    subscribe<T = any>(selector: string,
        options?: SubscribeOptions<T>): Subscription<T>;
    publish(topic: string, payload: Payload,
        options?: PublishOptions): Promise<Position>;
    get<T = any>(selector: string,
        options?: { after?: string; limit?: number }): Promise<Page<T>>;
    history<T = any>(topic: string,
        options: { since?: Position; last?: number; limit?: number },
    ): Promise<Page<T>>;
    who(topic: string): Promise<{ who: string[]; connections: number }>;
    /** Resolves to the ms that the answer took. */
    ping(): Promise<number>;
    /** For good. Resolves when the connection is closed, too. */
    close(): Promise<void>;
}

export declare class PubSubError extends Error {
    /** The server's number, or "dropped", "closed", "queue full",
     *  "too large", "delta", "protocol". */
    readonly code: number | string;
}

/** Connects, and connects again after any drop. `url` may be a function, that
 *  is asked anew for each attempt: for tokens that expire. In a page it may be
 *  relative. */
export declare function connect(
    url: string | (() => string | Promise<string>),
    options?: ConnectOptions,
): Client;
