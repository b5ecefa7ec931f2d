// Sections of the page of a photo.

import { barList, own, shown } from "./bars.js";
import { counted, fileName, h } from "./dom.js";
import { urlFor } from "./state.js";
import { picture } from "./tile.js";

const MADE_OF = 14;
const NAMED = 5;

export function figure(record) {
  const words = record.shows.slice(0, NAMED).map(({ concept }) => concept);
  if (!record.thumbnail) {
    return h(
      "figure",
      { class: "big" },
      h(
        "span",
        { class: "placeholder" },
        words.map((word) => h("span", {}, word)),
      ),
    );
  }
  const { width, height } = record;
  const image = h("img", {
    src: `${record.thumbnail}?size=1024`,
    alt: words.join(", "),
  });
  const frame = h("figure", { class: "big" }, image);
  if (width && height) frame.style.aspectRatio = `${width} / ${height}`;
  return frame;
}

export function actions(record) {
  return h(
    "p",
    { class: "actions" },
    h(
      "a",
      { class: "button", href: urlFor({ q: record.like, image: null }), "data-local": true },
      "Find similar",
    ),
    record.file
      ? h("a", { class: "plain", href: record.file, target: "_blank", rel: "noopener" }, "Original")
      : null,
  );
}

export function madeOf(record, sign) {
  const most = record.concepts[0]?.weight ?? 1;
  const bars = own(record.concepts, most);
  const list = h("div", {}, barList(bars.slice(0, MADE_OF), sign));
  const more =
    bars.length > MADE_OF &&
    h(
      "button",
      {
        type: "button",
        class: "plain",
        onclick: () => {
          list.replaceChildren(barList(bars, sign));
          more.remove();
        },
      },
      `Show all ${bars.length}`,
    );
  return h(
    "section",
    {},
    h("h2", {}, "Decomposition"),
    h(
      "p",
      { class: "quiet-text" },
      `${counted(bars.length, "concept")}, by weight; their sum has a cosine of `,
      h("b", {}, record.cosine.toFixed(2)),
      " with the image.",
    ),
    list,
    more || null,
  );
}

export function shows(record, sign) {
  if (!record.shows.length) return null;
  return h("section", {}, h("h2", {}, "Shows"), barList(shown(record.shows), sign));
}

export function facts(record) {
  const rows = Object.entries(record.columns).filter(
    ([name, value]) => name !== "path" && value !== null,
  );
  if (record.width && !("width" in record.columns))
    rows.push(["size", `${record.width} × ${record.height}`]);
  return h(
    "section",
    {},
    h("h2", {}, "File"),
    h(
      "dl",
      { class: "facts" },
      [["path", record.path], ...rows].flatMap(([name, value]) => [
        h("dt", {}, name),
        h("dd", {}, Array.isArray(value) ? value.join(", ") : String(value)),
      ]),
    ),
  );
}

/**
 * Photos that look like it, with what both are said to show.
 * @param {import("./api.js").Hit[]} hits
 * @param {{shows: import("./api.js").Probable[]}} record
 */
export function neighbours(hits, record) {
  if (!hits.length) return [];
  const here = new Set(record.shows.map(({ concept }) => concept));
  return [
    h("h2", {}, "Looks like it"),
    h(
      "ul",
      { role: "list" },
      hits.map((hit) => {
        const shared = hit.shows.filter(({ concept }) => here.has(concept)).slice(0, 2);
        return h(
          "li",
          {},
          h(
            "a",
            {
              href: urlFor({ image: hit.id }),
              "data-local": true,
              title: hit.path,
              "aria-label": fileName(hit.path),
            },
            picture(hit),
          ),
          h("p", { class: "quiet-text" }, shared.map(({ concept }) => concept).join(", ")),
        );
      }),
    ),
  ];
}
