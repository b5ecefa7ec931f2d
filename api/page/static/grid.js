// The photo grid. Only tiles near the window exist: a million photos need as few elements as fifty.

import { h } from "./dom.js";
import { Layout } from "./layout.js";
import { tile } from "./tile.js";

const AROUND = 600;

export class Grid {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    /** @type {import("./api.js").Hit[]} */
    this.hits = [];
    /** @type {Map<number, HTMLElement>} */
    this.shown = new Map();
    this.heading = h(
      "li",
      { class: "heading" },
      h("h2", {}, "Near misses"),
      h("p", {}, "Close to the query, but not matches."),
    );
    /** Look of all tiles of these results. */
    this.look = { sign: () => 0, asked: 0 };
    this.active = 0;
    this.frame = 0;
    this.layout = new Layout(element.clientWidth, 0, 0);
    const later = () => {
      this.frame ||= requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    };
    addEventListener("scroll", later, { passive: true });
    new ResizeObserver(() => {
      if (element.clientWidth !== this.layout.width) this.resize();
    }).observe(element);
    element.addEventListener("keydown", (event) => this.onKey(event));
    element.addEventListener("focusin", (event) => this.onFocus(event));
  }

  /**
   * Show an answer from its start.
   * @param {import("./api.js").Hit[]} hits
   * @param {number | null} total number of all results; null if unknown
   * @param {(concept: string) => number} sign how the query stands to a concept
   */
  show(hits, total, sign) {
    this.hits = [];
    this.active = 0;
    this.total = total;
    this.look = { sign, asked: largest(hits) };
    this.clear();
    this.append(hits);
  }

  /** @param {import("./api.js").Hit[]} hits */
  append(hits) {
    this.hits.push(...hits);
    this.arrange();
    this.draw();
  }

  /** Keep the photo at the top of the window there when the number of columns changes. */
  resize() {
    const { columns, down } = this.layout;
    const top = this.element.getBoundingClientRect().top;
    const first = Math.floor(-top / down) * columns;
    const focused = this.indexOf(document.activeElement);
    this.clear();
    this.arrange();
    if (first > 0) scrollBy(0, this.layout.position(first).y + top);
    this.draw();
    if (focused >= 0) this.focus(focused);
  }

  arrange() {
    const first = this.hits.findIndex((hit) => !hit.match);
    const matches = first < 0 ? this.hits.length : first;
    const layout = new Layout(this.element.clientWidth, matches, this.hits.length);
    const { style } = this.element;
    style.height = `${layout.height}px`;
    style.setProperty("--picture", `${layout.picture}px`);
    style.setProperty("--across", `${layout.across}px`);
    this.heading.style.transform = `translateY(${layout.headingTop}px)`;
    this.layout = layout;
    if (first < 0) this.heading.remove();
    else this.element.append(this.heading);
  }

  clear() {
    for (const node of this.shown.values()) node.remove();
    this.shown.clear();
  }

  /** Create the tiles near the window and remove the others. */
  draw() {
    const { top } = this.element.getBoundingClientRect();
    const wanted = this.layout.between(-top - AROUND, -top + innerHeight + AROUND);
    const keep = new Set([...wanted, this.indexOf(document.activeElement)]);
    for (const [i, node] of this.shown) {
      if (keep.has(i)) continue;
      node.remove();
      this.shown.delete(i);
    }
    for (const i of wanted) if (!this.shown.has(i)) this.make(i);
  }

  make(i) {
    const node = tile(this.hits[i], { ...this.look, lines: this.layout.lines });
    const { x, y } = this.layout.position(i);
    node.style.transform = `translate(${x}px, ${y}px)`;
    node.dataset.index = String(i);
    node.setAttribute("aria-posinset", String(i + 1));
    node.setAttribute("aria-setsize", String(this.total ?? -1));
    reach(node, i === this.active);
    // In the order of the photos, for Tab and screen readers.
    const after = Math.min(...[...this.shown.keys()].filter((j) => j > i));
    this.element.insertBefore(node, this.shown.get(after) ?? null);
    this.shown.set(i, node);
  }

  indexOf(element) {
    const node = element?.closest?.("#grid > .tile");
    return node ? Number(node.dataset.index) : -1;
  }

  onFocus(event) {
    const i = this.indexOf(event.target);
    if (i < 0 || i === this.active) return;
    const before = this.shown.get(this.active);
    if (before) reach(before, false);
    this.active = i;
    reach(this.shown.get(i), true);
  }

  onKey(event) {
    const i = this.indexOf(event.target);
    if (i < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = this.layout.step(i, event.key);
    if (to === null) return;
    event.preventDefault();
    this.focus(to);
  }

  /** Focus a photo; scroll if needed. */
  focus(i = this.active) {
    if (i >= this.hits.length) return;
    const { down, gap } = this.layout;
    const top = this.element.getBoundingClientRect().top + this.layout.position(i).y;
    const head = document.querySelector("header").offsetHeight + gap;
    if (top < head) scrollBy(0, top - head);
    else if (top + down > innerHeight) scrollBy(0, top + down - innerHeight);
    this.draw();
    this.shown.get(i)?.querySelector("a").focus({ preventScroll: true });
  }
}

/** Only one photo can be reached by Tab; arrow keys reach the others. */
function reach(node, is) {
  for (const one of node.querySelectorAll("a, button")) one.tabIndex = is ? 0 : -1;
}

/** The largest contribution, which fills a bar. */
function largest(hits) {
  const parts = hits.flatMap((hit) => hit.explanation.parts.map((p) => Math.abs(p.contribution)));
  return Math.max(0, ...parts);
}
