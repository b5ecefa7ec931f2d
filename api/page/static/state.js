// The state of the page, stored in the URL: ?q=dog -person&image=ID&near=1&rank=dense

/** @typedef {{q: string, image: string | null, near: boolean, rank: string}} State */

const RANKS = ["auto", "concept", "dense", "rrf"];

/** @param {string | URL} url @returns {State} */
export function parse(url) {
  const values = new URL(url, location.href).searchParams;
  const rank = values.get("rank") ?? "auto";
  return {
    q: values.get("q") ?? "",
    image: values.get("image") || null,
    near: values.get("near") === "1",
    rank: RANKS.includes(rank) ? rank : "auto",
  };
}

/** @returns {State} */
export const current = () => parse(location.href);

/** The URL of the current state with changes. @param {Partial<State>} change */
export function urlFor(change) {
  const state = { ...current(), ...change };
  const values = new URLSearchParams();
  if (state.q.trim()) values.set("q", state.q.trim());
  if (state.near) values.set("near", "1");
  if (state.rank !== "auto") values.set("rank", state.rank);
  if (state.image) values.set("image", state.image);
  const text = values.toString();
  return text ? `/?${text}` : "/";
}

/** @type {(state: State, again: boolean) => void} */
let listener = () => {};

/** Set the listener for changes; `again` is true if the back button restores a state. */
export function listen(/** @type {typeof listener} */ to) {
  listener = to;
}

/**
 * Go to another state.
 * @param {Partial<State>} change
 * @param {{replace?: boolean}} [options] replace: without an entry in the history
 */
export function go(change, { replace = false } = {}) {
  const url = urlFor(change);
  if (url === location.pathname + location.search) replace = true;
  if (replace) history.replaceState(history.state, "", url);
  else history.pushState({ inside: true }, "", url);
  listener(current(), false);
}

/** Close the photo: go back if it was opened on this page, so that back does not open it again. */
export function leavePhoto() {
  if (history.state?.inside) history.back();
  else go({ image: null });
}

addEventListener("popstate", () => listener(current(), true));

// Links within the page change the state without loading it again.
addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest?.("a[data-local]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
    return;
  event.preventDefault();
  go(parse(/** @type {HTMLAnchorElement} */ (link).href));
});
