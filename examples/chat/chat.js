// The chat's page: shows the open room as a conversation.

import {
  closeWithPage, element, find, hueOf, showState, unescaped,
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

const shown = new WeakMap(); // line: its element

// A line that waits stays below those that have been delivered.
function show(line) {
  shown.get(line)?.remove();
  const made = line.notice ? element("div", "notice", line.notice) : message(line);
  shown.set(line, made);
  const isLast = line.state === "waiting" || line.state === "sent";
  log.insertBefore(made, isLast ? null : log.querySelector(".waiting"));
  while (log.childElementCount > MAX_SHOWN) {
    log.firstElementChild.remove();
  }
  if (following) {
    follow();
  } else {
    newest.hidden = false;
  }
}

function message(line) {
  const made = element("div", "message", "",
                       element("span", "who", line.who),
                       element("span", "text", "", ...withLinks(line.text)),
                       element("span", "when", "", ...when(line)));
  const isWaiting = line.state === "waiting" || line.state === "sent";
  made.classList.toggle("own", line.who === name.value.trim());
  made.classList.toggle("waiting", isWaiting);
  made.ariaLive = isWaiting ? "off" : null; // it is read out once, when it is delivered
  made.classList.toggle("refused", line.state === "refused");
  made.style.setProperty("--hue", hueOf(line.who));
  return made;
}

// What stands below a message: what became of it, or its time.
function when({ at, state, why }) {
  if (state === "waiting") {
    return [element("span", "if-here", "sending …"),
            element("span", "if-away", "waiting to be sent")];
  }
  if (state === "refused") {
    return [`not sent: ${why}`];
  }
  return at === undefined ? [] : [timeElement(new Date(at))];
}

function isAddress(said) {
  try {
    return new URL(said).hostname !== "";
  } catch {
    return false;
  }
}

function timeElement(date) {
  const isToday = date.toDateString() === new Date().toDateString();
  const made = element("time", "", date.toLocaleString([], {
    ...(isToday ? {} : { day: "numeric", month: "short" }),
    hour: "2-digit", minute: "2-digit",
  }));
  made.dateTime = date.toISOString();
  made.title = date.toLocaleString();
  return made;
}

// The text in pieces, with each address of the web as a link. What it leads to
// learns nothing of this page.
function withLinks(said) {
  return said.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,:;!?)\]}])/i).map((piece, n) => {
    if (n % 2 === 0 || !isAddress(piece)) {
      return piece;
    }
    const link = element("a", "", piece);
    Object.assign(link, { href: piece, target: "_blank", rel: "noopener noreferrer nofollow" });
    return link;
  });
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
  changed(room, line) {
    if (room === rooms.open) {
      shown.get(line)?.querySelector(".when").replaceChildren(...when(line));
    }
  },
});
addEventListener("away", () => {
  rooms.typing.clear();
  showTyping();
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
  const names = [...rooms.who].sort();
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
  const asked = unescaped(location.hash.slice(1)).replace(/[/*$\p{Cc}]/gu, "");
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
  const { lines, waiting } = rooms.all.get(room);
  [...lines, ...waiting].forEach(show);
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

ROOMS.forEach((room) => rooms.add(room));
enterRoom();
takeName();
closeWithPage(() => rooms.close());
