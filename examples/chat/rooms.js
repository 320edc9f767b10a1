// The chat's connection: all rooms with what was said in them, and who is in
// the one that is open.
//
// One subscription, chat/*, brings every room's messages, also of rooms that
// come to be. Presence is of subscriptions by name, so the open room is
// subscribed to by its name as well; the server sends each message once, and
// of what this second subscription hears only joins and leaves count.

import { connect } from "../wspubsub/client.js";
import { unescapeName } from "../shared/page.js";

const HISTORY = 100;
const MAX_KEPT = 500; // messages of a room
const TYPING_MS = 3000; // so long somebody types who said so

export class Rooms {
  #client;
  #messages; // of chat/*
  #here; // of the open room, by its name
  #typing;
  #name = "";
  #pending = new Set(); // publishes without an answer
  #on;

  all = new Map(); // room: {lines, unread}
  open = "";
  who = new Set();
  typing = new Map(); // who: until when

  // `on` has state(change), line(room, line), rooms(), who(), typing(), and
  // refused(text, why). A line is {who, text} or {notice}.
  constructor(on) {
    this.#on = on;
  }

  // Connects as `name`; if it is connected already, goes on from there.
  async rename(name) {
    if (name === this.#name) {
      return;
    }
    this.#name = name;
    while (this.#pending.size > 0) {
      await Promise.allSettled(this.#pending);
    }
    const positions = this.#messages?.positions();
    this.#client?.close();
    const query = `name=${encodeURIComponent(this.#name)}`;
    this.#client = connect(`ws?${query}`, {
      maxMessage: 16 * 1024,
      onState: (change) => this.#on.state(change),
    });
    this.#messages = this.#client.subscribe("chat/*", {
      ...(positions ? { positions } : {}), last: HISTORY,
      onTopic: ({ topic }) => this.#add(topic),
      onMessage: (message) => this.#heard(message),
      onGap: (gap) => this.#gap(gap),
      onGone: ({ topic }) => this.#line(topic, { notice: "The room was cleared." }),
    });
    const room = this.open;
    this.open = "";
    this.enter(room);
  }

  close() {
    this.#client.close();
  }

  enter(room) {
    if (room === this.open) {
      return;
    }
    this.#here?.unsubscribe();
    this.#typing?.unsubscribe();
    this.open = room;
    this.who.clear();
    this.typing.clear();
    this.#add(`chat/${room}`).unread = 0;
    this.#enterAtServer(room);
    this.#on.rooms();
    this.#on.who();
    this.#on.typing();
  }

  #enterAtServer(room) {
    const client = this.#client;
    if (client === undefined) {
      return;
    }
    const topic = `chat/${room}`;
    const isOpen = () => client === this.#client && room === this.open;
    this.#here = client.subscribe(topic, {
      since: "new",
      onSubscribed: async () => {
        const { who } = await client.who(topic).catch(() => ({ who: [] }));
        if (isOpen()) {
          this.who = new Set(who);
          this.#on.who();
        }
      },
      onJoin: (one) => isOpen() && this.#present(one.who, true),
      onLeave: (one) => isOpen() && this.#present(one.who, false),
    });
    this.#typing = client.subscribe(`${topic}/typing`, {
      since: "new",
      onMessage: ({ data }) => isOpen() && this.#types(String(data?.who)),
    });
  }

  #present(who, isHere) {
    if (isHere) {
      this.who.add(who);
    } else {
      this.who.delete(who);
      this.typing.delete(unescapeName(who));
      this.#on.typing();
    }
    this.#on.who();
  }

  #types(who) {
    if (who === this.#name) {
      return;
    }
    this.typing.set(who, Date.now() + TYPING_MS);
    this.#on.typing();
    setTimeout(() => {
      if (this.typing.get(who) <= Date.now()) {
        this.typing.delete(who);
        this.#on.typing();
      }
    }, TYPING_MS + 50);
  }

  // -- saying something ------------------------------------------------------

  // The key makes it once, also where a drop hides the server's answer.
  say(who, text) {
    const key = Array.from(crypto.getRandomValues(new Uint32Array(3)),
                           (one) => one.toString(36)).join("");
    const done = this.#client.publish(`chat/${this.open}`, { data: { who, text } },
                                      { key })
      .catch((error) => this.#on.refused(text, error.message))
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  sayTyping(who) {
    if (this.#client.state === "open") {
      this.#client.publish(`chat/${this.open}/typing`, { who }).catch(() => {});
    }
  }

  // -- what comes ------------------------------------------------------------

  #add(topic) {
    const room = topic.slice("chat/".length);
    if (!this.all.has(room)) {
      this.all.set(room, { lines: [], unread: 0 });
      this.#on.rooms();
    }
    return this.all.get(room);
  }

  #heard({ topic, kind, form, ...payload }) {
    const said = parse(payload);
    this.#line(topic, said);
    if (topic === `chat/${this.open}` && this.typing.delete(said.who)) {
      this.#on.typing();
    }
  }

  #gap({ topic, from, to }) {
    const count = to - from + 1;
    this.#line(topic, {
      notice: count < 1 ? "The room was opened anew."
        : count === 1 ? "One message is not kept any more."
        : `${count} messages are not kept any more.`,
    });
  }

  #line(topic, line) {
    const room = topic.slice("chat/".length);
    const entry = this.#add(topic);
    entry.lines.push(line);
    if (entry.lines.length > MAX_KEPT) {
      entry.lines.shift();
    }
    if (room !== this.open) {
      entry.unread++;
      this.#on.rooms();
    }
    this.#on.line(room, line);
  }
}

// What is no {"who", "text"}, as of a plain `curl -d`, is shown as it is.
function parse({ data, text, bytes }) {
  if (typeof data?.text === "string") {
    return { who: String(data.who ?? "someone"), text: data.text };
  }
  const plain = bytes ? new TextDecoder().decode(bytes) : text;
  return { who: "someone", text: plain ?? JSON.stringify(data) };
}
