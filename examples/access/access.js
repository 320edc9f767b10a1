// A page for people who have logged in: nginx lets them in by tokens, and asks
// the application what tokens can't say.

import { connect } from "../wspubsub/client.js";
import { closeWithPage, element, find, hueOf, showState } from "../shared/page.js";

const MAX_SHOWN = 200;

// Of the application, which nginx has beneath this path. Throws what it says
// against it.
async function ask(what, data = {}) {
  const answer = await fetch(`app/${what}`, { method: "POST", body: JSON.stringify(data) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw Object.assign(new Error(said.message ?? "the application does not answer"),
                        { status: answer.status });
  }
  return said;
}

function show(log, ...parts) {
  const line = element("div", "line", "", ...parts);
  const shown = find(log);
  shown.append(line);
  while (shown.childElementCount > MAX_SHOWN) {
    shown.firstElementChild.remove();
  }
  shown.scrollTop = shown.scrollHeight;
}

function showWho(log, who, text) {
  const name = element("span", "who", who);
  name.style.setProperty("--hue", hueOf(who));
  show(log, name, text);
}

const showRefusal = (log, text) => show(log, element("span", "refused", text));

// -- the session ---------------------------------------------------------------

let client;
let login; // by which the application knows who this window is

// A token for each connection, and a new one before it ends. The first is what
// logging in has brought; null, where there is none any more.
function tokens(first) {
  let known = first;
  return async () => {
    const token = known;
    known = undefined;
    if (token !== undefined) {
      return token;
    }
    try {
      return (await ask("renew", { login })).token;
    } catch (error) {
      if (error.status === 401) {
        return null;
      }
      throw error;
    }
  };
}

function enter(loggedIn) {
  const { name, token } = loggedIn;
  login = loggedIn.login;
  client = connect("ws", {
    getToken: tokens(token),
    onState: (change) => {
      if (change.state === "unauthorized") {
        return leave("You are not let in any more.");
      }
      return showState(change);
    },
  });
  find("login").hidden = true;
  find("inside").hidden = false;
  find("ban").hidden = name !== "admin";
  for (const room of ["lobby", "club"]) {
    find(room).replaceChildren();
    client.subscribe(`room/${room}`, {
      last: 20,
      onMessage: ({ data }) => showWho(room, String(data.who), String(data.text)),
      onError: ({ message }) => showRefusal(room, message),
    });
  }
  find("events").replaceChildren();
  client.subscribe("log", {
    last: 20,
    onMessage: ({ data }) => showWho(
      "events", String(data.who), data.event === "open" ? "is here" : "has left"),
  });
}

function leave(why) {
  client.close();
  find("inside").hidden = true;
  find("login").hidden = false;
  find("refused").textContent = why;
  find("status").textContent = "not logged in";
  find("status").dataset.state = "closed";
}

find("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  find("refused").textContent = "";
  try {
    enter(await ask("login", { name: find("name").value }));
  } catch ({ message }) {
    find("refused").textContent = message;
  }
});

// -- what people do --------------------------------------------------------------

for (const form of document.querySelectorAll("form[data-room]")) {
  const { room } = form.dataset;
  const input = form.querySelector("input");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = input.value;
    input.value = "";
    try {
      await client.publish(`room/${room}`, { data: { text } });
    } catch ({ message }) {
      showRefusal(room, message);
    }
  });
}

find("ban").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = find("whom").value.trim().toLowerCase();
  try {
    await ask("ban", { login, name });
    find("whom").value = "";
    show("events", `${name} is banned`);
  } catch ({ message }) {
    showRefusal("events", message);
  }
});

closeWithPage(() => client?.close());
