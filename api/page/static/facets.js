// The facets: what most of the results are said to show, and values of their columns.

import * as api from "./api.js";
import { pressButtons, signButtons } from "./bars.js";
import { byId, count, h } from "./dom.js";
import { columnSigns, concepts, exact, signs, toggleColumn } from "./query.js";
import { current } from "./state.js";

const FEW = 14;
const MANY = 100;
const VALUES = 8;
const NAME = /^[^\s()"<>^:=+-][^\s()"<>^:=]*$/;

const list = byId("facet-list");

/** @param {string} q @param {AbortSignal} signal */
export async function showFacets(q, signal) {
  list.setAttribute("aria-busy", "true");
  try {
    fill(q, await api.facets(q, MANY, signal));
  } catch (error) {
    if (error.name === "AbortError") return;
    clearFacets();
  }
  list.removeAttribute("aria-busy");
}

export function clearFacets() {
  list.replaceChildren();
}

function fill(q, found) {
  const columns = Object.entries(found.columns).filter(
    ([name, values]) => name !== "path" && NAME.test(name) && values.some((v) => v.images > 1),
  );
  list.replaceChildren(
    ...[
      conceptGroup(q, found),
      ...columns.map(([name, values]) => columnGroup(q, name, values, found.matches)),
    ].filter(Boolean),
  );
}

function conceptGroup(q, found) {
  const sign = signs(q);
  const row = ({ concept, images }) =>
    facet(concept, images, found.matches, signButtons(concept, sign, true), sign(concept));
  const known = new Set(found.concepts.map(({ concept }) => concept));
  const named = concepts(q).filter((concept) => !known.has(concept));
  const first = named.map((concept) => ({ concept, images: null }));
  return group("Shows", [...first, ...distinctive(q, found.concepts)], FEW, row);
}

/** Concepts that distinguish the results from all photos, and from each other, come first. */
function distinctive(q, concepts) {
  if (!q) return concepts;
  const weight = ({ share, lift }) => share * (1 - share) * Math.log(Math.max(lift, 1));
  return [...concepts].sort((one, other) => weight(other) - weight(one));
}

function group(title, all, few, row) {
  if (!all.length) return null;
  const rows = h("ul", { role: "list" }, all.slice(0, few).map(row));
  const more = h(
    "button",
    {
      type: "button",
      class: "plain",
      onclick: () => {
        rows.append(...all.slice(few).map(row));
        more.remove();
      },
    },
    "Show more",
  );
  return h("section", {}, h("h2", {}, title), rows, all.length > few ? more : null);
}

function columnGroup(q, name, values, matches) {
  const sign = columnSigns(q);
  const row = ({ value, images }) => {
    const pressed = sign(name, value);
    const buttons = pressButtons(`${name} ${value}`, pressed, (way) =>
      toggleColumn(exact(current().q), name, value, way),
    );
    return facet(String(value), images, matches, buttons, pressed);
  };
  const shared = values.filter(({ images }) => images > 1).length;
  return group(name, values, Math.min(shared, VALUES), row);
}

function facet(label, images, matches, buttons, pressed) {
  const fill = h("span", { class: "fill" });
  fill.style.width = `${Math.min(100, (100 * images) / (matches || 1))}%`;
  return h(
    "li",
    { class: `bar own ${pressed ? "on" : ""}` },
    h("span", { class: "label", title: label }, label),
    images === null ? null : h("span", { class: "number" }, count(images)),
    buttons,
    h("span", { class: "track", "aria-hidden": "true" }, fill),
  );
}
