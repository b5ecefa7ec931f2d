// Sections of the page of a photo.

import { barList, own } from "./bars.js";
import { counted, fileName, h } from "./dom.js";
import { urlFor } from "./state.js";
import { picture } from "./tile.js";

const MADE_OF = 14;

export function figure(record) {
  if (!record.thumbnail) {
    return h(
      "figure",
      { class: "big" },
      h(
        "span",
        { class: "placeholder" },
        record.concepts.slice(0, 5).map(({ concept }) => h("span", {}, concept)),
      ),
    );
  }
  const { width, height } = record;
  const image = h("img", {
    src: `${record.thumbnail}?size=1024`,
    alt: record.concepts
      .slice(0, 5)
      .map(({ concept }) => concept)
      .join(", "),
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
  const bars = record.shows.map(({ concept, probability }) => ({
    label: concept,
    concept,
    value: probability,
    number: `${Math.round(probability * 100)}%`,
    kind: "own",
  }));
  return h(
    "section",
    {},
    h("h2", {}, "Shows"),
    barList(bars, sign),
  );
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
 * Photos that look like it, with the concepts they share.
 * @param {import("./api.js").Hit[]} hits
 */
export function neighbours(hits) {
  if (!hits.length) return [];
  return [
    h("h2", {}, "Looks like it"),
    h(
      "ul",
      { role: "list" },
      hits.map((hit) => {
        const shared = hit.explanation.parts.filter((part) => part.contribution > 0).slice(0, 2);
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
          h("p", { class: "quiet-text" }, shared.map((part) => part.concept).join(", ")),
        );
      }),
    ),
  ];
}
