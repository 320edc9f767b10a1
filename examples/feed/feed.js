// The feed: all that comes on some topics, by an EventSource. The browser comes
// back by itself, says in Last-Event-ID how far it had come, and gets what it
// has missed.

import { element, find, showState } from "../shared/page.js";

const URL_OF_STREAM = "events/?topic=chat/*&topic=metrics/**";
const SHOWN = 50; // messages
const PAUSE_MS = 3000; // where the browser does not come back by itself

const list = find("feed");

function show(topic, text, className = "") {
  list.prepend(element("li", `sheet ${className}`, "",
    element("b", "", topic), element("span", "", text)));
  while (list.children.length > SHOWN) {
    list.lastChild.remove();
  }
}

const textOf = ({ data, text, b64 }) =>
  text ?? (data !== undefined ? JSON.stringify(data) : `${b64} (base64)`);

function open() {
  const source = new EventSource(URL_OF_STREAM);
  source.onopen = () => showState({ state: "open" });
  // After an end it comes back; after an answer that is no stream it does not.
  source.onerror = () => {
    showState({ state: "waiting" });
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(open, PAUSE_MS);
    }
  };
  source.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    show(message.topic, textOf(message));
  };
  source.addEventListener("gap", ({ data }) => {
    const { topic, from, to } = JSON.parse(data);
    show(topic, `messages ${from} to ${to} are not kept any more`, "faint");
  });
  source.addEventListener("reset", () => list.replaceChildren());
}

find("curl").textContent = `curl -N '${new URL(URL_OF_STREAM, location)}'`;
open();
