// The page of one photo.

import * as api from "./api.js";
import { byId, count, fileName, h, icon } from "./dom.js";
import { actions, facts, figure, madeOf, neighbours, shows } from "./photo-parts.js";
import { exact, signs } from "./query.js";
import { current, go, leavePhoto } from "./state.js";
import { why } from "./why.js";

const NEIGHBOURS = 12;

const dialog = byId("photo");
let fetching = new AbortController();

/**
 * @typedef {{index: number, hits: import("./api.js").Hit[], matches: number}} Position
 * @param {(id: string) => Position} positionOf the position of a photo in the results
 * @param {(id: string) => void} closed called with the photo that was shown
 */
export function startPhoto(positionOf, closed) {
  let shown = null;
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    leavePhoto();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way) step(positionOf(shown), way);
  });
  return {
    /**
     * @param {string | null} id null closes
     * @param {Promise<void>} results resolves when the results are there
     */
    show(id, results) {
      if (id === shown && dialog.open === Boolean(id)) return;
      const before = shown;
      shown = id;
      fetching.abort();
      if (!id) {
        dialog.close();
        if (before) closed(before);
        return;
      }
      fetching = new AbortController();
      if (!dialog.open) dialog.showModal();
      fill(
        id,
        results.then(() => positionOf(id)),
        fetching.signal,
      );
    },
  };
}

function step({ index, hits }, way) {
  const next = index < 0 ? undefined : hits[index + way];
  if (next) go({ image: next.id }, { replace: true });
}

async function fill(id, positioned, signal) {
  const title = h("h1", { tabindex: -1 }, "");
  const bar = h(
    "div",
    { class: "photo-head" },
    h(
      "button",
      { type: "button", class: "plain", onclick: () => go({ image: null }) },
      icon("back"),
      "Photos",
    ),
    title,
  );
  const body = h("div", { class: "photo-body" });
  dialog.replaceChildren(bar, body);
  dialog.scrollTop = 0;
  title.focus();
  try {
    const record = await api.image(id, signal);
    title.textContent = fileName(record.path);
    const position = await positioned;
    if (signal.aborted) return;
    bar.append(...steps(position));
    const { q } = current();
    const sign = signs(exact(q));
    const reasons = await why(exact(q), id, position.hits[position.index], signal);
    const near = h("section", { class: "neighbours" });
    body.append(
      h("div", { class: "photo-left" }, figure(record), actions(record), near),
      h(
        "div",
        { class: "photo-right" },
        reasons,
        shows(record, sign),
        madeOf(record, sign),
        facts(record),
      ),
    );
    near.append(...neighbours((await api.similar(id, NEIGHBOURS, signal)).hits, record));
  } catch (error) {
    if (error.name === "AbortError") return;
    body.append(h("p", { class: "message" }, error.message, error.hint ? ` – ${error.hint}` : ""));
  }
}

/** The position of the photo in the results, with buttons for the previous and the next one. */
function steps(position) {
  const { index, hits, matches } = position;
  if (index < 0) return [];
  const nav = (name, label, way) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": label,
        disabled: !hits[index + way],
        onclick: () => step(position, way),
      },
      icon(name),
    );
  return [
    h(
      "span",
      { class: "place" },
      `${count(index + 1)} of ${count(Math.max(matches, hits.length))}`,
    ),
    nav("back", "Previous photo", -1),
    nav("next", "Next photo", 1),
  ];
}
