// The console of an operator: what a zone does, what is in it, what comes through.
// It uses the HTTP API and the JavaScript client, as any application may.

import { closeWithPage, find } from "../shared/page.js";
import { connect } from "../wspubsub/client.js";
import { askToRemove, preparePublish, startPublish } from "./publish.js";
import { showRates } from "./rates.js";
import { startSessions } from "./sessions.js";
import { Status } from "./status.js";
import { noteState, startTap, tap } from "./tap.js";
import { clockText, visible } from "./text.js";
import { lookAgain, openTopic, startTopic } from "./topic.js";
import { markOpened, refresh, startTree } from "./tree.js";

const MOST_DELAY_MS = 5000; // until the next attempt to connect

// -- is nginx there ----------------------------------------------------------

const state = new Status(changed);
let socketState = "connecting";
const client = connect("ws", {
  maxDelay: MOST_DELAY_MS,
  onState(change) {
    socketState = change.state;
    noteState(change);
    showState();
  },
});
closeWithPage(() => client.close());

function showState() {
  const [text, kind] = state.awaySince !== undefined ? ["away", "ended"]
    : state.counters === undefined ? ["connecting", "connecting"]
      : socketState !== "open" ? ["no WebSocket", "connecting"]
        : ["connected", "connected"];
  const shown = find("status");
  if (shown.textContent !== text) {
    shown.textContent = text;
    shown.dataset.state = kind;
  }
}

function showAway({ awaySince, error }) {
  const isAway = awaySince !== undefined;
  if (isAway && find("away").hidden) {
    find("away").textContent = `No answer since ${clockText(awaySince)}: ` +
      `${visible(error.message)}. What is shown is as it was then. ` +
      "It is tried again every second.";
  }
  find("away").hidden = !isAway;
  document.body.classList.toggle("is-away", isAway);
}

function changed(status, wasAway) {
  showRates(status);
  showAway(status);
  showState();
  if (wasAway && status.awaySince === undefined) {
    refresh();
    lookAgain();
  }
}

// -- the parts ---------------------------------------------------------------

function open(topic) {
  markOpened(topic);
  openTopic(topic);
  const { top } = find("detail").getBoundingClientRect();
  if (top > innerHeight / 2 || top < 0) {
    find("topic-name").focus();
  }
}

startTree(open);
startTopic(client, { tap, publish: preparePublish, remove: askToRemove });
startTap(client);
startPublish(() => {
  refresh();
  lookAgain();
}, (text) => {
  find("topic-says").textContent = text;
});
find("open").addEventListener("submit", (event) => {
  event.preventDefault();
  open(find("open-name").value);
});
startSessions();
state.run();
refresh();
