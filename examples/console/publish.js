// Publishing a message, and deleting a topic.

import { find } from "../shared/page.js";
import * as api from "./api.js";
import { visible } from "./text.js";

const [says, send] = ["publish-says", "publish-send"].map(find);

// Where nothing was answered, nobody knows.
const failure = (done, { status, message }) =>
  `${status === 0 ? "Perhaps not" : "Not"} ${done}: ${visible(message)}.`;

// -- publish -----------------------------------------------------------------

async function publish(onChange) {
  const [topic, type, text] = ["publish-topic", "publish-type", "publish-text"]
    .map((id) => find(id).value);
  says.textContent = "";
  send.disabled = true;
  try {
    if (type === "application/json") {
      JSON.parse(text); // says better than the server where it is wrong
    }
    const { epoch, seq, subscribers } = await api.publish(topic, type, text);
    says.textContent = `Published as ${epoch}.${seq}; ${subscribers} subscribers got it.`;
    onChange(topic);
  } catch (error) {
    says.textContent = failure("published", error);
  } finally {
    send.disabled = false;
    if (document.activeElement === document.body) {
      send.focus(); // as it was
    }
  }
}

export function preparePublish(topic) {
  find("publish-topic").value = topic;
  find("publish-title").scrollIntoView({ block: "nearest" });
  find("publish-text").focus();
}

// -- delete ------------------------------------------------------------------

let removing; // the topic that the dialog asks about

export function askToRemove(topic) {
  removing = topic;
  find("remove-topic").textContent = visible(topic);
  find("remove").returnValue = "";
  find("remove").showModal();
}

async function removed(onChange, onError) {
  if (find("remove").returnValue !== "yes") {
    return;
  }
  try {
    await api.remove(removing);
    onChange(removing);
  } catch (error) {
    onError(failure("deleted", error));
  }
}

// `onChange(topic)` is called after the topic was published to or deleted.
export function startPublish(onChange, onError) {
  find("publish-form").addEventListener("submit", (event) => {
    event.preventDefault();
    publish(onChange);
  });
  find("remove").addEventListener("close", () => removed(onChange, onError));
}
