// A photo of the grid: the picture, why it was found, and what it is said to show.

import { asked, barList, shown } from "./bars.js";
import { sizes } from "./api.js";
import { fileName, h } from "./dom.js";
import { urlFor } from "./state.js";

/**
 * The look of all tiles of one search.
 * @typedef {{sign: (concept: string) => number, lines: number, asked: number}} Look
 * lines: number of bars on a tile; asked: the contribution that fills a bar.
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
      "aria-label": [fileName(hit.path), words(hit).join(", ")].filter(Boolean).join(": "),
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

/** @param {import("./api.js").Hit} hit */
const words = (hit) => hit.shows.slice(0, 3).map(({ concept }) => concept);

/** A thumbnail, or what the photo shows if there is no file. @param {import("./api.js").Hit} hit */
export function picture(hit) {
  const placeholder = () =>
    h(
      "span",
      { class: "placeholder", "aria-hidden": "true" },
      words(hit).map((word) => h("span", {}, word)),
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
  const telling = hit.match ? parts.filter((part) => part.contribution > 0) : [...parts].reverse();
  const bars = asked(telling, look.asked).slice(0, look.lines);
  const named = new Set(bars.map(({ concept }) => concept));
  const rest = hit.shows.filter(({ concept }) => !named.has(concept));
  const first = bars.slice(0, look.lines - (rest.length ? 1 : 0));
  return [...first, ...shown(rest)].slice(0, look.lines);
}
