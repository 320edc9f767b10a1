// The dashboard: a chart for each topic below metrics/, of messages like
// {"value": 12.5, "unit": "%", "max": 100}, or of plain numbers.
//
// The server keeps each topic's last messages, so that a window that opens
// shows what it would show if it had been open all the time.

import { connect } from "../wspubsub/client.js";
import { closeWithPage, element, find, hueOf, showState } from "../shared/page.js";

const SHOWN = 120; // values of a chart
const STALE_MS = 5000;
const [WIDTH, HEIGHT] = [SHOWN - 1, 100]; // of a picture, in its own units

// -- one chart ---------------------------------------------------------------

function svg(tag, attributes, ...inner) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...inner);
  return made;
}

class Chart {
  #values = [];
  #at = 0; // when the newest one came
  #value = element("span", "number");
  #unit = element("span", "unit");
  #age = element("span", "age faint");
  #least = element("span", "");
  #most = element("span", "");
  #line = svg("polyline", { class: "line" });
  #area = svg("polygon", { class: "area" });
  #max;

  constructor(topic) {
    const [, host, ...name] = topic.split("/");
    const grid = [0.25, 0.5, 0.75].map((part) => svg("line", {
      class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT * part, y2: HEIGHT * part,
    }));
    this.sheet = element("section", "chart sheet", "",
      element("header", "", "",
        element("h2", "", name.join(" ") || host),
        element("span", "value", "", this.#value, this.#unit),
        element("span", "faint", name.length > 0 ? host : ""), this.#age),
      svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" },
          ...grid, this.#area, this.#line),
      element("p", "range faint", "", this.#least, this.#most));
    this.sheet.dataset.topic = topic;
    this.sheet.style.setProperty("--hue-ink", `hsl(${hueOf(topic)} 60% 50%)`);
  }

  add({ value, unit, max }) {
    this.#values.push(value);
    if (this.#values.length > SHOWN) {
      this.#values.shift();
    }
    this.#at = performance.now();
    this.#max = Number.isFinite(max) ? max : undefined;
    this.#value.textContent = text(value);
    this.#unit.textContent = typeof unit === "string" ? unit : "";
    this.isNew = true;
  }

  draw() {
    this.isNew = false;
    const values = this.#values;
    const least = Math.min(0, ...values);
    const top = this.#max ?? Math.max(...values) * 1.15;
    const scale = top > least ? HEIGHT / (top - least) : 0;
    const points = values.map((value, n) =>
      `${WIDTH - values.length + 1 + n},${(HEIGHT - (value - least) * scale).toFixed(2)}`);
    this.#line.setAttribute("points", points.join(" "));
    this.#area.setAttribute("points", [
      `${WIDTH - values.length + 1},${HEIGHT}`, ...points, `${WIDTH},${HEIGHT}`].join(" "));
    this.#least.textContent =
      `${values.length} values, ${text(Math.min(...values))} to ${text(Math.max(...values))}`;
    this.#most.textContent = this.#max === undefined ? "" : `of ${text(this.#max)}`;
  }

  showAge(now) {
    const age = now - this.#at;
    this.#age.textContent = age < 2000 ? "live"
      : `${Math.round(age / 1000)} s without a value`;
    this.sheet.classList.toggle("stale", age > STALE_MS);
  }
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
  return Number.isFinite(shown.value) ? shown : undefined;
}

// -- all of them -------------------------------------------------------------

const charts = new Map();

function chartOf(topic) {
  if (!charts.has(topic)) {
    const chart = new Chart(topic);
    charts.set(topic, chart);
    const after = [...charts.keys()].sort();
    const next = charts.get(after[after.indexOf(topic) + 1]);
    find("charts").insertBefore(chart.sheet, next?.sheet ?? null);
    find("hint").hidden = true;
  }
  return charts.get(topic);
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
    for (const chart of charts.values()) {
      if (chart.isNew) {
        chart.draw();
      }
    }
  });
}

const client = connect("ws", { onState: showState });
closeWithPage(() => client.close());
client.subscribe("metrics/**", {
  last: SHOWN,
  onMessage(message) {
    const shown = read(message);
    if (shown !== undefined) {
      chartOf(message.topic).add(shown);
      drawSoon();
    }
  },
  onGone({ topic }) {
    charts.get(topic)?.sheet.remove();
    charts.delete(topic);
    find("hint").hidden = charts.size > 0;
  },
});

setInterval(() => {
  const now = performance.now();
  for (const chart of charts.values()) {
    chart.showAge(now);
  }
}, 500);

find("api").textContent = new URL("../api/metrics/…", location.href).pathname.replace("%E2%80%A6", "…");
