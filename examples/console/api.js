// The HTTP API and the status page, as docs/http.md has them. Both are beside the
// page: ../api/ and ../status.
//
// Nothing is read without a limit: a value may be as large as its zone.

const API = new URL("../api/", location.href);
const STATUS = new URL("../status", location.href);
const TIMEOUT_MS = 10_000;
const STATUS_TIMEOUT_MS = 3000;
const MOST_PAGE_BYTES = 4 << 20;
const MOST_ERROR_BYTES = 4096;

// `status` is that of the answer, 0 where there was none: then what was asked for
// may have been done or not.
export class ApiError extends Error {
  constructor(message, status = 0, code = undefined) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

// -- asking ------------------------------------------------------------------

// Rejects with an ApiError, also for an answer that is an error.
export async function ask(url, options = {}, timeout = TIMEOUT_MS) {
  let response;
  try {
    response = await fetch(url, {
      cache: "no-store", ...options, signal: AbortSignal.timeout(timeout),
    });
  } catch {
    throw new ApiError("nginx does not answer");
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

// What the module says, or what nginx's own page of an error comes to.
async function refusal(response) {
  const { status, statusText } = response;
  const plain = `${status} ${statusText}`.trim();
  try {
    const { bytes } = await readUpTo(response, MOST_ERROR_BYTES);
    const { error } = JSON.parse(new TextDecoder().decode(bytes));
    return new ApiError(`${error.message} (${plain})`, status, error.code);
  } catch {
    return new ApiError(plain, status);
  }
}

// {bytes, isWhole}: the first bytes of the body, the rest is not fetched.
async function readUpTo(response, limit) {
  const parts = [];
  let count = 0;
  const reader = response.body?.getReader();
  while (reader && count <= limit) {
    const { done, value } = await reader.read().catch(() => {
      throw new ApiError("the answer broke off");
    });
    if (done) {
      break;
    }
    parts.push(value);
    count += value.length;
  }
  if (count > limit) {
    reader.cancel().catch(() => {});
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { bytes: bytes.subarray(0, limit), isWhole: count <= limit };
}

// What an answer has to say; GET where `options` say nothing else.
export async function askJson(url, { timeout, ...options } = {}) {
  const response = await ask(url, options, timeout);
  const { bytes, isWhole } = await readUpTo(response, MOST_PAGE_BYTES);
  if (!isWhole) {
    throw new ApiError("the answer is too large to be shown");
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ApiError("the answer is not JSON");
  }
}

// -- topics ------------------------------------------------------------------

// Throws an ApiError for what no URI can name; the server refuses the rest.
export function topicUrl(topic, query = "") {
  const segments = topic.split("/");
  if (/\p{Surrogate}/u.test(topic) ||
      segments.some((one) => ["", ".", ".."].includes(one))) {
    throw new ApiError("not a topic: a segment is empty, “.” or “..”");
  }
  return new URL(segments.map(encodeURIComponent).join("/") + query, API);
}

// {topics: [{topic, epoch, seq}], more}
export function list(selector, after = "", limit = 100) {
  const query = Object.entries({ select: selector, after, limit })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return askJson(new URL(`?${query.join("&")}`, API));
}

// {epoch, seq} of the topic; undefined where there is none.
export async function position(topic) {
  topicUrl(topic);
  const { topics } = await list(topic, "", 1);
  return topics.find((one) => one.topic === topic);
}

// {bytes, isWhole, size, type, time} of the topic's value; undefined where it
// has none. `size` is in bytes, NaN where nginx does not say.
export async function value(topic, limit) {
  try {
    const response = await ask(topicUrl(topic));
    const header = (name) => response.headers.get(name);
    return {
      ...await readUpTo(response, limit),
      size: parseInt(header("Content-Length"), 10),
      type: header("Content-Type") ?? "",
      time: Date.parse(header("Last-Modified")),
    };
  } catch (error) {
    if (error.status === 404) {
      return undefined;
    }
    throw error;
  }
}

// {items, isCut}: the newest messages that are kept, oldest first. A page that
// is full has the oldest of those asked for: then fewer are asked for.
export async function history(topic, last) {
  for (let count = last; ; count >>= 1) {
    const page = await askJson(topicUrl(topic, `?last=${count}`));
    if (!page.more || count <= 1) {
      return { items: page.items, isCut: count < last };
    }
  }
}

// {topic, epoch, seq, subscribers}
export async function publish(topic, type, body) {
  const response = await ask(topicUrl(topic), {
    method: "POST", headers: { "Content-Type": type }, body,
  });
  return response.json();
}

export async function remove(topic) {
  await ask(topicUrl(topic), { method: "DELETE" });
}

export const status = () => askJson(STATUS, { timeout: STATUS_TIMEOUT_MS });
