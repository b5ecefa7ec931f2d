// A concept as a bar, with buttons that add it to the query or exclude it.

import { go, current } from "./state.js";
import { h, icon, percent } from "./dom.js";
import { exact, toggle } from "./query.js";

/**
 * @typedef {{label: string, concept: string | null, shown?: boolean, value: number, number: string,
 *   kind: string, note?: string, title?: string}} Bar
 * label: text; title: longer text for the tooltip; concept: what + and − add or exclude, null if
 * they cannot; shown: whether they do so by `shows:`; value: length, -1 to 1; number: the value as text; kind: `asked` if it comes from
 * the query, also `named` if the query names it, or `own` if it comes from the image.
 */

/** Contributions below this, such as those to a cosine, are shown with one more digit. */
const FINE = 0.1;

/** Whether a name is a plain concept, not a part of a query such as `NOT dog` or `dog>0.6`. */
const isPlain = (name) => !/^NOT |[<>:^()=]| (AND|OR) /.test(name);

/**
 * What a query found in an image, as bars.
 * @param {import("./api.js").Part[]} parts
 * @param {number} scale the contribution that fills a bar
 * @returns {Bar[]}
 */
export function asked(parts, scale) {
  const digits = scale < FINE ? 3 : 2;
  return parts.map((part) => {
    const named = Boolean(part.fired?.length) || !isPlain(part.concept);
    return {
      ...labelOf(part),
      value: part.contribution / (scale || 1),
      number: signed(part.contribution, digits),
      kind: named ? "asked named" : "asked",
    };
  });
}

/** The label of a part: for a choice, `cat OR dog`, the concept that was found. */
function labelOf({ concept, contribution, fired }) {
  const synonym = fired?.[0]?.concept;
  const said = concept.replace(/^shows:/, "");
  if (said !== concept && isPlain(said)) return { label: said, concept: said, shown: true };
  if (isPlain(concept))
    return { label: concept, note: synonym && synonym !== concept ? `as ${synonym}` : "", concept };
  const isChoice = synonym && contribution > 0 && concept.includes(" OR ") && !/NOT /.test(concept);
  if (isChoice) return { label: synonym, title: `${synonym}, of ${concept}`, concept: synonym };
  return { label: concept.replace(/\bshows:/g, ""), title: concept, concept: null };
}

/**
 * What an image is said to show, as bars.
 * @param {import("./api.js").Probable[]} shows
 * @returns {Bar[]}
 */
export const shown = (shows) =>
  shows.map(({ concept, probability }) => ({
    label: concept,
    concept,
    shown: true,
    value: probability,
    number: percent(probability),
    kind: "own",
  }));

/**
 * The decomposition of an image as bars.
 * @param {import("./api.js").Weighted[]} concepts
 * @param {number} scale
 * @returns {Bar[]}
 */
export const own = (concepts, scale) =>
  concepts.map(({ concept, weight }) => ({
    label: concept,
    concept,
    value: weight / (scale || 1),
    number: weight.toFixed(2),
    kind: "own",
  }));

/** @param {number} number */
export const signed = (number, digits = 2) =>
  `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(digits)}`;

/**
 * @param {Bar[]} bars
 * @param {(concept: string) => number} sign 1 if the query asks for a concept, -1 if it excludes it, 0 otherwise
 */
export function barList(bars, sign) {
  return h(
    "ul",
    { class: "bars", role: "list" },
    bars.map((bar) => barItem(bar, sign)),
  );
}

function barItem(bar, sign) {
  const fill = h("span", { class: bar.value < 0 ? "fill against" : "fill" });
  fill.style.width = `${Math.min(100, Math.abs(bar.value) * 100)}%`;
  return h(
    "li",
    { class: `bar ${bar.kind}` },
    h(
      "span",
      { class: "label", title: `${bar.title ?? bar.label} ${bar.number}` },
      bar.label,
      bar.note ? h("span", { class: "note" }, ` ${bar.note}`) : null,
    ),
    h("span", { class: "number" }, bar.number),
    bar.concept === null ? null : signButtons(bar.concept, sign, bar.shown),
    h("span", { class: "track", "aria-hidden": "true" }, fill),
  );
}

/**
 * Two buttons: ask for a concept, exclude it. They are pressed if the query does so.
 * @param {string} concept
 * @param {(concept: string) => number} sign
 * @param {boolean} [shown] whether they do so by `shows:`
 */
export function signButtons(concept, sign, shown = false) {
  return pressButtons(concept, sign(concept), (way) =>
    toggle(exact(current().q), concept, way, shown));
}

/**
 * @param {string} what
 * @param {number} sign 1, -1 or 0, as in `signButtons`
 * @param {(way: 1 | -1) => string} edited the query after a click
 */
export function pressButtons(what, sign, edited) {
  const button = (way, name, verb) =>
    h(
      "button",
      {
        type: "button",
        class: "sign",
        "aria-label": `${verb} ${what}`,
        title: `${verb} ${what}`,
        "aria-pressed": sign === way ? "true" : "false",
        onclick: () => go({ q: edited(way), image: null }),
      },
      icon(name),
    );
  return h("span", { class: "signs" }, button(1, "plus", "Add"), button(-1, "minus", "Exclude"));
}
