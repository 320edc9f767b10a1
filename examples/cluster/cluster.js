// A chat room that is on several hosts: the page is connected to one of them,
// goes on at the next where that one fails, and can be sent to another by hand.
// It resumes there, so that nothing is missing and nothing comes twice.

import { connect } from "./wspubsub/client.js";
import { closeWithPage, element, find, showState } from "./shared/page.js";

const TOPIC = "chat/lobby";
const name = `guest ${Math.floor(100 + Math.random() * 900)}`;

const hosts = await (await fetch("hosts.json")).json();
let at = Math.max(hosts.indexOf(location.origin), 0);
let client;
let room;
const who = new Set();

// -- what is shown -----------------------------------------------------------

function show(...what) {
  const log = find("log");
  log.append(element("div", ...what));
  log.scrollTop = log.scrollHeight;
}

function message({ who: from, text }) {
  show("message", "", element("b", "", String(from)), ` ${text}`);
}

function showWho() {
  find("who").textContent = [...who].sort().join(", ");
}

function showHosts() {
  find("hosts").replaceChildren(...hosts.map((host, n) => {
    const button = element("button", "", new URL(host).host);
    button.type = "button";
    button.ariaPressed = String(n === at);
    button.addEventListener("click", () => move(n));
    return button;
  }));
}

// -- the connection ----------------------------------------------------------

function address() {
  const url = new URL(`/ws?name=${encodeURIComponent(name)}`, hosts[at]);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

function open(positions) {
  const mine = connect(address); // which is asked for each attempt
  client = mine;
  mine.on("state", (change) => {
    if (mine !== client) {
      return; // of the host before
    }
    showState(change);
    if (change.state === "waiting") {
      at = (at + 1) % hosts.length;
      showHosts();
    }
  });
  room = mine.subscribe(TOPIC, {
    ...(positions ? { positions } : {}), last: 100,
    async onSubscribed({ recovered, resumed }) {
      const host = new URL(hosts[at]).host;
      const how = !resumed && !positions ? "connected to"
        : recovered ? "goes on, with nothing missing, at" : "begins anew at";
      show("notice", `${how} ${host}`);
      const here = await mine.who(TOPIC).catch(() => ({ who: [] }));
      who.clear();
      here.who.forEach((one) => who.add(one));
      showWho();
    },
    onMessage: ({ data, text }) => message(data ?? { who: "", text }),
    onGone: ({ reason }) => reason === "reset" &&
      show("notice", "the newest messages were lost; before them there was:"),
    onGap: ({ from, to }) => show("notice", `${to - from + 1} messages are missing`),
    onJoin: (one) => { who.add(one.who); showWho(); },
    onLeave: (one) => { who.delete(one.who); showWho(); },
  });
}

function move(n) {
  const positions = room.positions();
  const before = client;
  at = n;
  showHosts();
  open(positions);
  before.close();
}

// -- saying something --------------------------------------------------------

// With a key it is done once, however often the client has to send it, and on
// whichever host. An answer 116 says that nobody knows: so it is tried again.
async function say(text, key = crypto.getRandomValues(new Uint32Array(3)).join("")) {
  try {
    await client.publish(TOPIC, { who: name, text }, { key });
  } catch (error) {
    if (error.code === 115 || error.code === 116) {
      setTimeout(() => say(text, key), 1000);
    } else {
      show("notice", `not sent: ${error.message}`);
    }
  }
}

find("say").addEventListener("submit", (event) => {
  event.preventDefault();
  say(find("text").value);
  find("text").value = "";
});

showHosts();
open();
closeWithPage(() => client.close());
