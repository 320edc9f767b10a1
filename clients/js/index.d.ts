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
interface Json<T> {
    kind: "json";
    data: T;
    text?: undefined;
    bytes?: undefined;
}
interface Text {
    kind: "text";
    data?: undefined;
    text: string;
    bytes?: undefined;
}
interface Binary {
    kind: "binary";
    data?: undefined;
    text?: undefined;
    bytes: Uint8Array;
}
interface NoValue {
    time?: undefined;
    kind?: undefined;
    data?: undefined;
    text?: undefined;
    bytes?: undefined;
}

export type Message<T = any> = Delivered & (Json<T> | Text | Binary);

/** What `get` and `history` give; `time` in ms since 1970. A topic that
 *  keeps no value has no kind. */
export type Item<T = any> = { topic: string; epoch: string; seq: number } &
    ({ time: number } & (Json<T> | Text | Binary) | NoValue);

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
    /** The server's: "deleted", "reset"; or "removed", "replaced" or "reset"
     *  while away. */
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

/** The server has ended the subscription: 103, it is not allowed any more;
 *  109, its ticket has expired. */
export interface Unsubscribed {
    selector: string;
    code: number;
    reason: string;
}

/** Why a ticket is asked for: for a `sub`, the first one and after each drop;
 *  or because the last ticket is not good any more. */
export interface TicketQuestion {
    topic: string;
    reason: "subscribe" | "expired";
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
    /** Gives a ticket for the selector. What it throws is an `error` event,
     *  and it is asked again later; null ends the subscription. */
    getTicket?(question: TicketQuestion): Given;
    onMessage?(message: Message<T>): void;
    onGap?(gap: Gap): void;
    onGone?(gone: Gone): void;
    /** A topic is there: at the start, or has come to be. */
    onTopic?(topic: TopicNotice): void;
    onJoin?(presence: Presence): void;
    onLeave?(presence: Presence): void;
    onSubscribed?(subscribed: Subscribed): void;
    /** The server has ended it; `onError` and the iterator are told, too. */
    onUnsubscribed?(unsubscribed: Unsubscribed): void;
    /** The subscription has ended with it. */
    onError?(error: Error): void;
}

/** Of `useTopic` in the entries for React and Vue. */
export type TopicOptions = Pick<SubscribeOptions,
    "since" | "last" | "positions" | "delta" | "rate" | "getTicket">;

/** What `useTopic` has seen of a selector. */
export interface TopicState<T = any> {
    /** The newest message, and its data where it is JSON. */
    message: Message<T> | undefined;
    data: T | undefined;
    /** The newest message of each topic. */
    topics: Readonly<Record<string, Message<T>>>;
    /** Whether the server has answered. */
    ready: boolean;
    /** What the subscription ended with. */
    error: Error | undefined;
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

type IsAny<T> = 0 extends 1 & T ? true : false;
type Bytes = ArrayBuffer | ArrayBufferView;

// Whether all topics of `Topic`, a selector too, match `Selector`.
type Matches<Selector extends string, Topic extends string> =
    Selector extends "**" ? true
    : Topic extends "**" ? false
    : Selector extends `${infer Own}/${infer OwnRest}`
        ? Topic extends `${infer Their}/${infer TheirRest}`
            ? Own extends "*" ? Matches<OwnRest, TheirRest>
            : Their extends Own ? Matches<OwnRest, TheirRest>
            : false
        : false
    : Topic extends `${string}/${string}` ? false
    : Selector extends "*" ? true
    : Topic extends Selector ? true : false;

type SelectorsOf<Topics, Topic extends string> = {
    [S in keyof Topics & string]: Matches<S, Topic> extends true ? S : never;
}[keyof Topics & string];

/** The JSON data of a topic: what `Topics` says of the selectors that match
 *  it, and `any` where none does, or where the topic is any string. */
export type DataOf<Topics, Topic extends string> =
    IsAny<Topics> extends true ? any
    : string extends Topic ? any
    : [SelectorsOf<Topics, Topic>] extends [never] ? any
    : Topics[SelectorsOf<Topics, Topic> & keyof Topics];

/** A payload that says what it is. */
type Wrapped<T> =
    | { data: T }
    | { text: string }
    | { bytes: Bytes }
    /** An object is a merge patch (RFC 7396), an array a JSON Patch (6902). */
    | { patch: object };
type WrapperKey = "data" | "text" | "bytes" | "patch";

// The key of an object that would be taken for a wrapper.
type OnlyKey<T> = T extends readonly unknown[] ? never
    : T extends object ? [keyof T] extends [WrapperKey] ? keyof T : never
    : never;

/** What may be published to a topic with data T: the data as it is, or
 *  wrapped. An object whose only key is data, text, bytes or patch says what
 *  it holds: `{data: {text: "x"}}` publishes the object `{"text":"x"}`. */
export type Payload<T> = [OnlyKey<T>] extends [never] ? T | Wrapped<T>
    : { data: T } | Exclude<Wrapped<T>, Record<OnlyKey<T>, any>>;

// Where nothing is declared: whatever has a JSON form, bytes, or a wrapper
// that holds what its key says.
type Undeclared<P> =
    P extends Bytes ? P
    : P extends undefined | bigint | symbol | ((...any: any[]) => unknown)
        ? never
    : P extends readonly unknown[] ? P
    : P extends object
        ? [keyof P] extends [never] ? P
        : [keyof P] extends [WrapperKey]
            ? Extract<Wrapped<unknown>, Record<keyof P, any>>
        : P
    : P;

export interface GetOptions {
    /** The topic after which the page begins. */
    after?: string;
    limit?: number;
}

export interface HistoryOptions {
    since?: Position;
    last?: number;
    limit?: number;
}

export interface PublishOptions {
    /** Only if the topic stands there, or is not there. */
    if?: Position | "absent";
    /** At most once in this topic for 5 minutes, also over a drop. */
    key?: string;
}

/** "unauthorized": the upgrade was answered 401 or 403, there is no token, or
 *  the server does not take it; nothing more is tried until
 *  `client.connect()`. */
export type State =
    "connecting" | "open" | "waiting" | "unauthorized" | "closed";

export interface StateChange {
    state: State;
    previous: State | "new";
    /** Of all but "connecting" and "open": the close code, 1006 where there
     *  was none. */
    code?: number;
    /** Of "unauthorized": 401 or 403; `reason` has it in words. Absent where
     *  it was the token. */
    status?: number;
    reason?: string;
    /** Of "waiting": ms until the next attempt. */
    delay?: number;
}

/** A token or a ticket, or null where there is none. */
type Given = string | null | Promise<string | null>;

/** Why a token is asked for: for a connection; before the last one ends; or
 *  because the server does not take the last one any more. */
export interface TokenQuestion {
    reason: "connect" | "refresh" | "expired";
}

export interface ConnectOptions {
    /** Gives the token that is each connection's first command, and others
     *  before it ends. What it throws is an `error` event, and it is asked
     *  again later; null makes the client "unauthorized". */
    getToken?(question: TokenQuestion): Given;
    /** A constructor like that of browsers: npm's `ws`, for one. */
    WebSocket?: new (url: string, protocol: string) => any;
    /** What tells why a browser's upgrade was refused; `null`: nothing does.
     *  The global one, unless `WebSocket` is a class of your own. */
    fetch?: typeof globalThis.fetch | null;
    /** ms before the first attempt after a drop, at most: 500. It grows by
     *  half each time … */
    minDelay?: number;
    /** … up to this: 10000. */
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

/** `Topics`: selectors and the JSON data of their topics. */
export interface Client<Topics = any> {
    readonly state: State;
    /** Tries now what would be tried later; also goes on after
     *  "unauthorized". Throws when the client is closed. */
    connect(): void;
    on(event: "state", handler: (change: StateChange) => void): () => void;
    on(event: "error", handler: (error: Error) => void): () => void;
    subscribe<S extends string>(selector: S,
        options?: SubscribeOptions<DataOf<Topics, S>>,
    ): Subscription<DataOf<Topics, S>>;
    subscribe<T>(selector: string,
        options?: SubscribeOptions<T>): Subscription<T>;
    publish<S extends string, P>(topic: S,
        payload: IsAny<DataOf<Topics, S>> extends true
            ? P & Undeclared<P> : Payload<DataOf<Topics, S>>,
        options?: PublishOptions): Promise<Position>;
    get<S extends string>(selector: S, options?: GetOptions,
    ): Promise<Page<DataOf<Topics, S>>>;
    get<T>(selector: string, options?: GetOptions): Promise<Page<T>>;
    history<S extends string>(topic: S, options: HistoryOptions,
    ): Promise<Page<DataOf<Topics, S>>>;
    history<T>(topic: string, options: HistoryOptions): Promise<Page<T>>;
    /** The first 1,000; `more`: there are others. */
    who(topic: string): Promise<{ who: string[]; connections: number;
        more: boolean }>;
    /** Resolves to the ms that the answer took. */
    ping(): Promise<number>;
    /** For good. Resolves when the connection is closed, too. */
    close(): Promise<void>;
}

export declare class PubSubError extends Error {
    /** The server's number, or "dropped", "closed", "queue full",
     *  "too large", "delta", "protocol", "token", "ticket",
     *  "unauthorized". */
    readonly code: number | string;
}

/** Connects, and connects again after any drop. `url` may be a function, that
 *  is asked anew for each attempt: for tokens that expire. In a page it may be
 *  relative. */
export declare function connect<Topics = any>(
    url: string | (() => string | Promise<string>),
    options?: ConnectOptions,
): Client<Topics>;
