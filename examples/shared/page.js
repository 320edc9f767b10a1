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
  closed: "ended",
};

// For `onState` of a client: shows it in the page's head.
export function showState({ state }) {
  const status = find("status");
  status.textContent = status.dataset.state = STATES[state];
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

// An identity as nginx had it: an argument of the address, still escaped.
export function unescapeName(who) {
  try {
    return decodeURIComponent(who);
  } catch {
    return who;
  }
}
