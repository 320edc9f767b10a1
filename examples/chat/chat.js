// The chat: a feed of {"who", "text"} shown as a conversation. Whatever others
// send is put into the page as text, never as markup.

import { Feed } from "./feed.js";

const TOPIC = "chat/lobby";
const MAX_SHOWN = 500;
const NEAR_PX = 40; // so close to the end, it is followed

const find = (id) => document.getElementById(id);
const [log, newest, form, name, text, status] = [
  "log", "newest", "say", "name", "text", "status",
].map(find);

const address = (path) => new URL(path, location.href).href;

// -- the conversation --------------------------------------------------------

function element(tag, className, content) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = content;
  return made;
}

// Same name, same colour.
function hueOf(who) {
  let hash = 0;
  for (const letter of who) {
    hash = (hash * 31 + letter.codePointAt(0)) % 3600;
  }
  return hash % 360;
}

// What is no {"who", "text"}, as of a plain `curl -d`, is shown as it is.
function parse(value) {
  if (typeof value?.text === "string") {
    return { who: String(value.who ?? "someone"), text: value.text };
  }
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return { who: "someone", text: shown };
}

let following = true;

function show(line) {
  log.append(line);
  while (log.childElementCount > MAX_SHOWN) {
    log.firstElementChild.remove();
  }
  if (following) {
    follow();
  } else {
    newest.hidden = false;
  }
}

function follow() {
  following = true;
  newest.hidden = true;
  log.scrollTop = log.scrollHeight;
}

function showMessage(value) {
  const said = parse(value);
  const line = element("li", "message", "");
  line.classList.toggle("own", said.who === name.value.trim());
  line.style.setProperty("--hue", hueOf(said.who));
  line.append(element("span", "who", said.who),
              element("span", "text", said.text));
  show(line);
}

function showNotice(content) {
  show(element("li", "notice", content));
}

log.addEventListener("scroll", () => {
  following =
    log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  if (following) {
    newest.hidden = true;
  }
});
newest.addEventListener("click", follow);
new ResizeObserver(() => following && follow()).observe(log);

// -- the feed ----------------------------------------------------------------

const feed = new Feed(address("ws").replace(/^http/, "ws"), TOPIC, {
  state(state) {
    status.textContent = state;
    status.dataset.state = state;
  },
  message: showMessage,
  gap(count) {
    showNotice(count === 0 ? "The lobby was opened anew."
      : count === 1 ? "One message is not kept any more."
      : `${count} messages are not kept any more.`);
  },
  gone() {
    showNotice("The lobby was cleared.");
  },
  refused(said, why) {
    showNotice(`Not sent: “${said.text}” (${why}).`);
  },
});

// -- saying something --------------------------------------------------------

// A name of this window's own, which a reload of the page keeps.
name.value = sessionStorage.getItem("name") ||
  `guest ${Math.floor(100 + Math.random() * 900)}`;
const keepName = () => sessionStorage.setItem("name", name.value.trim());
name.addEventListener("input", keepName);
keepName();

// JSON has no half of a surrogate pair, which text may be cut to.
const whole = (said) =>
  new TextDecoder().decode(new TextEncoder().encode(said)).trim();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const said = whole(text.value);
  if (said) {
    feed.publish({ who: whole(name.value) || "someone", text: said });
    text.value = "";
    follow();
  }
  text.focus();
});

// -- from a shell ------------------------------------------------------------

const command = find("command");
const insecure = location.protocol === "https:" ? "-k " : ""; // its own certificate
command.textContent =
  `curl ${insecure}-d 'Hello from curl' ${address(`api/${TOPIC}`)}`;

const copy = find("copy");
copy.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(command.textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  } catch {
    getSelection().selectAllChildren(command); // to be copied by hand
  }
});
