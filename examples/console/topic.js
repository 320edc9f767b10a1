// One topic: position, value, history, subscribers. It is looked at every two
// seconds, and read anew when its position has changed.

import { bytesText, element, find } from "../shared/page.js";
import * as api from "./api.js";
import {
  brief, cut, decoded, hexDump, indented, timeText, visible, visibleLines,
} from "./text.js";

const EVERY_MS = 2000;
const MOST_VALUE_BYTES = 32 << 10;
const MOST_ITEM_LETTERS = 300;
const HISTORY_STEPS = [20, 100, 1000];
const MOST_NAMES = 20;
const NO_PRESENCE = 107; // what `who` is answered then

let client;
let topic; // the one that is open
let turn = 0; // counts up when another one is opened
let shownAt; // its position, as text
let step = 0; // of HISTORY_STEPS

// -- value -------------------------------------------------------------------

function showValue(value, at) {
  const text = value && valueText(value);
  find("value-note").textContent = text?.note ??
    "None: the topic keeps no value, or it is too old.";
  find("value").hidden = !value;
  find("value").textContent = text?.text ?? "";
  find("topic-position").textContent = `${at.epoch}.${at.seq}`;
  find("topic-time").textContent = value ? timeText(value.time) : "not known";
  find("topic-type").textContent = value ? visible(value.type) || "none" : "–";
  find("topic-size").textContent = value ? sizeText(value) : "–";
}

const sizeText = ({ size, bytes, isWhole }) =>
  isWhole ? bytesText(bytes.length)
    : Number.isFinite(size) ? bytesText(size) : `more than ${bytesText(bytes.length)}`;

// {text, note}
function valueText(value) {
  const { bytes, isWhole, type } = value;
  const text = /json|text|urlencoded/.test(type) || type === ""
    ? decoded(bytes, isWhole) : undefined;
  if (text === undefined || text.includes("\0")) {
    const dump = hexDump(bytes);
    return { text: dump.text, note: dump.isCut || !isWhole
      ? "Binary; cut, these are its first bytes." : "Binary." };
  }
  if (!isWhole) {
    return { text: visibleLines(text),
             note: `Cut: the first ${bytesText(bytes.length)} of ${sizeText(value)}.` };
  }
  return { text: visibleLines(/json/.test(type) ? indented(text) : text),
           note: text === "" ? "Empty." : "" };
}

// -- history -----------------------------------------------------------------

function showHistory({ items, isCut, error }) {
  find("history").replaceChildren(...items.toReversed().map(historyRow));
  find("history-frame").hidden = items.length === 0;
  find("history-note").textContent = error ? `Not read: ${error.message}.`
    : items.length === 0 ? "Nothing is kept."
      : isCut ? `Only the newest ${items.length}: they are large.` : "";
  const isAll = items.length < HISTORY_STEPS[step] || step + 1 === HISTORY_STEPS.length;
  find("history-more").hidden = error !== undefined || isAll;
}

function historyRow(item) {
  const { text, isCut } = brief(item, MOST_ITEM_LETTERS);
  return element("tr", "", "", element("td", "", item.seq),
    element("td", "", timeText(item.time, true)),
    element("td", "message", "", element("bdi", "", text),
            element("i", "", isCut ? " … cut" : "")));
}

// -- subscribers -------------------------------------------------------------

async function showWho(name, mine) {
  const say = (text) => {
    if (mine === turn) {
      find("topic-who").textContent = text;
    }
  };
  if (client.state !== "open") {
    say("not known: there is no WebSocket");
    return true;
  }
  try {
    const { who, connections } = await client.who(name);
    const names = who.slice(0, MOST_NAMES).map((one) => visible(cut(one, 80).text)).join(", ");
    const more = who.length > MOST_NAMES ? `, and ${who.length - MOST_NAMES} more` : "";
    say(`${connections}${names ? `: ${names}${more}` : ""}`);
    return true;
  } catch (error) {
    say(error.code === NO_PRESENCE
      ? "not counted: the policy of the topic has no presence=on"
      : `not known: ${error.message}`);
    return error.code !== NO_PRESENCE;
  }
}

// -- looking -----------------------------------------------------------------

// A text that is being selected is not taken away.
const isSelecting = () => {
  const selection = getSelection();
  return !selection.isCollapsed && find("topic").contains(selection.anchorNode);
};

async function look(mine) {
  const at = await api.position(topic);
  const text = at && `${at.epoch}.${at.seq}`;
  if (mine !== turn || at && text === shownAt) {
    return;
  }
  if (at && shownAt && isSelecting()) {
    find("topic-says").textContent =
      "There is a newer message; it is shown when no text here is selected.";
    return;
  }
  if (!at) {
    shownAt = undefined;
    find("topic").hidden = true;
    find("topic-says").textContent = "There is no such topic.";
    return;
  }
  const [value, history] = await Promise.all([
    api.value(topic, MOST_VALUE_BYTES),
    api.history(topic, HISTORY_STEPS[step]).catch((error) => ({ items: [], error })),
  ]);
  if (mine === turn) {
    shownAt = text;
    showValue(value, at);
    showHistory(history);
    find("topic").hidden = false;
    find("topic-says").textContent = "";
  }
}

async function follow(mine) {
  let asksWho = true;
  let hasFailed = false;
  while (mine === turn) {
    try {
      await look(mine);
      if (hasFailed && mine === turn && !find("topic").hidden) {
        find("topic-says").textContent = "";
      }
      hasFailed = false;
      if (asksWho && !find("topic").hidden) {
        asksWho = await showWho(topic, mine);
      }
    } catch (error) {
      hasFailed = true;
      if (mine === turn) {
        find("topic-says").textContent = `Not read: ${error.message}.`;
      }
    }
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}

export function openTopic(name) {
  topic = name;
  turn++;
  shownAt = undefined;
  step = 0;
  find("topic-name").firstElementChild.textContent = visible(cut(name, 300).text);
  find("topic-says").textContent = "reading …";
  find("topic").hidden = true;
  find("topic-who").textContent = "";
  follow(turn);
}

// Reads the open topic at once, whatever was shown.
export function lookAgain() {
  if (topic !== undefined) {
    shownAt = undefined;
    turn++;
    follow(turn);
  }
}

// `tap`, `publish` and `remove` are called with the open topic.
export function startTopic(toClient, { tap, publish, remove }) {
  client = toClient;
  find("topic-tap").addEventListener("click", () => tap(topic));
  find("topic-publish").addEventListener("click", () => publish(topic));
  find("topic-remove").addEventListener("click", () => remove(topic));
  find("history-more").addEventListener("click", () => {
    step++;
    lookAgain();
  });
}
