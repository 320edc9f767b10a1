// Topics in React components.

import type { ReactElement, ReactNode } from "react";
import type { Client, State, TopicOptions, TopicState } from "./index.js";

/** Gives the client to the components in it. */
export declare function PubSubProvider(props: {
    client: Client<any>;
    children?: ReactNode;
}): ReactElement;

/** The provider's client. */
export declare function useClient<Topics = any>(): Client<Topics>;

/** Subscribes while the component is mounted. Without a selector nothing is
 *  subscribed to. */
export declare function useTopic<T = any>(
    selector: string | null | undefined, options?: TopicOptions,
): TopicState<T>;

export declare function useConnection(): State;
