// The plots, the same as a table, and the counters that are no plot.

import { bytesText, element, find } from "../shared/page.js";
import { Chart, SPAN_MS } from "./chart.js";
import { clockText, numberText } from "./text.js";

const ROW_MS = 30_000; // of the table

const charts = [
  new Chart("published", "Published", { unit: "a second" }),
  new Chart("delivered", "Delivered", { unit: "a second" }),
  new Chart("sessions", "Sessions", { unit: "with this page's" }),
  new Chart("use", "Zone in use", { unit: "%", top: 100 }),
];
find("charts").append(...charts.map(({ sheet }) => sheet));
find("numbers-head").append(element("th", "", "time"), ...charts.map(
  ({ title, unit }) => element("th", "", `${title}, ${unit}`)));

// What is a trouble when it grows.
const TROUBLES = ["evicted", "refused", "refused_subscriptions", "slow", "repairs"];
const SHOWN = ["topics", "messages", "subscriptions", "workers", ...TROUBLES];
const facts = Object.fromEntries(SHOWN.map((name) => {
  const value = element("dd", "", "–");
  find("counters").append(element("div", "", "", element(
    "dt", "", name.replace("_", " ")), value));
  return [name, value];
}));

let first; // counters of when the page came, or nginx was started anew

function showCounters(counters) {
  if (!(counters.published >= first?.published)) {
    first = counters;
  }
  for (const name of SHOWN) {
    facts[name].textContent = numberText(counters[name]);
  }
  for (const name of TROUBLES) {
    const more = counters[name] - first[name];
    facts[name].classList.toggle("grows", more > 0);
    facts[name].textContent += more > 0 ? ` (+${numberText(more)})` : "";
  }
  find("zone").textContent =
    `zone ${counters.zone}, ${bytesText(counters.free)} of ${bytesText(counters.size)} free`;
}

function drawTable(samples, now) {
  const rows = [];
  for (let from = now - SPAN_MS; from < now; from += ROW_MS) {
    const sample = samples.findLast(({ at }) => at > from && at <= from + ROW_MS);
    if (sample) {
      rows.unshift(element("tr", "", "", element("th", "", clockText(sample.at)),
        ...charts.map(({ of }) => element("td", "", numberText(sample[of])))));
    }
  }
  find("numbers-body").replaceChildren(...rows);
}

export function showRates({ samples, counters, awaySince }) {
  const now = Date.now();
  for (const chart of charts) {
    chart.draw(samples, now);
  }
  if (find("numbers").open) {
    drawTable(samples, now);
  }
  if (counters && awaySince === undefined) {
    showCounters(counters);
  }
}
