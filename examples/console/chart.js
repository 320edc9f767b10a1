// A line over the last minutes, with a time axis, and with the same in words.

import { element, svg } from "../shared/page.js";
import { clockText, numberText } from "./text.js";

export const SPAN_MS = 5 * 60_000;
const MINUTE_MS = 60_000;
const [WIDTH, HEIGHT] = [300, 100]; // of the picture, in its own units

// The least of 1, 2, 5, 10, 20, … that is not below the value.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= value);
}

export class Chart {
  #top; // of the scale, where that is fixed
  #value = element("span", "number", "–");
  #words = element("figcaption", "faint");
  #most = element("span", "most");
  #minutes = element("div", "minutes faint");
  #grid = svg("path", { class: "grid" });
  #line = svg("path", { class: "line" });
  #picture;

  // Shows sample[of]; `unit` is behind the value, `top` the scale's end.
  constructor(of, title, { unit = "", top } = {}) {
    this.of = of;
    this.unit = unit;
    this.#top = top;
    this.title = title;
    this.#picture = svg("svg", {
      role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none",
    }, this.#grid, this.#line);
    this.sheet = element("figure", "chart sheet", "", element("div", "inside", "",
      element("h3", "", title),
      element("p", "value", "", this.#value, element("span", "unit", unit)),
      element("div", "picture", "", this.#picture, this.#most,
              element("span", "least", "0")),
      this.#minutes), this.#words);
    this.sheet.dataset.of = of;
  }

  // `samples` of any time, oldest first; those without a value break the line.
  draw(samples, now) {
    const shown = samples.filter(({ at }) => at > now - SPAN_MS);
    const values = shown.map((one) => one[this.of]).filter(Number.isFinite);
    const top = this.#top ?? roundUp(Math.max(1, ...values));
    this.#line.setAttribute("d", this.#path(shown, now, top));
    this.#most.textContent = numberText(top);
    this.#drawMinutes(now);
    this.#say(shown.at(-1)?.[this.of], values);
  }

  #path(samples, now, top) {
    let isDown = false; // the pen
    return samples.map((sample) => {
      const value = sample[this.of];
      if (!Number.isFinite(value)) {
        isDown = false;
        return "";
      }
      const x = WIDTH * (1 - (now - sample.at) / SPAN_MS);
      const y = HEIGHT * (1 - Math.min(value, top) / top);
      const step = isDown ? "L" : "M";
      const dot = isDown ? "" : "h0"; // so that one value alone is seen
      isDown = true;
      return `${step}${x.toFixed(2)} ${y.toFixed(2)}${dot}`;
    }).join("");
  }

  #drawMinutes(now) {
    const marks = [];
    const lines = [];
    for (let at = Math.ceil((now - SPAN_MS) / MINUTE_MS) * MINUTE_MS; at <= now;
      at += MINUTE_MS) {
      const part = 1 - (now - at) / SPAN_MS;
      lines.push(`M${(WIDTH * part).toFixed(2)} 0V${HEIGHT}`);
      const isOdd = Math.round(at / MINUTE_MS) % 2 === 1;
      const mark = element("span", isOdd ? "odd" : "", clockText(at).slice(0, 5));
      mark.style.setProperty("--at", part);
      marks.push(mark);
    }
    this.#grid.setAttribute("d", `M0 ${HEIGHT / 2}H${WIDTH}${lines.join("")}`);
    this.#minutes.replaceChildren(...marks);
  }

  #say(newest, values) {
    const now = numberText(newest);
    this.#value.textContent = now;
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const range = values.length === 0 ? "no values yet"
      : `${numberText(least)} to ${numberText(most)} in ${SPAN_MS / MINUTE_MS} minutes`;
    this.#words.textContent = range;
    this.#picture.setAttribute("aria-label",
      `${this.title}: now ${now === "–" ? "not known" : now}, ${range}`);
  }
}
