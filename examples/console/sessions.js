// Who is connected: a page of the list, which is read anew every five seconds.
// Rates are the difference of two such readings.

import { bytesText, element, find } from "../shared/page.js";
import * as control from "./control.js";
import { expiryText, nameOf, openSession, startSession } from "./session.js";
import { numberText, timeText, visible } from "./text.js";

const FIRST_MS = 1000; // until there are rates
const EVERY_MS = 5000;
const PAGE = 50; // sessions
const NO_LOCATION = new Set([403, 404]); // then it is not asked again

let filter = {};
let after; // the id that the page begins behind; undefined: the first page
let next; // the one that the next page begins behind
let turn = 0; // counts up when another page is opened
let opened; // the id that is marked
const rows = new Map(); // id: Row

// -- rows --------------------------------------------------------------------

const CELLS = ["address", "endpoint", "since", "subscriptions", "queued", "in", "out", "expires"];

class Row {
  #before; // {time, in, out}
  #cells = Object.fromEntries(CELLS.map((name) => [name, element("td", "")]));
  #name = element("bdi", "");

  constructor(session) {
    this.button = element("button", "", "", this.#name);
    this.button.type = "button";
    this.button.addEventListener("click", () => open(session.id));
    this.line = element("tr", "", "", element("td", "", "", this.button),
      ...CELLS.map((name) => this.#cells[name]));
  }

  // A text that stays is not written again: somebody may be selecting it.
  #write(cell, text) {
    if (cell.textContent !== text) {
      cell.textContent = cell.title = text;
    }
  }

  show(session, time) {
    const { address, endpoint, since, subscriptions, queued } = session;
    this.#write(this.#name, nameOf(session));
    const texts = { address, endpoint, since: timeText(1000 * since),
                    subscriptions: numberText(subscriptions), queued: bytesText(queued),
                    in: this.#rate(session.in, "in", time),
                    out: this.#rate(session.out, "out", time),
                    expires: expiryText(session) };
    for (const [name, text] of Object.entries(texts)) {
      this.#write(this.#cells[name], visible(text ?? "–"));
    }
    this.#before = { time, in: session.in, out: session.out };
    this.line.classList.remove("over");
  }

  #rate(count, name, time) {
    const more = count - this.#before?.[name];
    return numberText(1000 * more / (time - this.#before?.time));
  }

  mark() {
    this.line.ariaCurrent = String(rows.get(opened) === this);
  }
}

// -- what is shown -----------------------------------------------------------

// Rows of sessions that have ended stay until another page is read, so that
// nothing moves below the pointer.
function show({ sessions, more, missing }, time) {
  const ended = new Set(rows.keys());
  // What lies behind the page's end is not told of: it goes.
  for (const [id, row] of more ? rows : []) {
    if (id > sessions.at(-1)?.id) {
      row.line.remove();
      rows.delete(id);
      ended.delete(id);
    }
  }
  for (const session of sessions) {
    ended.delete(session.id);
    if (!rows.has(session.id)) {
      rows.set(session.id, new Row(session));
      find("sessions-body").append(rows.get(session.id).line);
      rows.get(session.id).mark();
    }
    rows.get(session.id).show(session, time);
  }
  if (missing.length === 0) {
    ended.forEach((id) => rows.get(id).line.classList.add("over"));
  }
  find("sessions-frame").hidden = rows.size === 0;
  return ended.size;
}

function clear() {
  rows.clear();
  find("sessions-body").replaceChildren();
  find("sessions-frame").hidden = true;
  find("sessions-missing").textContent = "";
}

function say(id, text) {
  if (find(id).textContent !== text) {
    find(id).textContent = text; // once: a reader tells it each time
  }
}

function sayCounts({ sessions, more, missing }, ended) {
  const parts = [sessions.length === 0 ? "No sessions" :
    sessions.length === 1 ? "1 session" : `${sessions.length} sessions`];
  parts.push(...more ? ["there are more on the next page"] : []);
  parts.push(...ended > 0 && missing.length === 0 ? [`${ended} have ended`] : []);
  say("sessions-says", `${parts.join("; ")}.`);
  say("sessions-missing", missing.length === 0 ? ""
    : `No answer from ${missing.length === 1 ? "worker" : "workers"} ${missing.join(", ")}: ` +
      "what sessions are there is not known.");
}

// -- reading -----------------------------------------------------------------

async function look(mine) {
  const page = await control.list(filter, after, PAGE);
  if (mine !== turn) {
    return;
  }
  const ended = show(page, performance.now());
  next = page.more ? page.after : undefined;
  find("sessions-next").disabled = next === undefined;
  find("sessions-first").disabled = after === undefined;
  sayCounts(page, ended);
}

async function follow(mine) {
  let isThere = true;
  for (let wait = FIRST_MS; isThere && mine === turn; wait = EVERY_MS) {
    try {
      if (!document.hidden) {
        await look(mine);
      }
    } catch (error) {
      if (mine === turn) {
        say("sessions-says", `Not read: ${visible(error.message)}.`);
      }
      isThere = !NO_LOCATION.has(error.status);
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

function openPage(begin) {
  after = begin;
  turn++;
  clear();
  follow(turn);
}

// The button that was pressed may be of no more use: the focus goes to the list.
function turnTo(begin) {
  openPage(begin);
  find("sessions-title").scrollIntoView({ block: "nearest" });
}

function open(id) {
  opened = id;
  rows.forEach((row) => row.mark());
  openSession(id);
}

export function startSessions() {
  startSession(() => openPage(after));
  const [by, value] = ["sessions-by", "sessions-value"].map(find);
  by.addEventListener("change", () => {
    value.disabled = by.value === "";
  });
  find("sessions-form").addEventListener("submit", (event) => {
    event.preventDefault();
    filter = by.value && value.value ? { [by.value]: value.value } : {};
    openPage();
  });
  find("sessions-first").addEventListener("click", () => turnTo());
  find("sessions-next").addEventListener("click", () => turnTo(next));
  openPage();
}
