// The game: each window is a ship, and says 20 times a second where it is.
//
//   game/players/<id>   8 bytes, see ship.js; conflated: a slow window gets
//                       only the newest place of each ship
//   game/arena          nothing is published; who subscribes to it plays, so
//                       presence tells who comes and who is gone
//   game/star           {x, y, scores}; to catch it is to publish the next one
//                       if nobody has done so before

import { connect } from "../wspubsub/client.js";
import { closeWithPage, element, find, hueOf, showState } from "../shared/page.js";
import { Controls } from "./controls.js";
import { draw } from "./drawing.js";
import { Others, OwnShip, pack } from "./ship.js";

const UPDATE_MS = 50;
const CATCH = 0.035; // so near, in arena widths
const CAUGHT_BEFORE = 114; // the server's "conflict"

const canvas = find("sky");
const names = ["fox", "owl", "elk", "bee", "cat", "orca", "wolf", "hare"];
const id = names[Math.floor(Math.random() * names.length)] +
  Math.floor(100 + Math.random() * 900);

const own = new OwnShip(hueOf(id));
const others = new Others(id);
const controls = new Controls(canvas, find("stick"));
const counts = { sent: 0, got: 0 };
let star; // {x, y, scores}
let starAt; // its position, {epoch, seq}
let catching = false;

const client = connect(`ws?name=${id}`, { onState: showState, maxMessage: 4096 });
closeWithPage(() => client.close());

// -- what comes --------------------------------------------------------------

client.subscribe("game/players/*", {
  onMessage({ topic, bytes }) {
    counts.got++;
    if (bytes?.length === 8) {
      others.moved(topic.split("/")[2], bytes, performance.now());
    }
  },
});

client.subscribe("game/arena", {
  // Anew after each drop: who has left meanwhile is not told.
  async onSubscribed() {
    const { who } = await client.who("game/arena").catch(() => ({ who: [] }));
    others.present(who);
    showScores();
  },
  onJoin({ who }) {
    others.joined(who);
    showScores();
  },
  onLeave({ who }) {
    others.left(who);
    showScores();
  },
});

client.subscribe("game/star", {
  onMessage({ data, epoch, seq }) {
    if (Number.isFinite(data?.x) && Number.isFinite(data?.y)) {
      star = { x: data.x, y: data.y, scores: Object(data.scores) };
      starAt = { epoch, seq };
      showScores();
    }
  },
  // The first player of all puts the first star.
  onSubscribed({ topics }) {
    if (topics.length === 0 || topics[0].seq === 0) {
      putStar({}, "absent");
    }
  },
});

// Where the others are is not known without a connection.
addEventListener("away", () => {
  others.present([]);
  showScores();
});

function showScores() {
  const scoreOf = (who) => Number(star?.scores[who]) || 0;
  const players = [id, ...others.here()].sort((a, b) => scoreOf(b) - scoreOf(a));
  find("scores").replaceChildren(...players.map((who) => {
    const line = element("li", who === id ? "own" : "", `${who}  ${scoreOf(who)} ★`);
    line.style.setProperty("--hue", hueOf(who));
    return line;
  }));
}

// -- what goes ---------------------------------------------------------------

setInterval(() => {
  if (client.state === "open") {
    client.publish(`game/players/${id}`, pack(own)).catch(() => {});
    counts.sent++;
  }
}, UPDATE_MS);

async function putStar(scores, condition) {
  const next = {
    x: 0.06 + Math.random() * 0.88,
    y: 0.06 + Math.random() * 0.88,
    scores,
  };
  try {
    await client.publish("game/star", next, { if: condition });
  } catch (error) {
    if (error.code !== CAUGHT_BEFORE) {
      console.warn(error.message);
    }
  }
}

// Of two that reach it at once, the server lets one have it.
async function tryToCatch() {
  if (star === undefined || catching || client.state !== "open") {
    return;
  }
  const away = Math.hypot(own.x - star.x, (own.y - star.y) / 1.6);
  if (away < CATCH) {
    catching = true;
    const here = new Set([id, ...others.here()]); // who left takes his score along
    const scores = Object.fromEntries(
      Object.entries(star.scores).filter(([who]) => here.has(who)));
    await putStar({ ...scores, [id]: (Number(scores[id]) || 0) + 1 }, starAt);
    catching = false;
  }
}

// -- the picture -------------------------------------------------------------

let before = performance.now();

function frame(now) {
  own.move(controls.wish(own), Math.min(now - before, 100) / 1000);
  before = now;
  tryToCatch();
  draw(canvas, { own: { ...own, id }, others: others.at(now), star, now });
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

setInterval(() => {
  find("traffic").textContent =
    `${counts.sent} updates a second out, ${counts.got} in`;
  counts.sent = counts.got = 0;
}, 1000);

showScores();
