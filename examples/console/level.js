// What lies below a prefix, one segment deep, a page at a time.
//
// The API lists topics in the order of their bytes. Where a page ends amid what
// lies below one segment, the next begins after all of that: so a prefix with
// three segments and a million topics below them takes a few small requests.

const PAGE_TOPICS = 100; // of one request
const WANTED = 100; // names, until the next page is asked for
const MOST_REQUESTS = 20; // of a page
const MAX_SELECTOR_BYTES = 255;
const LAST = "\u{10ffff}"; // no segment that matters sorts after it

const bytesIn = (text) => new TextEncoder().encode(text).length;

export class Level {
  names = new Map(); // segment: {isTopic, isParent}
  more = true;
  #prefix; // "" or with a slash at its end
  #after = "";
  #list;

  // `list(selector, after, limit)` is that of api.js.
  constructor(path, list) {
    this.#prefix = path === "" ? "" : `${path}/`;
    this.#list = list;
  }

  // Reads the next page; resolves to the names that are new or have changed.
  async next() {
    const changed = new Set();
    const enough = this.names.size + WANTED;
    for (let n = 0; this.more && n < MOST_REQUESTS && this.names.size < enough; n++) {
      const page = await this.#list(this.#selector(), this.#after, PAGE_TOPICS);
      for (const { topic } of page.topics) {
        this.#add(topic, changed);
      }
      this.more = page.more && page.topics.length > 0;
      if (this.more) {
        this.#after = this.#end(page.topics.at(-1).topic);
      }
    }
    return changed;
  }

  #selector() {
    const deep = `${this.#prefix}**`;
    return bytesIn(deep) <= MAX_SELECTOR_BYTES ? deep : `${this.#prefix}*`;
  }

  #add(topic, changed) {
    const [name, ...below] = topic.slice(this.#prefix.length).split("/");
    const known = this.names.get(name) ?? { isTopic: false, isParent: false };
    const now = {
      isTopic: known.isTopic || below.length === 0,
      isParent: known.isParent || below.length > 0,
    };
    if (now.isTopic !== known.isTopic || now.isParent !== known.isParent) {
      changed.add(name);
    }
    this.names.set(name, now);
  }

  // After what the next page begins.
  #end(topic) {
    const [name, ...below] = topic.slice(this.#prefix.length).split("/");
    return below.length > 0 ? `${this.#prefix}${name}/${LAST}` : topic;
  }
}
