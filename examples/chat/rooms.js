// The chat's connection: all rooms with what was said in them, and who is in
// the one that is open.
//
// One subscription, chat/*, brings every room's messages, also of rooms that
// come to be. Presence is of subscriptions by name, so the open room is
// subscribed to by its name as well; the server sends each message once, and
// of what this second subscription hears only joins and leaves count.
//
// What is said here is shown at once, as a line that waits. It carries an id,
// by which it is known again when the server delivers it; then the line takes
// its place among the others.

import { connect } from "../wspubsub/client.js";
import { Arrivals } from "../shared/page.js";

const HISTORY = 100;
const MAX_KEPT = 500; // messages of a room
const TYPING_MS = 3000; // so long somebody types who said so

const roomOf = (topic) => topic.slice("chat/".length);

export class Rooms {
  #client;
  #messages; // of chat/*
  #isAnswered = false; // and has positions to go on from
  #positions; // from which it went on
  #here; // of the open room, by its name
  #typing;
  #name = "";
  #pending = new Set(); // publishes without an answer
  #arrivals = new Arrivals();
  #dated = new Set(); // topics whose history was asked for times
  #on;

  all = new Map(); // room: {lines, waiting, times, unread}
  open = "";
  who = new Set();
  typing = new Map(); // who: until when

  // `on` has state(change), rooms(), who(), typing(), line(room, line) for one
  // that is new or has another place, and changed(room, line) for one that stays
  // where it is.
  //
  // A line is {who, text, at} or {notice}; `at` in ms since 1970. One of this
  // window's own has a `state` until it is delivered: "waiting", "sent", or
  // "refused" with `why`.
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
    if (name !== this.#name) {
      return; // there is another name by now
    }
    if (this.#isAnswered) {
      this.#positions = this.#messages.positions();
      this.#isAnswered = false;
    }
    const positions = this.#positions;
    this.#client?.close();
    const query = `name=${encodeURIComponent(this.#name)}`;
    this.#client = connect(`ws?${query}`, {
      maxMessage: 16 * 1024,
      onState: (change) => this.#on.state(change),
    });
    this.#messages = this.#client.subscribe("chat/*", {
      ...(positions ? { positions } : {}), last: HISTORY,
      onSubscribed: (reply) => {
        this.#isAnswered = true;
        this.#arrivals.subscribed(reply);
        this.#dated.clear();
        this.#askTimes(this.open);
      },
      onTopic: ({ topic }) => this.add(roomOf(topic)),
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
    this.add(room).unread = 0;
    this.#enterAtServer(room);
    this.#askTimes(room);
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
      this.typing.delete(who);
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
    const id = Array.from(crypto.getRandomValues(new Uint32Array(3)),
                          (one) => one.toString(36)).join("");
    const room = this.open;
    const line = { who, text, id, at: Date.now(), state: "waiting" };
    this.all.get(room).waiting.push(line);
    this.#on.line(room, line);
    const done = this.#client.publish(`chat/${room}`, { data: { who, text, id } },
                                      { key: id })
      .then(() => this.#answered(room, line, "sent"),
            (error) => this.#answered(room, line, "refused", error.message))
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }

  #answered(room, line, state, why) {
    if (line.state === "waiting") {
      Object.assign(line, { state, why });
      if (state === "refused") {
        const { lines, waiting } = this.all.get(room);
        lines.push(...waiting.splice(waiting.indexOf(line), 1));
        this.#on.line(room, line);
      } else {
        this.#on.changed(room, line);
      }
    }
  }

  sayTyping(who) {
    if (this.#client.state === "open") {
      this.#client.publish(`chat/${this.open}/typing`, { who }).catch(() => {});
    }
  }

  // -- what comes ------------------------------------------------------------

  // The room, which is made if it is not there.
  add(room) {
    if (!this.all.has(room)) {
      this.all.set(room, { lines: [], waiting: [], times: new Map(), unread: 0 });
      this.#on.rooms();
    }
    return this.all.get(room);
  }

  #heard({ topic, epoch, seq, kind, form, ...payload }) {
    const said = parse(payload);
    const position = `${epoch}.${seq}`;
    const at = this.#arrivals.timeOf({ topic, epoch, seq }) ??
      this.add(roomOf(topic)).times.get(position);
    this.#line(topic, { ...said, at, position });
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
    const room = roomOf(topic);
    const entry = this.add(room);
    const own = line.id === undefined ? -1
      : entry.waiting.findIndex(({ id }) => id === line.id);
    const shown = own === -1 ? line
      : delivered(entry.waiting.splice(own, 1)[0], line);
    entry.lines.push(shown);
    if (entry.lines.length > MAX_KEPT) {
      entry.lines.shift();
    }
    if (room !== this.open) {
      entry.unread++;
      this.#on.rooms();
    }
    this.#on.line(room, shown);
  }

  // Of what was said before this window subscribed nginx's history has the
  // times.
  async #askTimes(room) {
    const topic = `chat/${room}`;
    if (this.#client?.state !== "open" || this.#dated.has(topic)) {
      return;
    }
    this.#dated.add(topic);
    const { items } = await this.#client.history(
      topic, { last: HISTORY, limit: HISTORY }).catch(() => ({ items: [] }));
    const entry = this.all.get(room);
    entry.times = new Map(items.map(({ epoch, seq, time }) => [`${epoch}.${seq}`, time]));
    for (const line of entry.lines) {
      if (line.at === undefined && entry.times.has(line.position)) {
        line.at = entry.times.get(line.position);
        this.#on.changed(room, line);
      }
    }
  }
}

// A line that waited is what the server has made of it.
function delivered(waiting, line) {
  return Object.assign(waiting, line, { at: line.at ?? waiting.at, state: undefined });
}

// What is no {"who", "text"}, as of a plain `curl -d`, is shown as it is.
function parse({ data, text, bytes }) {
  if (typeof data?.text === "string") {
    return { who: String(data.who ?? "someone"), text: data.text, id: data.id };
  }
  const plain = bytes ? new TextDecoder().decode(bytes) : text;
  return { who: "someone", text: plain ?? JSON.stringify(data) };
}
