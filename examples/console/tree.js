// Topics as a tree of their segments. A level is read when it is opened, a page
// at a time. One stop of the tab key; within it the arrow keys, as the ARIA
// pattern of a tree has it.

import { element, find } from "../shared/page.js";
import { list } from "./api.js";
import { Level } from "./level.js";
import { visible } from "./text.js";

const tree = find("tree");
const said = find("tree-says");
let onOpen = () => {};
let opened; // the topic that is marked
const rows = new WeakMap(); // element of an item: its Row

// -- rows --------------------------------------------------------------------

class Row {
  isOpen = false;
  below = new Map(); // segment: Row
  error; // why the last page was not read
  #level;
  #reading = false;
  #more; // the Row that stands for what has not been read

  // `path` is a topic or what topics begin with; the root's is "".
  constructor(path, name, parent) {
    this.path = path;
    this.parent = parent;
    this.group = element("ul", "");
    this.#level = new Level(path, list);
    if (parent) {
      this.depth = (parent.depth ?? 0) + 1;
      this.#makeItem(name);
    }
  }

  #makeItem(name) {
    this.name = element("bdi", "", visible(name));
    this.item = element("li", "", "", element("div", "row", "", this.name), this.group);
    this.group.role = "group";
    this.group.hidden = true;
    this.item.role = "treeitem";
    this.item.ariaLevel = this.depth;
    this.item.ariaSelected = String(this.path === opened);
    this.item.tabIndex = -1;
    this.item.style.setProperty("--depth", this.depth);
    rows.set(this.item, this);
  }

  setKind({ isTopic, isParent }) {
    this.isTopic = isTopic;
    this.isParent = isParent;
    this.item.classList.toggle("topic", isTopic);
    this.item.ariaExpanded = isParent ? String(this.isOpen) : null;
    this.item.ariaLabel = this.name.textContent + (isTopic ? "" : ", no topic itself");
  }

  async open() {
    this.isOpen = true;
    if (this.item) {
      this.group.hidden = false;
      this.item.ariaExpanded = "true";
    }
    if (this.below.size === 0) {
      await this.read();
    }
  }

  close() {
    this.isOpen = false;
    this.group.hidden = true;
    this.item.ariaExpanded = "false";
  }

  // The next page; resolves to whether there was something in it. What goes
  // wrong is said, and may be tried again.
  async read() {
    if (this.#reading) {
      return false;
    }
    this.#reading = true;
    try {
      const changed = await this.#level.next();
      this.error = undefined;
      this.#show(changed);
      said.textContent = this.#emptyText();
      return changed.size > 0;
    } catch (error) {
      this.error = error;
      said.textContent = `Not read: ${error.message}`;
      this.#showMore();
      return false;
    } finally {
      this.#reading = false;
    }
  }

  #emptyText() {
    return this.below.size > 0 || this.#level.more ? ""
      : this.parent ? "Nothing is there any more: read the list again." : "No topics yet.";
  }

  #show(changed) {
    for (const name of changed) {
      if (!this.below.has(name)) {
        const path = this.parent ? `${this.path}/${name}` : name;
        const row = new Row(path, name, this);
        this.below.set(name, row);
        this.group.append(row.item);
      }
      this.below.get(name).setKind(this.#level.names.get(name));
    }
    this.#showMore();
  }

  #showMore() {
    const old = this.#more?.item;
    const next = old?.nextElementSibling ?? old?.previousElementSibling;
    const hadFocus = old !== undefined && document.activeElement === old;
    old?.remove();
    this.#more = this.#level.more ? new More(this) : undefined;
    if (this.#more) {
      this.group.append(this.#more.item);
    }
    if (hadFocus) {
      focus(next ?? this.#more?.item ?? firstItem());
    }
  }
}

// "more …" at the end of a level.
class More extends Row {
  constructor(parent) {
    super("", "more …", parent);
    this.setKind({ isTopic: false, isParent: false });
    this.item.ariaLabel = "more …";
    this.item.classList.add("more");
  }

  act() {
    return this.parent.read();
  }
}

// -- what is chosen ----------------------------------------------------------

let root = new Row("", "", undefined);

const firstItem = () => tree.querySelector("[role=treeitem]");

// The items that are to be seen, from top to bottom.
const visibleItems = () => Array.from(tree.querySelectorAll("[role=treeitem]"))
  .filter((item) => !item.parentElement.closest("[role=group][hidden]"));

function setStop(item) {
  for (const old of tree.querySelectorAll("[tabindex='0']")) {
    old.tabIndex = -1;
  }
  if (item) {
    item.tabIndex = 0;
  }
}

function focus(item) {
  setStop(item);
  item?.focus();
}

// Enter, or a click: opens the topic, else what is below.
function act(row) {
  if (row instanceof More) {
    return row.act();
  }
  if (row.isTopic) {
    return onOpen(row.path);
  }
  return row.isOpen ? row.close() : row.open();
}

export function markOpened(topic) {
  opened = topic;
  for (const item of tree.querySelectorAll("[role=treeitem]")) {
    item.ariaSelected = String(rows.get(item).path === topic);
  }
}

// -- keys and clicks ---------------------------------------------------------

function right(row, items) {
  if (row.isParent && !row.isOpen) {
    row.open();
  } else if (row.isOpen) {
    focus(items[items.indexOf(row.item) + 1] ?? row.item);
  }
}

function left(row) {
  if (row.isOpen) {
    row.close();
  } else if (row.parent.item) {
    focus(row.parent.item);
  }
}

function key(event) {
  const row = rows.get(event.target);
  const items = visibleItems();
  const at = items.indexOf(event.target);
  const does = {
    ArrowDown: () => focus(items[at + 1] ?? items[at]),
    ArrowUp: () => focus(items[at - 1] ?? items[at]),
    Home: () => focus(items[0]),
    End: () => focus(items.at(-1)),
    ArrowRight: () => right(row, items),
    ArrowLeft: () => left(row),
    Enter: () => act(row),
    " ": () => act(row),
  }[event.key];
  if (row && does && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    does();
  }
}

function click(event) {
  const item = event.target.closest("[role=treeitem]");
  const row = rows.get(item);
  if (!row) {
    return;
  }
  focus(item);
  const isTwisty = event.target.classList.contains("row") &&
    event.offsetX < parseFloat(getComputedStyle(event.target).paddingLeft);
  if (isTwisty && row.isParent) {
    row.isOpen ? row.close() : row.open();
  } else {
    act(row);
  }
}

// -- the whole ---------------------------------------------------------------

let refreshed = Promise.resolve();

// Reads the list anew; what was open is opened again, as far as it was read.
// While nginx does not answer, the old list stays.
export function refresh() {
  refreshed = refreshed.then(readAll, readAll);
  return refreshed;
}

async function readAll() {
  const anew = new Row("", "", undefined);
  await readAgain(anew, root);
  if (anew.error) {
    return;
  }
  const hadFocus = tree.contains(document.activeElement);
  const stop = rows.get(tree.querySelector("[tabindex='0']"))?.path;
  root = anew;
  tree.replaceChildren(...root.group.children);
  root.group = tree;
  const same = visibleItems().find((item) => rows.get(item).path === stop);
  (hadFocus ? focus : setStop)(same ?? firstItem());
}

async function readAgain(row, old) {
  await row.open();
  while (row.below.size < old.below.size && await row.read());
  for (const [name, was] of old.below) {
    const now = row.below.get(name);
    if (was.isOpen && now?.isParent) {
      await readAgain(now, was);
    }
  }
}

// `open(topic)` is called for what the operator chooses.
export function startTree(open) {
  onOpen = open;
  tree.addEventListener("keydown", key);
  tree.addEventListener("click", click);
  find("tree-again").addEventListener("click", refresh);
}
