// Whatever others wrote, as text that can be looked at: cut where it is long, and
// with nothing in it that is not to be seen or turns the writing around.

const SHOWN_BINARY_BYTES = 512;
const HEX_COLUMNS = 16;

// Control and formatting characters, but those that join emoji.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const KEPT = new Set(["\u200c", "\u200d"]);
const KEPT_IN_LINES = new Set([...KEPT, "\n", "\t"]);

const escaped = (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`;

function replaced(text, kept) {
  return text.replace(UNSEEN, (letter) => kept.has(letter) ? letter : escaped(letter));
}

export const visible = (text) => replaced(text, KEPT);
export const visibleLines = (text) =>
  replaced(text.replaceAll("\r\n", "\n"), KEPT_IN_LINES);

// {text, isCut}, never within a character.
export function cut(text, limit) {
  if (text.length <= limit) {
    return { text, isCut: false };
  }
  const splits = /[\ud800-\udbff]/.test(text[limit - 1]);
  return { text: text.slice(0, splits ? limit - 1 : limit), isCut: true };
}

// Lines of "offset  bytes in hex  letters".
export function hexDump(bytes) {
  const lines = [];
  const end = Math.min(bytes.length, SHOWN_BINARY_BYTES);
  for (let at = 0; at < end; at += HEX_COLUMNS) {
    const row = Array.from(bytes.subarray(at, Math.min(at + HEX_COLUMNS, end)));
    const hex = row.map((one) => one.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((one) =>
      one >= 0x20 && one < 0x7f ? String.fromCharCode(one) : ".").join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ` +
      `${hex.padEnd(3 * HEX_COLUMNS)} ${letters}`);
  }
  return { text: lines.join("\n"), isCut: end < bytes.length };
}

// UTF-8, of which the last character may be cut off; undefined where it is not.
export function decoded(bytes, isWhole) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes, { stream: !isWhole });
  } catch {
    return undefined;
  }
}

// A string, an array or object with nothing in it, a number or word, a sign.
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|[[{]\s*[\]}]|[^\s",:[\]{}]+|[,:[\]{}]/gs;
const MOST_INDENTS = 24;

// JSON with line breaks, token by token: a number stays as it was written.
export function indented(json) {
  let depth = 0;
  let out = "";
  const line = () => "\n" + "  ".repeat(Math.min(depth, MOST_INDENTS));
  for (const [token] of json.matchAll(JSON_TOKEN)) {
    if (token === "{" || token === "[") {
      depth++;
      out += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      out += line() + token;
    } else if (token === ",") {
      out += "," + line();
    } else {
      out += token === ":" ? ": " : token.replace(/^([[{])\s+/, "$1");
    }
  }
  return out;
}

// One line of a message or of a kept item, at most so long: {text, isCut}.
export function brief({ data, text, bytes, b64 }, limit) {
  if (data !== undefined) {
    return line(JSON.stringify(data), limit);
  }
  if (text !== undefined) {
    return line(text, limit);
  }
  const size = bytes?.length ?? b64BytesOf(b64 ?? "");
  return { text: `${size} bytes, binary`, isCut: false };
}

function line(text, limit) {
  const short = cut(text, limit);
  return { text: visible(short.text), isCut: short.isCut };
}

const b64BytesOf = (b64) => Math.floor(b64.replace(/=+$/, "").length * 3 / 4);

// -- times and numbers -------------------------------------------------------

const two = (number) => String(number).padStart(2, "0");

export function clockText(time, withMs = false) {
  const at = new Date(time);
  const ms = withMs ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "";
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${ms}`;
}

export function timeText(time, withMs = false) {
  if (!Number.isFinite(time)) {
    return "not known";
  }
  const at = new Date(time);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${clockText(time, withMs)}`;
}

export function numberText(value) {
  if (!Number.isFinite(value)) {
    return "–";
  }
  return value >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString("en") : value.toFixed(1);
}
