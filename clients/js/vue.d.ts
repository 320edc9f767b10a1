// Topics in Vue components.

import type { ComputedRef, MaybeRefOrGetter, Plugin, Ref } from "vue";
import type { Client, State, TopicOptions, TopicState } from "./index.js";

/** For `app.use()`: gives the client to all components. */
export declare function pubSub(client: Client<any>): Plugin;

/** The application's client. */
export declare function useClient<Topics = any>(): Client<Topics>;

/** Subscribes while the component, or another scope, lives. Without a
 *  selector nothing is subscribed to. */
export declare function useTopic<T = any>(
    selector: MaybeRefOrGetter<string | null | undefined>,
    options?: TopicOptions,
): { [K in keyof TopicState<T>]: ComputedRef<TopicState<T>[K]> };

export declare function useConnection(): Readonly<Ref<State>>;
