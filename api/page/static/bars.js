// A concept as a bar, with what adds it to the query and what excludes it.

import { go, current } from "./state.js";
import { h, icon } from "./dom.js";
import { toggle } from "./query.js";

/**
 * @typedef {{label: string, concept: string | null, value: number, number: string,
 *   kind: string, note?: string, title?: string}} Bar
 * label: what it says, and title where there is room for more; concept: what + and − would ask for, null where they cannot;
 * value: its length, of -1 to 1; number: the same as text; kind: `asked` where the query put it
 * there, `named` too where the query says it, or `own`, the image's.
 */

/** Contributions below this, such as those to a cosine, are told with one more digit. */
const FINE = 0.1;

/** Concepts that name one thing, rather than a part of a query such as `NOT dog` or `dog>0.6`. */
const isPlain = (name) => !/^NOT |[<>:^()=]| (AND|OR) /.test(name);

/**
 * What a query found in an image, as bars.
 * @param {import("./api.js").Part[]} parts
 * @param {number} scale the contribution as long as a bar can be
 * @returns {Bar[]}
 */
export function asked(parts, scale) {
  const digits = scale < FINE ? 3 : 2;
  return parts.map((part) => {
    const named = Boolean(part.fired?.length) || !isPlain(part.concept);
    return {
      ...told(part),
      value: part.contribution / (scale || 1),
      number: signed(part.contribution, digits),
      kind: named ? "asked named" : "asked",
    };
  });
}

/** What to call a part: of a choice, `cat OR dog`, what was found comes first. */
function told({ concept, contribution, fired }) {
  const kin = fired?.[0]?.concept;
  if (isPlain(concept))
    return { label: concept, note: kin && kin !== concept ? `as ${kin}` : "", concept };
  const isChoice = kin && contribution > 0 && concept.includes(" OR ") && !/NOT /.test(concept);
  if (isChoice) return { label: kin, title: `${kin}, of ${concept}`, concept: kin };
  return { label: concept, concept: null };
}

/**
 * Concepts of an image as bars.
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
 * @param {(concept: string) => number} sign how the query stands to a concept
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
    bar.concept === null ? null : signButtons(bar.concept, sign),
    h("span", { class: "track", "aria-hidden": "true" }, fill),
  );
}

/**
 * One click to ask for a concept, one to exclude it; pressed where the query does.
 * @param {string} concept
 * @param {(concept: string) => number} sign
 */
export function signButtons(concept, sign) {
  return pressButtons(concept, sign(concept), (way) => toggle(current().q, concept, way));
}

/**
 * @param {string} what
 * @param {number} standing
 * @param {(way: 1 | -1) => string} edited the query after a click
 */
export function pressButtons(what, standing, edited) {
  const button = (way, name, verb) =>
    h(
      "button",
      {
        type: "button",
        class: "sign",
        "aria-label": `${verb} ${what}`,
        title: `${verb} ${what}`,
        "aria-pressed": standing === way ? "true" : "false",
        onclick: () => go({ q: edited(way), image: null }),
      },
      icon(name),
    );
  return h("span", { class: "signs" }, button(1, "plus", "Add"), button(-1, "minus", "Exclude"));
}
