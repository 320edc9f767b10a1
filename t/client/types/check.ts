// What index.d.ts allows, and what it does not. Compiled, never run.

import { connect, PubSubError } from "wspubsub-client";
import type { Client, Gap, Message, Positions, Subscription }
    from "wspubsub-client";

interface Chat { who: string; text: string }

const client: Client = connect(async () => "/ws", {
    maxDelay: 1000, onState: ({ state, delay }) => console.log(state, delay),
});
const off: () => void = client.on("error", (error: Error) =>
    console.log(error instanceof PubSubError && error.code));
// @ts-expect-error: no such event
client.on("message", () => {});

const chat: Subscription<Chat> = client.subscribe<Chat>("chat/*", {
    since: { epoch: "e", seq: 1 }, delta: true, rate: 5,
    onMessage(message: Message<Chat>) {
        if (message.kind === "json") {
            console.log(message.data.who.length);
        } else if (message.kind === "binary") {
            console.log(message.bytes.byteLength);
        } else {
            console.log(message.text.length, message.form === "delta");
        }
        // @ts-expect-error: not before the kind is known
        console.log(message.text);
    },
    onGap: (gap: Gap) => console.log(gap.from - gap.to),
});
// @ts-expect-error: "old" is no start
client.subscribe("a", { since: "old" });

async function use(): Promise<void> {
    const { recovered } = await chat.ready;
    const positions: Positions = chat.positions();
    client.subscribe("b/*", { positions, last: recovered ? 1 : 2 });
    for await (const { topic, seq } of chat) {
        console.log(topic.length + seq);
    }
    const at = await client.publish("a", { text: "x" }, { if: "absent" });
    await client.publish("a", new Uint8Array(2), { if: at, key: "k" });
    const { items, more } = await client.get<Chat>("a/*", { limit: 5 });
    for (const item of items) {
        if (item.kind === "json") {
            console.log(item.data.who, item.time.toFixed(), more);
        }
    }
    const { who }: { who: string[] } = await client.who("a");
    console.log(who, await client.ping());
    off();
    await chat.unsubscribe();
    await client.close();
}
void use();
