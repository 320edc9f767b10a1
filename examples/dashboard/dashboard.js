// The dashboard: a chart for each topic below metrics/, of messages like
// {"value": 12.5, "unit": "%", "max": 100}, or of plain numbers.
//
// The server keeps each topic's last messages, so that a window that opens
// shows what it would show if it had been open all the time.

import { connect } from "../wspubsub/client.js";
import {
  Arrivals, closeWithPage, element, find, showState, svg,
} from "../shared/page.js";

const KEPT = 120; // values of a chart
const SPAN_MS = 120_000; // that a chart shows
const STALE_MS = 5000;
const [WIDTH, HEIGHT] = [SPAN_MS / 1000, 100]; // of a picture, in its own units
const COLOURS = 6; // see dashboard.css

// -- one chart ---------------------------------------------------------------

// Lines across, and one for each half minute.
function grid() {
  const line = (place) => svg("line", { class: "grid", ...place });
  return [0.25, 0.5, 0.75].flatMap((part) => [
    line({ x1: 0, x2: WIDTH, y1: HEIGHT * part, y2: HEIGHT * part }),
    line({ x1: WIDTH * part, x2: WIDTH * part, y1: 0, y2: HEIGHT }),
  ]);
}

class Chart {
  #values = []; // {epoch, seq, at, value, unit, max}, oldest first
  #newest = {};
  #value = element("span", "number");
  #unit = element("span", "unit");
  #age = element("span", "age faint");
  #range = element("span", "");
  #scale = element("span", "");
  #line = svg("polyline", { class: "line" });
  #area = svg("polygon", { class: "area" });
  #picture = svg("svg", {
    viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, preserveAspectRatio: "none", role: "img",
  }, ...grid(), this.#area, this.#line);

  constructor(topic, colour) {
    const [, host, ...name] = topic.split("/");
    this.name = name.join(" ") || host;
    this.colour = colour;
    this.sheet = element("section", "chart sheet", "",
      element("header", "", "",
        element("h2", "", this.name),
        element("span", "value", "", this.#value, this.#unit),
        element("span", "faint", name.length > 0 ? host : ""), this.#age),
      this.#picture,
      element("p", "axis faint", "", ...["2 min ago", "1 min ago", "now"].map(
        (when) => element("span", "", when))),
      element("p", "range faint", "", this.#range, this.#scale));
    this.sheet.dataset.topic = topic;
    this.sheet.style.setProperty("--series", `var(--series-${colour})`);
  }

  // A value that is there already only gets its time, which may come later.
  add({ epoch, seq }, shown, at) {
    const same = this.#values.find((one) => one.epoch === epoch && one.seq === seq);
    if (same) {
      same.at ??= at;
    } else if (this.#newest.epoch === epoch && seq < this.#newest.seq) {
      this.#values.push({ epoch, seq, at, ...shown });
      this.#values.sort((a, b) => a.seq - b.seq);
    } else {
      this.#values.push({ epoch, seq, at, ...shown });
      this.#newest = this.#values.at(-1);
    }
    this.#values.splice(0, this.#values.length - KEPT);
    this.isNew = true;
  }

  draw(now) {
    this.isNew = false;
    const { value, unit, max } = this.#newest;
    this.#value.textContent = text(value);
    this.#unit.textContent = typeof unit === "string" ? unit : "";
    const values = this.#inSight(now);
    const all = values.map((one) => one.value);
    const least = Math.min(0, ...all);
    const top = Number.isFinite(max) ? max : Math.max(0, ...all) * 1.15;
    const scale = top > least ? HEIGHT / (top - least) : 0;
    const places = values.map((one) => [
      WIDTH - Math.max(0, now - one.at) / 1000, HEIGHT - (one.value - least) * scale,
    ]);
    this.#line.setAttribute("points", pointsOf(places));
    this.#area.setAttribute("points", places.length === 0 ? "" : pointsOf([
      [places[0][0], HEIGHT], ...places, [places.at(-1)[0], HEIGHT]]));
    this.#range.textContent = all.length === 0 ? "no value in these 2 minutes"
      : `from ${text(Math.min(...all))} to ${text(Math.max(...all))}`;
    this.#scale.textContent = `scale ${text(least)} to ${text(top)}`;
    this.#picture.setAttribute("aria-label",
      `${this.name} over 2 minutes, ${this.#range.textContent}`);
  }

  // What is not too old, and one more, at which the line comes in.
  #inSight(now) {
    const dated = this.#values.filter(({ at }) => at !== undefined);
    const first = dated.findIndex(({ at }) => now - at <= SPAN_MS);
    return first === -1 ? [] : dated.slice(Math.max(0, first - 1));
  }

  showAge(now) {
    const age = now - this.#newest.at; // NaN while that is not known
    this.#age.textContent = age < 2000 ? "live"
      : age >= 2000 ? `${ageText(age)} without a value` : "";
    this.sheet.classList.toggle("stale", age > STALE_MS);
  }
}

const pointsOf = (places) =>
  places.map((place) => place.map((one) => one.toFixed(2)).join()).join(" ");

function ageText(ms) {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}

function text(value) {
  return Math.abs(value) >= 100 ? value.toFixed(0)
    : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

// {value, unit, max} of a message; undefined where it is no number.
function read({ data, text: plain, bytes }) {
  const said = bytes ? new TextDecoder().decode(bytes) : plain;
  const shown = said === undefined
    ? typeof data === "object" ? Object(data) : { value: data }
    : { value: said.trim() === "" ? NaN : Number(said) };
  const { value, unit, max } = shown;
  return Number.isFinite(value) ? { value, unit, max } : undefined;
}

// -- all of them -------------------------------------------------------------

const charts = new Map();

function chartOf(topic) {
  if (!charts.has(topic)) {
    const chart = new Chart(topic, freeColour());
    charts.set(topic, chart);
    const after = [...charts.keys()].sort();
    const next = charts.get(after[after.indexOf(topic) + 1]);
    find("charts").insertBefore(chart.sheet, next?.sheet ?? null);
    find("hint").hidden = true;
  }
  return charts.get(topic);
}

// The one that the fewest charts have.
function freeColour() {
  const uses = Array(COLOURS).fill(0);
  for (const { colour } of charts.values()) {
    uses[colour]++;
  }
  return uses.indexOf(Math.min(...uses));
}

// Of a hundred messages that come at once, one picture is made.
let drawing = false;

function drawSoon() {
  if (drawing) {
    return;
  }
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const now = Date.now();
    for (const chart of charts.values()) {
      if (chart.isNew) {
        chart.draw(now);
      }
    }
  });
}

const arrivals = new Arrivals();
const client = connect("ws", { onState: showState });
closeWithPage(() => client.close());
client.subscribe("metrics/**", {
  last: KEPT,
  onSubscribed(reply) {
    arrivals.subscribed(reply);
    reply.topics.forEach(({ topic }) => askTimes(topic));
  },
  onMessage: (message) => take(message, arrivals.timeOf(message)),
  onGone({ topic }) {
    charts.get(topic)?.sheet.remove();
    charts.delete(topic);
    find("hint").hidden = charts.size > 0;
  },
});

function take(message, at) {
  const shown = read(message);
  if (shown !== undefined) {
    chartOf(message.topic).add(message, shown, at);
    drawSoon();
  }
}

// Of what was there before this window came nginx's history has the times.
async function askTimes(topic) {
  const { items } = await client.history(topic, { last: KEPT, limit: KEPT })
    .catch(() => ({ items: [] }));
  items.forEach((item) => take(item, item.time));
}

// Time goes on, also without a value.
setInterval(() => {
  const now = Date.now();
  for (const chart of charts.values()) {
    chart.draw(now);
    chart.showAge(now);
  }
}, 1000);

find("api").textContent = new URL("../api/metrics/…", location.href).pathname.replace("%E2%80%A6", "…");
