// Ships: how one flies, how its place is said in 8 bytes, and where the others
// are drawn.
//
// Bytes, most significant first: x, y of 0…65535 for 0…1 of the arena's width
// and height, the heading of 0…65535 for a full turn, the hue in degrees.

const FULL = 65535;
const TURN = 2 * Math.PI;

const ACCELERATION = 0.9; // arena widths per second, per second
const DRAG = 1.8; // per second
const HEIGHT = 1 / 1.6; // of the arena, in its widths

// The others are drawn so long ago: between two updates there is a way to go,
// where after the last one there would be a guess.
const LATE_MS = 120;

export class OwnShip {
  vx = 0;
  vy = 0;

  constructor(hue) {
    this.x = 0.15 + Math.random() * 0.7;
    this.y = 0.15 + Math.random() * 0.7;
    this.heading = Math.random() * TURN;
    this.hue = hue;
  }

  // `wish`: where to, {x, y} of length 0…1; `seconds` since the last time.
  move(wish, seconds) {
    const slower = Math.exp(-DRAG * seconds);
    this.vx = (this.vx + wish.x * ACCELERATION * seconds) * slower;
    this.vy = (this.vy + wish.y * ACCELERATION * seconds) * slower;
    if (wish.x !== 0 || wish.y !== 0) {
      this.heading = Math.atan2(wish.y, wish.x);
    }
    this.x = (this.x + this.vx * seconds + 1) % 1;
    this.y = (this.y + this.vy * seconds / HEIGHT + 1) % 1;
  }
}

export function pack({ x, y, heading, hue }) {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setUint16(0, x * FULL);
  bytes.setUint16(2, y * FULL);
  bytes.setUint16(4, ((heading / TURN + 1) % 1) * FULL);
  bytes.setUint16(6, hue);
  return bytes;
}

function unpack(array) {
  const bytes = new DataView(array.buffer, array.byteOffset, array.byteLength);
  return {
    x: bytes.getUint16(0) / FULL,
    y: bytes.getUint16(2) / FULL,
    heading: bytes.getUint16(4) / FULL * TURN,
    hue: bytes.getUint16(6) % 360,
  };
}

// From a to b the shorter way, where 1 is 0 again.
function between(a, b, part, whole = 1) {
  let way = (b - a) % whole;
  if (way > whole / 2) {
    way -= whole;
  } else if (way < -whole / 2) {
    way += whole;
  }
  return (a + way * part + whole) % whole;
}

export class Others {
  #own;
  #here = new Set();
  #updates = new Map(); // id: the last few, {at, x, y, heading, hue}

  constructor(own) {
    this.#own = own;
  }

  here() {
    return [...this.#here];
  }

  // Just these are here.
  present(who) {
    this.#here = new Set(who);
    this.#here.delete(this.#own);
    for (const id of this.#updates.keys()) {
      if (!this.#here.has(id)) {
        this.#updates.delete(id);
      }
    }
  }

  joined(who) {
    if (who !== this.#own) {
      this.#here.add(who);
    }
  }

  left(who) {
    this.#here.delete(who);
    this.#updates.delete(who);
  }

  // The last update of one who left stays in the zone; it may be of somebody
  // whose joining is still to be heard of, so it is kept, but not drawn.
  moved(id, bytes, now) {
    if (id === this.#own) {
      return;
    }
    const updates = this.#updates.get(id) ?? [];
    updates.push({ at: now, ...unpack(bytes) });
    if (updates.length > 8) {
      updates.shift();
    }
    this.#updates.set(id, updates);
  }

  // Where each is to be drawn.
  at(now) {
    return this.here().filter((id) => this.#updates.has(id))
      .map((id) => ({ id, ...placeAt(this.#updates.get(id), now - LATE_MS) }));
  }
}

function placeAt(updates, then) {
  const next = updates.findIndex(({ at }) => at > then);
  if (next === -1) {
    return updates[updates.length - 1];
  }
  if (next === 0) {
    return updates[0];
  }
  const [a, b] = [updates[next - 1], updates[next]];
  const part = (then - a.at) / (b.at - a.at);
  return {
    x: between(a.x, b.x, part),
    y: between(a.y, b.y, part),
    heading: between(a.heading, b.heading, part, TURN),
    hue: b.hue,
  };
}
