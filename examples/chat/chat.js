// The chat's page: shows the open room as a conversation.

import {
  closeWithPage, element, find, hueOf, showState, unescapeName,
} from "../shared/page.js";
import { Rooms } from "./rooms.js";

const ROOMS = ["lobby", "nginx", "coffee"]; // there from the start
const MAX_SHOWN = 500;
const NEAR_PX = 40; // so close to the end, it is followed
const TYPING_EVERY_MS = 1500;

const [log, newest, name, text] = ["log", "newest", "name", "text"].map(find);

// -- the conversation --------------------------------------------------------

let following = true;

function follow() {
  following = true;
  newest.hidden = true;
  log.scrollTop = log.scrollHeight;
}

function show(line) {
  if (line.notice) {
    log.append(element("li", "notice", line.notice));
  } else {
    const shown = element("li", "message", "",
                          element("span", "who", line.who),
                          element("span", "text", line.text));
    shown.classList.toggle("own", line.who === name.value.trim());
    shown.style.setProperty("--hue", hueOf(line.who));
    log.append(shown);
  }
  while (log.childElementCount > MAX_SHOWN) {
    log.firstElementChild.remove();
  }
  if (following) {
    follow();
  } else {
    newest.hidden = false;
  }
}

log.addEventListener("scroll", () => {
  following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  if (following) {
    newest.hidden = true;
  }
});
newest.addEventListener("click", follow);
new ResizeObserver(() => following && follow()).observe(log);

// -- rooms and people --------------------------------------------------------

const rooms = new Rooms({
  state: showState,
  rooms: showRooms,
  who: showWho,
  typing: showTyping,
  line(room, line) {
    if (room === rooms.open) {
      show(line);
    }
  },
  refused(said, why) {
    show({ notice: `Not sent: “${said}” (${why}).` });
  },
});

function showRooms() {
  find("rooms").replaceChildren(...[...rooms.all].map(([room, { unread }]) => {
    const button = element("button", "room", room);
    button.type = "button";
    button.ariaCurrent = String(room === rooms.open);
    if (unread > 0) {
      button.append(element("span", "unread", unread > 99 ? "99+" : String(unread)));
    }
    button.addEventListener("click", () => { location.hash = encodeURIComponent(room); });
    return element("li", "", "", button);
  }));
}

function showWho() {
  const own = name.value.trim();
  const names = [...rooms.who].map(unescapeName).sort();
  find("who").replaceChildren(...names.map((who) => {
    const shown = element("li", "", who);
    shown.style.setProperty("--hue", hueOf(who));
    if (who === own) {
      shown.append(element("span", "faint", " (you)"));
    }
    return shown;
  }));
}

function showTyping() {
  const who = [...rooms.typing.keys()];
  find("typing").textContent = who.length === 0 ? ""
    : who.length > 3 ? "several people are typing …"
    : `${who.join(", ")} ${who.length === 1 ? "is" : "are"} typing …`;
}

// The room is in the address, after the #.
function enterRoom() {
  const asked = unescapeName(location.hash.slice(1)).replace(/[/*$\p{Cc}]/gu, "");
  const room = asked.slice(0, 30) || ROOMS[0];
  rooms.enter(room);
  find("title").textContent = room;
  document.title = `Chat: ${room}`;
  const api = new URL(`../api/chat/${encodeURIComponent(room)}`, location.href).href;
  const insecure = location.protocol === "https:" ? "-k " : ""; // its own certificate
  find("command").textContent = `curl ${insecure}-d 'Hello from curl' ${api}`;
  find("kept").href = `${api}?last=10`;
  log.replaceChildren();
  following = true;
  rooms.all.get(room).lines.forEach(show);
}

addEventListener("hashchange", enterRoom);
find("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = encodeURIComponent(find("room").value.trim());
  find("room").value = "";
});

// -- saying something --------------------------------------------------------

// JSON has no half of a surrogate pair, which text may be cut to.
const whole = (said) =>
  new TextDecoder().decode(new TextEncoder().encode(said)).trim();
const ownName = () => whole(name.value) || "someone";

// A name of this window's own, which a reload of the page keeps.
name.value = sessionStorage.getItem("name") ||
  `guest ${Math.floor(100 + Math.random() * 900)}`;
function takeName() {
  sessionStorage.setItem("name", name.value.trim());
  rooms.rename(ownName());
}
name.addEventListener("change", takeName);

let typedAt = 0;
text.addEventListener("input", () => {
  if (text.value && Date.now() - typedAt > TYPING_EVERY_MS) {
    typedAt = Date.now();
    rooms.sayTyping(ownName());
  }
});

find("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const said = whole(text.value);
  if (said) {
    rooms.say(ownName(), said);
    text.value = "";
    typedAt = 0;
    follow();
  }
  text.focus();
});

ROOMS.forEach((room) => rooms.all.set(room, { lines: [], unread: 0 }));
enterRoom();
takeName();
closeWithPage(() => rooms.close());
