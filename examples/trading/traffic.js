// Counts what comes in, and what it would have been with every message in
// full, those included that were skipped.
//
// A byte is one of a frame's text, which is ASCII here; frame headers (2 to 4
// bytes) and TLS are not counted. A page does not see what permessage-deflate
// would save beside that.

const counted = { bytes: 0 };

// A WebSocket that counts what it hears.
export class CountingSocket extends WebSocket {
  constructor(...how) {
    super(...how);
    this.addEventListener("message", ({ data }) => { counted.bytes += data.length; });
  }
}

export class Traffic {
  #now = {};
  #before = {};
  #sizes = new Map(); // topic: of the last message, in full

  constructor() {
    this.begin();
  }

  // From here on.
  begin() {
    counted.bytes = 0;
    this.#now = { messages: 0, full: 0, fulls: 0, deltas: 0, skipped: 0 };
    this.#before = { messages: 0, bytes: 0 };
  }

  message({ topic, seq, form, data }) {
    this.#now.messages++;
    this.#now[form === "delta" ? "deltas" : "fulls"]++;
    const size = JSON.stringify({ op: "msg", topic, seq, data }).length;
    this.#now.full += size;
    this.#sizes.set(topic, size);
  }

  // Messages that were conflated, or missed.
  skipped({ topic, from, to }) {
    const count = Math.max(0, to - from + 1);
    this.#now.skipped += count;
    this.#now.full += count * (this.#sizes.get(topic) ?? 0);
  }

  // In all, and since the last call: `rate` messages, `speed` bytes.
  second() {
    const { messages, ...rest } = this.#now;
    const { bytes } = counted;
    const said = {
      ...rest, received: bytes,
      rate: messages - this.#before.messages, speed: bytes - this.#before.bytes,
    };
    this.#before = { messages, bytes };
    return said;
  }
}
