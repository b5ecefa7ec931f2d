// A photo of the grid: the picture, and the concepts that explain it.

import { asked, barList, own } from "./bars.js";
import { sizes } from "./api.js";
import { fileName, h } from "./dom.js";
import { urlFor } from "./state.js";

const LEAST = 0.005;

/**
 * The look of all tiles of one search.
 * @typedef {{sign: (concept: string) => number, lines: number, asked: number, own: number}} Look
 * lines: number of bars on a tile; asked, own: the values that fill a bar.
 */

/**
 * @param {import("./api.js").Hit} hit
 * @param {Look} look
 */
export function tile(hit, look) {
  const link = h(
    "a",
    {
      class: "picture",
      href: urlFor({ image: hit.id }),
      "data-local": true,
      tabindex: -1,
      title: hit.path,
      "aria-label": [fileName(hit.path), words(hit)].filter(Boolean).join(": "),
    },
    picture(hit),
  );
  return h(
    "li",
    { class: hit.match ? "tile" : "tile miss" },
    link,
    barList(because(hit, look), look.sign),
  );
}

const words = (hit) =>
  hit.concepts
    .slice(0, 3)
    .map(({ concept }) => concept)
    .join(", ");

/** A thumbnail, or the heaviest concepts if there is no file. @param {import("./api.js").Hit} hit */
export function picture(hit) {
  const placeholder = () =>
    h(
      "span",
      { class: "placeholder", "aria-hidden": "true" },
      hit.concepts.slice(0, 3).map(({ concept }) => h("span", {}, concept)),
    );
  if (!hit.thumbnail) return placeholder();
  const image = h("img", {
    ...sizes(hit.thumbnail),
    sizes: "(max-width: 720px) 50vw, 280px",
    alt: "",
    width: 256,
    height: 192,
    loading: "lazy",
    decoding: "async",
    draggable: "false",
  });
  image.addEventListener("error", () => image.replaceWith(placeholder()));
  return image;
}

/** The bars of a tile: parts of the query first; for a near miss, the worst part first. */
function because(hit, look) {
  const { parts } = hit.explanation;
  const shown = hit.match ? parts.filter((part) => part.contribution > 0) : [...parts].reverse();
  const bars = asked(shown, look.asked);
  const named = new Set([...parts, ...bars].map(({ concept }) => concept));
  const rest = hit.concepts.filter(({ concept, weight }) => weight >= LEAST && !named.has(concept));
  const first = bars.slice(0, look.lines - (rest.length ? 1 : 0));
  return [...first, ...own(rest, look.own)].slice(0, look.lines);
}
