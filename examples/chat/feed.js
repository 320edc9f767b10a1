// One topic, followed and published to over json.wspubsub.v1.
//
// A feed outlives its connections. It remembers the position (epoch and seq)
// of the last message that it handed on and resumes there, so over a reload of
// nginx or a drop each message is handed on once and in order; what the server
// does not keep any more it tells as a gap.
//
// What is published waits in the outbox until the server has answered. It is
// sent again on the next connection under the same key, by which the server
// knows it, so it is published once too.

const PROTOCOL = "json.wspubsub.v1";

const FIRST_MESSAGES = 100; // of those kept, for who has no position yet
const MAX_OUTBOX = 100;

const QUIET_MS = 20_000; // a connection as quiet as this is asked
const ANSWER_MS = 10_000; // and given up if it has not answered by then
const WATCH_MS = 5_000;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
const KEY_MS = 240_000; // the server knows a key for five minutes

const BAD_COMMAND = 3500;
// After these the same publication would only end the next connection too.
const REFUSALS = [1003, 1007, 1008, 1009, BAD_COMMAND];

// A time at random below a bound that doubles with each failure.
function backoff(failures) {
  const bound = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** failures);
  return MIN_RETRY_MS / 2 + Math.random() * bound;
}

function randomName() {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(numbers, (one) => one.toString(36)).join("");
}

export class Feed {
  #url;
  #topic;
  #on;

  #socket = null;
  #ready = false; // subscribed on this connection
  #heard = 0; // when the server said something
  #asked = 0; // since when it owes an answer; 0 if it doesn't
  #after = null; // ms to stay away, as told by `bye`
  #failures = 0;
  #retry = 0;

  #epoch = ""; // of what comes now
  #position = null; // of the last message that was handed on

  #outbox = []; // {id, key, data, sent}, in order
  #published = 0;
  #name = randomName();

  // `on` is told, by functions of these names:
  //   state(text)          "connecting", "connected", "reconnecting", "ended"
  //   message(value)       a JSON value or a text
  //   gap(count)           so many messages are lost; 0: it isn't known
  //   gone()               the topic was removed
  //   refused(data, why)   what publish() was given was not published
  constructor(url, topic, on) {
    this.#url = url;
    this.#topic = topic;
    this.#on = on;
    on.state("connecting");
    this.#open();
    setInterval(() => this.#watch(), WATCH_MS);
    addEventListener("online", () => this.#hurry());
  }

  publish(data) {
    if (this.#outbox.length >= MAX_OUTBOX) {
      this.#on.refused(data, "too many are waiting");
      return;
    }
    const id = ++this.#published;
    const entry = { id, key: `${this.#name}.${id}`, data, sent: 0 };
    this.#outbox.push(entry);
    if (this.#ready) {
      this.#send(entry);
    }
  }

  // -- the connection ------------------------------------------------------

  #open() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    const socket = new WebSocket(this.#url, PROTOCOL);
    this.#socket = socket;
    this.#after = null;
    this.#asked = Date.now();
    socket.onopen = () => this.#subscribe();
    socket.onmessage = (event) => this.#read(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event.code);
  }

  #subscribe() {
    this.#command({
      id: "sub",
      op: "sub",
      topic: this.#topic,
      since: this.#position ?? { last: FIRST_MESSAGES },
    });
  }

  // A socket closes a while before it says so; the next one makes up for what
  // isn't sent now.
  #command(fields) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(fields));
    }
  }

  #closed(code) {
    this.#socket = null;
    this.#ready = false;
    this.#asked = 0;
    if (REFUSALS.includes(code)) {
      this.#refuseSent(`the connection ended with ${code}`);
    }
    if (code === BAD_COMMAND) {
      this.#on.state("ended");
      return;
    }
    this.#on.state("reconnecting");
    const wait = this.#after ?? backoff(this.#failures++);
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  // A dead network ends no connection: leaves it without waiting for its end.
  #abandon() {
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#closed(1006);
  }

  #watch() {
    const now = Date.now();
    if (!this.#socket) {
      return;
    }
    if (this.#asked) {
      if (now - this.#asked > ANSWER_MS) {
        this.#abandon();
      }
    } else if (now - this.#heard > QUIET_MS) {
      this.#asked = now;
      this.#command({ op: "ping" });
    }
  }

  // The network is back: no need to wait any longer.
  #hurry() {
    if (this.#retry) {
      this.#failures = 0;
      this.#open();
    }
  }

  // -- what the server says ------------------------------------------------

  #read(said) {
    this.#heard = Date.now();
    this.#asked = 0;
    if (said.id === "sub") {
      this.#subscribed(said);
    } else if ("id" in said) {
      this.#answered(said);
    } else {
      this.#pushed(said);
    }
  }

  #pushed(said) {
    switch (said.op) {
      case "msg":
        return this.#message(said);
      case "topic":
        return this.#learn(said.epoch);
      case "gap":
        return this.#gap(said);
      case "gone":
        return this.#on.gone();
      case "bye":
        this.#ready = false;
        this.#after = said.after;
    }
  }

  #subscribed({ ok, error }) {
    if (error) {
      console.warn(`subscription to ${this.#topic} refused:`, error.message);
      this.#socket.close(); // and try again, ever less often
      return;
    }
    ok.topics.forEach((one) => this.#learn(one.epoch));
    this.#failures = 0;
    this.#ready = true;
    this.#on.state("connected");
    this.#flush();
  }

  // In another epoch nothing has been handed on yet.
  #learn(epoch) {
    this.#epoch = epoch;
    if (this.#position && this.#position.epoch !== epoch) {
      this.#position = { epoch, seq: 0 };
    }
  }

  #message(said) {
    if (said.seq <= (this.#position?.seq ?? 0)) {
      return;
    }
    this.#position = { epoch: this.#epoch, seq: said.seq };
    this.#on.message(valueOf(said));
  }

  #gap({ from, to }) {
    if (to >= from) {
      this.#position = { epoch: this.#epoch, seq: to };
    }
    this.#on.gap(Math.max(0, to - from + 1));
  }

  // -- what is published ---------------------------------------------------

  #send(entry) {
    entry.sent ||= Date.now();
    this.#command({
      id: entry.id,
      op: "pub",
      topic: this.#topic,
      data: entry.data,
      key: entry.key,
    });
  }

  #flush() {
    const oldest = Date.now() - KEY_MS;
    this.#refuse(
      (entry) => entry.sent && entry.sent < oldest,
      "it is not known whether it arrived",
    );
    this.#outbox.forEach((entry) => this.#send(entry));
  }

  #answered({ id, error }) {
    if (error) {
      this.#refuse((entry) => entry.id === id, error.message);
    } else {
      this.#outbox = this.#outbox.filter((entry) => entry.id !== id);
    }
  }

  #refuseSent(why) {
    this.#refuse((entry) => entry.sent, why);
  }

  #refuse(which, why) {
    const refused = this.#outbox.filter(which);
    this.#outbox = this.#outbox.filter((entry) => !refused.includes(entry));
    refused.forEach((entry) => this.#on.refused(entry.data, why));
  }
}

// The payload of a message: JSON, text, or bytes that may be text.
function valueOf({ data, text, b64 }) {
  if (b64 === undefined) {
    return data === undefined ? text : data;
  }
  const bytes = Uint8Array.from(atob(b64), (one) => one.codePointAt(0));
  return new TextDecoder().decode(bytes);
}
