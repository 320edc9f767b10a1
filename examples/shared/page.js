// What the pages have in common. Whatever comes from others is put into a page
// as text, never as markup.

export const find = (id) => document.getElementById(id);

// An element of this class with this text, and these in it.
export function element(tag, className, text = "", ...inner) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  made.append(...inner);
  return made;
}

// The same of a picture, with these attributes.
export function svg(tag, attributes, ...inner) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...inner);
  return made;
}

// The same text, the same hue.
export function hueOf(text) {
  let hash = 0;
  for (const letter of text) {
    hash = (hash * 31 + letter.codePointAt(0)) % 3600;
  }
  return hash % 360;
}

const STATES = {
  connecting: "connecting",
  open: "connected",
  waiting: "reconnecting",
  closed: "ended", // for good: only the page, made anew, connects again
};

const AWAY_MS = 1000; // a reload of nginx takes less, and is not worth a word
let awaySoon;

// For `onState` of a client: shows it in the page's head. Once there has been
// no connection for a while the page is `away`: see page.css. The window hears
// of that by the events "away" and "back".
export function showState({ state }) {
  const status = find("status");
  status.textContent = status.dataset.state = STATES[state];
  if (state === "connecting" || state === "waiting") {
    awaySoon ??= setTimeout(() => setAway(true), AWAY_MS);
    return;
  }
  clearTimeout(awaySoon);
  awaySoon = undefined;
  if (state === "open") {
    setAway(false);
  } else {
    status.textContent += "; reload the page";
  }
}

function setAway(isAway) {
  if (document.body.classList.contains("away") !== isAway) {
    document.body.classList.toggle("away", isAway);
    dispatchEvent(new Event(isAway ? "away" : "back"));
  }
}

// When messages were published. nginx tells that of what it keeps, in its
// history, but not of what it delivers: that has just been published, unless
// it is no newer than what was there when the subscription was answered.
export class Arrivals {
  #before = new Map(); // topic: {epoch, seq}

  // For `onSubscribed`, each time.
  subscribed({ topics }) {
    this.#before = new Map(topics.map((one) => [one.topic, one]));
  }

  // In ms since 1970, by the clock of this machine; undefined for what only the
  // history knows, which goes by that of nginx's.
  timeOf({ topic, epoch, seq }) {
    const before = this.#before.get(topic);
    return before?.epoch === epoch && seq <= before.seq ? undefined : Date.now();
  }
}

// A browser may keep a page that was left, with its connection, for who comes
// back; for all others it has left. `close()` ends the connection.
export function closeWithPage(close) {
  addEventListener("pagehide", close);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) {
      location.reload();
    }
  });
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

// 1234567 as "1.23 MB".
export function bytesText(count) {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

// Undoes encodeURIComponent(), if that made the text: anybody may write one.
export function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
