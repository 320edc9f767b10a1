// Live messages of a selector. What is kept of them is bounded: so many lines, of
// each so many letters. While it is paused they are counted, and the newest wait.

import { element, find } from "../shared/page.js";
import { brief, clockText, visible } from "./text.js";

const MOST_LINES = 200;
const MOST_LETTERS = 300;

let client;
let subscription;
let waiting = []; // lines that are not shown yet, oldest first
let isPaused = false;
let isDrawing = false;
let counts;

// -- lines -------------------------------------------------------------------

function add(line) {
  waiting.push(line);
  if (waiting.length > 2 * MOST_LINES) {
    waiting = waiting.slice(-MOST_LINES);
  }
  drawSoon();
}

// Of a hundred messages that come at once, one picture is made.
function drawSoon() {
  if (!isDrawing) {
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      draw();
    });
  }
}

function draw() {
  const log = find("tap-log");
  if (!isPaused) {
    log.prepend(...waiting.slice(-MOST_LINES).reverse().map(lineOf));
    waiting = [];
    while (log.childElementCount > MOST_LINES) {
      log.lastElementChild.remove();
    }
  }
  say();
}

function lineOf({ at, topic, seq, text, isCut, notice }) {
  return element("div", notice ? "notice" : "", "",
    element("time", "", clockText(at, true)),
    ...(topic === undefined ? [] : [element("bdi", "name", topic)]),
    ...(seq === undefined ? [] : [element("span", "faint", `#${seq}`)]),
    element("bdi", "message", notice ?? text),
    ...(isCut ? [element("i", "", "… cut")] : []));
}

function say() {
  const { messages, missing, selector } = counts;
  const parts = [`${messages} messages of ${visible(selector)}`];
  if (missing > 0) {
    parts.push(`${missing} missing`);
  }
  if (messages > MOST_LINES) {
    parts.push(`the newest ${MOST_LINES} are kept`);
  }
  if (isPaused) {
    parts.push(`paused, ${Math.min(waiting.length, MOST_LINES)} wait`);
  }
  parts.push(...subscription ? [] : ["ended"]);
  find("tap-says").textContent = parts.join("; ");
}

// -- what comes --------------------------------------------------------------

const notice = (text, topic) =>
  add({ at: Date.now(), topic: topic && visible(topic), notice: text });

const handlers = {
  onMessage(message) {
    counts.messages++;
    add({ at: Date.now(), topic: visible(message.topic), seq: message.seq,
          ...brief(message, MOST_LETTERS) });
  },
  onGap({ topic, from, to, cause }) {
    counts.missing += Math.max(0, to - from + 1);
    notice(`messages ${from} to ${to} are missing: ${visible(cause)}`, topic);
  },
  onGone: ({ topic, reason }) => notice(`gone: ${visible(reason)}`, topic),
  onSubscribed({ resumed }) {
    if (resumed) {
      notice("connected again");
    }
  },
  onError(error) {
    subscription = undefined;
    notice(`refused: ${visible(error.message)}`);
    showButtons();
  },
};

// Of a connection that broke, the tap tells where it did.
export function noteState({ state, previous }) {
  if (subscription && previous === "open" && state === "waiting") {
    notice("the connection is gone");
  }
}

// -- start and stop ----------------------------------------------------------

function start() {
  const selector = find("tap-selector").value;
  const rate = Number(find("tap-rate").value);
  waiting = [];
  isPaused = false;
  counts = { messages: 0, missing: 0, selector };
  find("tap-log").replaceChildren();
  try {
    subscription = client.subscribe(selector, {
      ...(find("tap-values").checked ? {} : { since: "new" }),
      ...(rate > 0 ? { rate } : {}), ...handlers,
    });
    subscription.ready.catch(() => {}); // onError tells it
  } catch (error) {
    notice(`refused: ${error.message}`);
  }
  showButtons();
  say();
}

async function stop() {
  const old = subscription;
  subscription = undefined;
  showButtons();
  say();
  await old.unsubscribe().catch(() => {});
}

function showButtons() {
  const isOn = subscription !== undefined;
  find("tap-start").textContent = isOn ? "Stop" : "Start";
  for (const id of ["tap-selector", "tap-rate", "tap-values"]) {
    find(id).disabled = isOn;
  }
  find("tap-pause").disabled = !isOn;
  setPaused(isOn && isPaused);
}

function setPaused(now) {
  isPaused = now;
  find("tap-pause").ariaPressed = String(now);
}

// Taps the selector, instead of what is tapped.
export function tap(selector) {
  if (subscription) {
    stop();
  }
  find("tap-selector").value = selector;
  start();
  find("tap-title").scrollIntoView({ block: "nearest" });
  find("tap-start").focus();
}

export function startTap(toClient) {
  client = toClient;
  find("tap-form").addEventListener("submit", (event) => {
    event.preventDefault();
    subscription ? stop() : start();
  });
  find("tap-pause").addEventListener("click", () => {
    setPaused(!isPaused);
    drawSoon();
  });
  find("tap-clear").addEventListener("click", () => {
    waiting = [];
    find("tap-log").replaceChildren();
  });
  showButtons();
}
