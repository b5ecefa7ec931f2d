// The query image (`like:`), and its concepts as chips that edit the query.

import * as api from "./api.js";
import { signButtons } from "./bars.js";
import { byId, fileName, h, icon } from "./dom.js";
import { likePart, signs, withoutImage } from "./query.js";
import { go } from "./state.js";

const CHIPS = 16;
const card = byId("image-query");

/** The last record, so that an edit does not fetch it again. */
/** @type {{name: string | null, record: any}} */
let last = { name: null, record: null };

/** @param {string} q @param {AbortSignal} signal */
export async function showImageQuery(q, signal) {
  const like = likePart(q);
  card.hidden = !like;
  if (!like) return;
  if (last.name !== like.value) {
    card.replaceChildren();
    try {
      const fetchRecord = like.value.startsWith("upload-") ? api.upload : api.image;
      last = { name: like.value, record: await fetchRecord(like.value, signal) };
    } catch {
      card.hidden = true;
      return;
    }
  }
  fill(q, like, last.record);
}

function fill(q, like, record) {
  const sign = signs(q);
  const own = record.concepts.slice(0, CHIPS).map(({ concept }) => concept);
  const added = like.edits.map((edit) => edit.name).filter((name) => !own.includes(name));
  const thumbnail = record.thumbnail ?? (record.like ? `/v1/uploads/${record.id}/thumbnail` : null);
  const name = record.path ? fileName(record.path) : "your image";
  card.replaceChildren(
    thumbnail
      ? h("img", { src: thumbnail, alt: "", width: 112, height: 84 })
      : h("span", { class: "placeholder", "aria-hidden": "true" }, own[0] ?? ""),
    h(
      "div",
      {},
      h("h2", {}, `Like ${name}`),
      h(
        "ul",
        { class: "chips", role: "list" },
        [...added, ...own].map((concept) => chip(concept, sign)),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": "Search without the image",
        onclick: () => go({ q: withoutImage(q) }),
      },
      icon("close"),
    ),
  );
}

function chip(concept, sign) {
  const state = { 1: "added", [-1]: "removed", 0: "" }[sign(concept)];
  return h(
    "li",
    { class: `chip ${state}` },
    h("span", { class: "label" }, concept),
    signButtons(concept, sign),
  );
}
