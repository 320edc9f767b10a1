// What index.d.ts allows, and what it does not. Compiled, never run.

import { connect, PubSubError } from "wspubsub-client";
import type { Client, Gap, Message, Positions, Subscription, Unsubscribed }
    from "wspubsub-client";

interface Chat { who: string; text: string }

const client: Client = connect(async () => "/ws", {
    maxDelay: 1000, getToken: async ({ reason }) =>
        reason === "expired" ? null : "token",
    onState: ({ state, delay }) => console.log(state, delay),
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
        console.log(message.text.length, message.text?.length);
    },
    onGap: (gap: Gap) => console.log(gap.from - gap.to),
});
const room = client.subscribe("room/7", {
    getTicket: ({ topic, reason }) => topic + reason,
    onUnsubscribed: ({ selector, code, reason }: Unsubscribed) =>
        console.log(selector.length + code.toFixed() + reason, room.closed),
});
// @ts-expect-error: no such reason
connect("/ws", { getToken: ({ reason }) => reason === "old" ? "" : null });
// @ts-expect-error: a token is a string
connect("/ws", { getToken: async () => 5 });
// @ts-expect-error: a ticket, or null
client.subscribe("room/7", { getTicket: async () => undefined });
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

// -- declared topics -------------------------------------------------------

interface Topics {
    "chat/*": Chat;
    "prices/**": number;
    "note": { text: string };
}
const typed: Client<Topics> = connect<Topics>("/ws");
const loose: Client = typed;
const anyRoom: string = "lobby";

typed.subscribe("chat/*", { onMessage: ({ data }) => data?.who.length });
typed.subscribe("prices/fx/*", { onMessage: ({ kind, data }) => {
    if (kind === "json") {
        console.log(data.toFixed(4));
    }
} });
typed.subscribe("**", { onMessage: ({ data }) => data.anything });
typed.subscribe("chat/**", { onMessage: ({ data }) => data.anything });
// @ts-expect-error: no such member
typed.subscribe("chat/lobby", { onMessage: ({ data }) => data?.whom });

async function publishing(unknown: unknown): Promise<void> {
    await typed.publish("chat/lobby", { who: "Ann", text: "hello" });
    await typed.publish(`chat/${anyRoom}`, { who: "Ann", text: "hello" });
    await typed.publish("chat/lobby", { data: { who: "Ann", text: "hi" } });
    await typed.publish("chat/lobby", { patch: { who: "Bob" } });
    await typed.publish("prices/fx/EURUSD", 1.08);
    await typed.publish("note", { data: { text: "x" } });
    await typed.publish("elsewhere", "x");
    await typed.publish(anyRoom, { any: "thing" });
    // @ts-expect-error: a number
    await typed.publish("chat/lobby", { who: "Ann", text: 5 });
    // @ts-expect-error: too few keys
    await typed.publish("chat/lobby", { who: "Ann" });
    // @ts-expect-error: too many
    await typed.publish("chat/lobby", { who: "Ann", text: "x", to: "Bob" });
    // @ts-expect-error: the wrapper does not help
    await typed.publish("chat/lobby", { data: { who: 5, text: "x" } });
    // @ts-expect-error: another type of data
    await typed.publish(`prices/${anyRoom}`, "1.08");
    // @ts-expect-error: a number
    await typed.publish("note", { text: 5 });
    // @ts-expect-error: it would be published as a text
    await typed.publish("note", { text: "x" });
    const { items } = await typed.get("prices/**");
    console.log(items[0]?.data?.toFixed(2));

    for (const one of [1, "x", null, [1], { a: 1 }, {}]) {
        await loose.publish("a", one);
    }
    await loose.publish("a", unknown);
    await loose.publish("a", { text: "x", who: 5 });
    await loose.publish("a", { data: { text: 5 } });
    await loose.publish("a", { bytes: new ArrayBuffer(2) });
    await loose.publish("a", { patch: [{ op: "remove", path: "/a" }] });
    // @ts-expect-error: a text is a string
    await loose.publish("a", { text: 5 });
    // @ts-expect-error: bytes are an ArrayBuffer, or a view of one
    await loose.publish("a", { bytes: "x" });
    // @ts-expect-error: no JSON
    await loose.publish("a", () => 5);
    // @ts-expect-error: no JSON
    await loose.publish("a", undefined);
}
void publishing(5);
