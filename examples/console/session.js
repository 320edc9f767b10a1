// One session: what is known of it, its subscriptions, and its end.

import { bytesText, element, find } from "../shared/page.js";
import * as control from "./control.js";
import { numberText, timeText, visible } from "./text.js";

const EVERY_MS = 2000;
const PAGE = 50; // subscriptions
const ENDED = 404;

let id; // of the session that is open
let turn = 0; // counts up when another one is opened
let pages = 1; // of its subscriptions that are shown
let shown = ""; // them, as JSON
let closing; // {id, name}: what the dialog asks about

// What a session is called: its identity, its user, or only its id.
export const nameOf = ({ id, identity, user }) => visible(identity || user || id);

export const expiryText = ({ expires }) =>
  expires === null || expires === undefined ? "never" : timeText(1000 * expires);

// -- facts -------------------------------------------------------------------

// Those that have a text of their own; others of the API follow as they are.
const FACTS = {
  identity: ["Identity", (one) => one.identity],
  user: ["User", (one) => one.user],
  address: ["Address", (one) => one.address],
  endpoint: ["Endpoint", (one) => one.endpoint],
  protocol: ["Protocol", (one) => one.protocol],
  since: ["Since", (one) => timeText(1000 * one.since)],
  expires: ["Expires", expiryText],
  queued: ["Queue", (one) => bytesText(one.queued)],
  in: ["Commands got", (one) => numberText(one.in)],
  out: ["Messages sent", (one) => numberText(one.out)],
  worker: ["Worker", (one) => String(one.worker)],
  id: ["Id", (one) => one.id],
  subscriptions: undefined, // they are listed
};

const textOf = (value) => typeof value === "string" ? value : JSON.stringify(value);

function showFacts(session) {
  const known = Object.values(FACTS).filter(Boolean)
    .map(([title, text]) => [title, text(session)]);
  const others = Object.entries(session).filter(([name]) => !(name in FACTS))
    .map(([name, value]) => [name, textOf(value)]);
  find("session-facts").replaceChildren(...[...known, ...others].map(([title, text]) =>
    element("div", "", "", element("dt", "", visible(title)),
      element("dd", "", visible(text || "–")))));
}

// -- subscriptions -----------------------------------------------------------

// How it is delivered; and by what it is allowed, where the server tells that.
function howText({ topic, interval, delta, ...others }) {
  const parts = [interval > 0 ? `one in ${numberText(interval)} ms at most` : "every message"];
  parts.push(...delta ? ["as differences"] : []);
  parts.push(...Object.entries(others).map(([name, value]) => `${name}: ${textOf(value)}`));
  return visible(parts.join("; "));
}

async function readSubscriptions(mine) {
  const all = [];
  let more = true;
  for (let n = 0; more && n < pages && mine === turn; n++) {
    const page = await control.subscriptions(id, all.at(-1)?.topic, PAGE);
    all.push(...page.subscriptions);
    more = page.more && page.subscriptions.length > 0;
  }
  return { all, more };
}

function showSubscriptions({ all, more }) {
  find("subscriptions-more").hidden = !more;
  find("subscriptions-says").textContent = all.length === 0 ? "None." : "";
  find("subscriptions-frame").hidden = all.length === 0;
  const now = JSON.stringify(all);
  if (now !== shown) {
    shown = now;
    find("subscriptions").replaceChildren(...all.map((one) => element("tr", "", "",
      element("td", "", "", element("bdi", "", visible(one.topic))),
      element("td", "", howText(one)))));
  }
}

// -- looking -----------------------------------------------------------------

const isSelecting = () => {
  const selection = getSelection();
  return !selection.isCollapsed && find("session").contains(selection.anchorNode);
};

// Resolves to whether it is there.
async function look(mine) {
  try {
    const session = await control.session(id);
    const subscriptions = await readSubscriptions(mine);
    if (mine === turn && !isSelecting()) {
      find("session-name").textContent = nameOf(session);
      showFacts(session);
      showSubscriptions(subscriptions);
      find("session-there").hidden = false;
      find("session-says").textContent = "";
    }
    return true;
  } catch (error) {
    const hasEnded = error.status === ENDED;
    if (mine === turn) {
      find("session-says").textContent = hasEnded ? "This session has ended."
        : `Not read: ${visible(error.message)}.`;
      find("session-close").disabled = hasEnded;
    }
    return !hasEnded;
  }
}

async function follow(mine) {
  while (mine === turn && (document.hidden || await look(mine))) {
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}

export function openSession(which) {
  id = which;
  pages = 1;
  shown = "";
  turn++;
  find("session-name").textContent = id;
  find("session-says").textContent = "reading …";
  find("session-there").hidden = true;
  find("session-close").disabled = false;
  find("session").hidden = false;
  find("session-title").focus();
  follow(turn);
}

// -- the end -----------------------------------------------------------------

function askToClose() {
  closing = { id, name: find("session-name").textContent };
  find("kick-name").textContent = closing.name;
  find("kick-reason").value = "";
  find("kick").returnValue = "";
  find("kick").showModal();
}

async function close(onClosed) {
  if (find("kick").returnValue !== "yes") {
    return;
  }
  const says = find("session-says");
  const closed = closing.id;
  try {
    const { missing = [] } = await control.close(
      closed, find("kick-code").value, find("kick-reason").value);
    if (closed !== id) {
      return onClosed(); // another one is shown by now
    }
    says.textContent = missing.length === 0 ? "Disconnected."
      : `Disconnected as soon as worker ${missing.join(", ")} goes on.`;
    find("session-close").disabled = missing.length === 0;
    if (missing.length === 0) {
      turn++; // there is nothing more to be read
    }
    find("session-title").focus();
    onClosed();
  } catch (error) {
    if (closed !== id) {
      return;
    }
    says.textContent = `${error.status === 0 ? "Perhaps not" : "Not"} disconnected: ` +
      `${visible(error.message)}.`;
  }
}

// `onClosed()` is called after a session was closed.
export function startSession(onClosed) {
  find("session-close").addEventListener("click", askToClose);
  find("kick").addEventListener("close", () => close(onClosed));
  find("subscriptions-more").addEventListener("click", () => {
    pages++;
    turn++;
    follow(turn);
  });
}
