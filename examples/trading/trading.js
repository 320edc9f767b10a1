// The trading screen: every book as a tile, one of them in full.
//
// The server sends a book once and then what has changed in it; the client
// puts it together. A slow screen asks for the newest of each book once a
// second. Messages only mark what is to be drawn; it is drawn once a frame.

import { connect } from "../wspubsub/client.js";
import {
  bytesText, closeWithPage, element, find, showState,
} from "../shared/page.js";
import { CountingSocket, Traffic } from "./traffic.js";

const SELECTOR = "books/*";
const SLOW_RATE = 1; // messages a second of each book
const STALE_MS = 5000; // since the time that is written in the book
const LEVELS = 20; // shown, of each side

const traffic = new Traffic();
const books = new Map(); // topic: {book, tile, isNew, before}
let chosen; // topic
let wanted; // the topic that the user has chosen, there or not
const unsure = new Set(); // topics that are to be drawn

// -- what comes --------------------------------------------------------------

const client = connect("ws", { WebSocket: CountingSocket, onState: showState });
closeWithPage(() => client.close());
let subscription;

async function subscribe() {
  await subscription?.unsubscribe();
  traffic.begin();
  const rate = find("slow").checked ? { rate: SLOW_RATE } : {};
  subscription = client.subscribe(SELECTOR, {
    delta: true, ...rate,
    onMessage: take,
    onGap: (gap) => traffic.skipped(gap),
    onGone: ({ topic }) => remove(topic),
  });
}

function take(message) {
  traffic.message(message);
  const { topic, data } = message;
  if (!isBook(data)) {
    return;
  }
  const entry = books.get(topic) ?? add(topic);
  entry.before = entry.book?.last ?? data.last;
  entry.book = data;
  unsure.add(topic);
}

// Only what is shown is looked at.
function isBook(data) {
  const isSide = (side) => Array.isArray(side) && side.every(
    (level) => Array.isArray(level) && level.every(Number.isFinite));
  return ["last", "open", "time"].every((name) => Number.isFinite(data?.[name])) &&
    isSide(data.bids) && isSide(data.asks);
}

function add(topic) {
  const [price, change] = [element("span", ""), element("span", "change")];
  const tile = element("button", "tile", "",
                       element("b", "", topic.split("/")[1]), price, change);
  tile.type = "button";
  tile.role = "option";
  tile.tabIndex = -1;
  tile.ariaSelected = "false";
  tile.addEventListener("click", () => want(topic));
  const entry = { tile, price, change };
  books.set(topic, entry);
  const tiles = [...books.keys()].sort();
  const next = books.get(tiles[tiles.indexOf(topic) + 1]);
  find("board").insertBefore(tile, next?.tile ?? null);
  find("hint").hidden = true;
  if (chosen === undefined || topic === wanted) {
    choose(topic);
  }
  return entry;
}

function remove(topic) {
  books.get(topic)?.tile.remove();
  books.delete(topic);
  unsure.delete(topic);
  find("hint").hidden = books.size > 0;
  if (topic === chosen) {
    chosen = undefined;
    const [next] = books.keys();
    if (next === undefined) {
      clearBook();
    } else {
      choose(next);
    }
  }
}

// Of all tiles the tab key knows the chosen one only.
function choose(topic) {
  mark(books.get(chosen)?.tile, false);
  chosen = topic;
  mark(books.get(topic).tile, true);
  unsure.add(topic);
}

function mark(tile, isChosen) {
  if (tile) {
    tile.ariaSelected = String(isChosen);
    tile.tabIndex = isChosen ? 0 : -1;
  }
}

function want(topic) {
  wanted = topic;
  choose(topic);
}

// From tile to tile by keys, as in any list.
find("board").addEventListener("keydown", (event) => {
  const tiles = [...find("board").children];
  const columns = getComputedStyle(find("board")).gridTemplateColumns.split(" ").length;
  const at = tiles.indexOf(books.get(chosen)?.tile);
  const to = {
    ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns,
    Home: 0, End: tiles.length - 1,
  }[event.key];
  if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) {
    return;
  }
  event.preventDefault();
  tiles[to]?.focus();
  tiles[to]?.click();
});

// -- the picture -------------------------------------------------------------

const money = (cents) => (cents / 100).toFixed(2);

function frame() {
  for (const topic of unsure) {
    drawTile(books.get(topic));
    if (topic === chosen) {
      drawBook(topic, books.get(topic).book);
    }
  }
  unsure.clear();
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

function drawTile({ book, before, price, change }) {
  if (book === undefined) {
    return;
  }
  price.textContent = money(book.last);
  if (book.last !== before) {
    price.className = book.last > before ? "up" : "down";
  }
  const percent = Number((100 * (book.last / book.open - 1)).toFixed(2));
  change.textContent = `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(2)}%`;
  change.className = `change ${percent < 0 ? "down" : "up"}`;
}

function clearBook() {
  drawBook("", { bids: [], asks: [] });
  find("symbol").textContent = "–";
  find("price").textContent = "";
  find("age").textContent = "Choose an instrument.";
}

const rows = Array.from({ length: LEVELS }, () => {
  const cells = ["bid", "", "", "ask"].map((side) => element("td", side));
  find("levels").append(element("tr", "", "", ...cells));
  return cells;
});

function drawBook(topic, book) {
  if (book === undefined) {
    return;
  }
  find("symbol").textContent = topic.split("/")[1];
  find("price").textContent = money(book.last);
  const shown = [book.bids, book.asks].map((side) => side.slice(0, LEVELS));
  const most = Math.max(1, ...shown.flat().map(([, size]) => size));
  rows.forEach(([bidSize, bid, ask, askSize], n) => {
    for (const [[price, size], priceCell, sizeCell] of [
      [shown[0][n] ?? [], bid, bidSize], [shown[1][n] ?? [], ask, askSize]]) {
      priceCell.textContent = price === undefined ? "" : money(price);
      sizeCell.textContent = size ?? "";
      sizeCell.style.setProperty("--part", `${100 * (size ?? 0) / most}%`);
    }
  });
}

// -- how old, how much -------------------------------------------------------

// By the clocks of both machines, the feeder's and this one.
function ageText(ms) {
  return ms < 10_000 ? `${Math.max(0, ms / 1000).toFixed(1)} s`
    : `${Math.round(ms / 1000)} s`;
}

setInterval(() => {
  const now = Date.now();
  let oldest = now;
  for (const { book, tile } of books.values()) {
    tile.classList.toggle("stale", now - book.time > STALE_MS);
    oldest = Math.min(oldest, book.time);
  }
  find("oldest").textContent = books.size > 0 ? ageText(now - oldest) : "–";
  const book = books.get(chosen)?.book;
  if (book) {
    const age = now - book.time;
    find("age").textContent = age > STALE_MS
      ? `Stale: no news for ${ageText(age)}` : `${ageText(age)} old`;
  }
}, 250);

setInterval(() => {
  const { rate, speed, received, full, fulls, deltas, skipped } = traffic.second();
  find("rate").textContent = rate;
  find("speed").textContent = bytesText(speed);
  find("received").textContent = bytesText(received);
  find("full").textContent = bytesText(full);
  find("saved").textContent = full > 0
    ? `${(100 * (1 - received / full)).toFixed(1)} %` : "–";
  find("fulls").textContent = fulls;
  find("deltas").textContent = deltas;
  find("skipped").textContent = skipped;
}, 1000);

find("slow").addEventListener("change", subscribe);
find("slow").checked = false;
subscribe();
