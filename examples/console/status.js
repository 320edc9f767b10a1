// Asks the status page once a second, and makes rates of its counters.

import { status } from "./api.js";
import { SPAN_MS } from "./chart.js";

const EVERY_MS = 1000;
const WORKED_OUT = ["published", "delivered"]; // counters that become rates

export class Status {
  samples = []; // {at, published, delivered, sessions, use}, or {at}: away
  counters; // what nginx said last
  awaySince; // ms since 1970 while nginx does not answer
  error;
  #before; // {time, counters}: the last answer, if no failure came after it
  #onChange;

  // `onChange(status, wasAway)` is called after each answer and each failure.
  constructor(onChange) {
    this.#onChange = onChange;
  }

  async run() {
    for (;;) {
      const began = performance.now();
      await this.#ask();
      const rest = EVERY_MS - (performance.now() - began);
      await new Promise((done) => setTimeout(done, Math.max(100, rest)));
    }
  }

  async #ask() {
    const wasAway = this.awaySince !== undefined;
    try {
      const counters = await status();
      this.#take(counters, performance.now());
      this.awaySince = this.error = undefined;
    } catch (error) {
      this.awaySince ??= Date.now();
      this.error = error;
      this.#before = undefined;
      this.#add({});
    }
    this.#onChange(this, wasAway);
  }

  #take(counters, time) {
    const sample = {
      sessions: counters.sessions,
      use: 100 * (1 - counters.free / counters.size),
    };
    const seconds = (time - this.#before?.time) / 1000;
    for (const name of WORKED_OUT) {
      const more = counters[name] - this.#before?.counters[name];
      sample[name] = more >= 0 ? more / seconds : undefined; // less: it was restarted
    }
    this.#before = { time, counters };
    this.counters = counters;
    this.#add(sample);
  }

  #add(sample) {
    const at = Date.now();
    this.samples.push({ at, ...sample });
    while (this.samples[0].at < at - SPAN_MS) {
      this.samples.shift();
    }
  }
}
