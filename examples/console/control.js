// Live sessions, as docs/http.md has them: the location ../control/.

import { ask, askJson } from "./api.js";

const CONTROL = new URL("../control/", location.href);
const MOST_LISTED = 1000; // of one answer
const MOST_ANSWERS = 20; // of a page, where the server can't choose

function urlOf(path, query = {}) {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return new URL(path + (pairs.length ? `?${pairs.join("&")}` : ""), CONTROL);
}

// {sessions, more, missing}: a page behind the id `after`. `filter`: {name: value}.
// The server does not choose by address: then what does not begin with it is left
// out here, and `after` of the answer is the last id that was looked at.
export async function list({ address, ...filter }, after, limit) {
  if (address === undefined) {
    const page = await askJson(urlOf("sessions", { ...filter, after, limit }));
    return { ...page, after: page.sessions.at(-1)?.id };
  }
  const found = { sessions: [], more: true, missing: [], after };
  for (let n = 0; found.more && n < MOST_ANSWERS && found.sessions.length < limit; n++) {
    const page = await list(filter, found.after, MOST_LISTED);
    const fitting = page.sessions.filter((one) => one.address.startsWith(address));
    const taken = fitting.slice(0, limit - found.sessions.length);
    found.sessions.push(...taken);
    found.missing = page.missing;
    found.more = page.more || taken.length < fitting.length;
    found.after = taken.length < fitting.length ? taken.at(-1).id : page.after ?? found.after;
  }
  return found;
}

export const session = (id) => askJson(urlOf(`sessions/${id}`));

// {subscriptions, more, missing}: a page behind the selector `after`.
export const subscriptions = (id, after, limit) =>
  askJson(urlOf(`sessions/${id}/subscriptions`, { after, limit }));

// {closed}, or {closed, missing}: that will be done as soon as those go on.
export async function close(id, code, reason) {
  const answer = await ask(urlOf(`sessions/${id}`, { code, reason }), { method: "DELETE" });
  return answer.json();
}
