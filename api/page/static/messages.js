// Messages shown instead of photos: nothing found, nothing indexed, no server, no token.

import { byId, h } from "./dom.js";
import { relaxed } from "./query.js";
import { current, urlFor } from "./state.js";

const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 30_000;

const panel = byId("message");
let timer = 0;
let wait = FIRST_WAIT;

function say(title, ...content) {
  panel.replaceChildren(h("h2", {}, title), ...content.filter(Boolean));
  panel.hidden = false;
}

export function clearMessage() {
  clearTimeout(timer);
  panel.hidden = true;
  panel.replaceChildren();
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
    links.length ? h("p", {}, "Remove a condition:") : h("p", {}, "Try another word."),
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

/** The server requires a token. */
export function tokenRequired() {
  clearMessage();
  say(
    "This server requires a token",
    h(
      "form",
      { action: "/", method: "get" },
      h("input", {
        type: "password",
        autocomplete: "current-password",
        name: "token",
        "aria-label": "Token",
        required: true,
      }),
      h("button", { class: "button", type: "submit" }, "Enter"),
    ),
  );
}

/**
 * The server is unavailable: try again, with growing pauses.
 * @param {import("./api.js").Problem} problem
 * @param {() => void} again
 */
export function unavailable(problem, again) {
  clearMessage();
  say(
    "The server is not available",
    h("p", {}, `${problem.message}. The page retries automatically.`),
    h("p", {}, h("button", { type: "button", class: "button", onclick: again }, "Try now")),
  );
  timer = setTimeout(again, wait);
  wait = Math.min(LONGEST_WAIT, wait * 2);
}

/** Start again with the shortest pause. */
export function resetRetry() {
  wait = FIRST_WAIT;
}

/** Any other error of the server. @param {import("./api.js").Problem} problem */
export function refused(problem) {
  clearMessage();
  say("The request failed", h("p", {}, problem.message, problem.hint ? ` – ${problem.hint}` : ""));
}
