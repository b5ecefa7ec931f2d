// What stands where there are no photos to show: nothing found, nothing indexed, no server, no key.

import { byId, h } from "./dom.js";
import { relaxed } from "./query.js";
import { current, urlFor } from "./state.js";

const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 30_000;

const place = byId("message");
let timer = 0;
let wait = FIRST_WAIT;

function say(title, ...content) {
  place.replaceChildren(h("h2", {}, title), ...content.filter(Boolean));
  place.hidden = false;
}

export function clearMessage() {
  clearTimeout(timer);
  place.hidden = true;
  place.replaceChildren();
}

/** The query found nothing. @param {string} q */
export function nothingFound(q) {
  clearMessage();
  const links = relaxed(q).map((way) =>
    h(
      "li",
      {},
      h(
        "a",
        { class: "button", href: urlFor({ q: way.query }), "data-local": true },
        "without ",
        h("b", {}, way.without),
      ),
    ),
  );
  say(
    "No photo matches",
    links.length ? h("p", {}, "Ask for less:") : h("p", {}, "Try another word for it."),
    links.length ? h("ul", { role: "list", class: "ways" }, links) : null,
    current().near
      ? null
      : h(
          "p",
          {},
          h("a", { href: urlFor({ near: true }), "data-local": true }, "Show near misses"),
        ),
  );
}

export function nothingIndexed() {
  clearMessage();
  say(
    "No photos yet",
    h("p", {}, "Index some, then reload this page:"),
    h("pre", {}, "splicedex index --index photos.idx ~/Pictures"),
  );
}

/** The server wants a key. */
export function keyWanted() {
  clearMessage();
  say(
    "This server asks for a key",
    h(
      "form",
      { action: "/", method: "get" },
      h("input", {
        type: "password",
        autocomplete: "current-password",
        name: "token",
        "aria-label": "Key",
        required: true,
      }),
      h("button", { class: "button", type: "submit" }, "Enter"),
    ),
  );
}

/**
 * The server cannot answer: try again after a while, longer each time.
 * @param {import("./api.js").Problem} problem
 * @param {() => void} again
 */
export function away(problem, again) {
  clearMessage();
  say(
    "The server is away",
    h("p", {}, `${problem.message}. Trying again by itself.`),
    h("p", {}, h("button", { type: "button", class: "button", onclick: again }, "Try now")),
  );
  timer = setTimeout(again, wait);
  wait = Math.min(LONGEST_WAIT, wait * 2);
}

export function back() {
  wait = FIRST_WAIT;
}

/** Anything else the server refused. @param {import("./api.js").Problem} problem */
export function refused(problem) {
  clearMessage();
  say("That did not work", h("p", {}, problem.message, problem.hint ? ` – ${problem.hint}` : ""));
}
