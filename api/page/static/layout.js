// Positions of the photos in the grid. All tiles have one size, so that nothing is measured:
// rows of matches, then a heading and rows of near misses.

const GAP = 20;
const NARROWEST = 208;
const PHONE = 560;
const BAR = 27;
const FOOT = 14;
const HEADING = 64;

export class Layout {
  /**
   * @param {number} width of the grid, in pixels
   * @param {number} matches how many photos match; they come first
   * @param {number} count how many photos there are
   */
  constructor(width, matches, count) {
    const narrow = width < PHONE;
    const fit = Math.floor((width + GAP) / (NARROWEST + GAP));
    this.width = width;
    this.matches = matches;
    this.count = count;
    this.gap = narrow ? 12 : GAP;
    this.columns = Math.max(2, fit);
    /** Bars on a tile. */
    this.lines = narrow ? 3 : 4;
    this.across = (width - this.gap * (this.columns - 1)) / this.columns;
    this.picture = Math.round(this.across * 0.75);
    this.down = this.picture + 8 + this.lines * BAR + FOOT + this.gap;
    const misses = count - matches;
    this.headingTop = this.rows(matches) * this.down;
    this.missesTop = this.headingTop + (misses ? HEADING : 0);
    this.height = this.missesTop + this.rows(misses) * this.down;
  }

  rows(photos) {
    return Math.ceil(photos / this.columns);
  }

  /** The top left corner of photo i. @param {number} i */
  position(i) {
    const isMiss = i >= this.matches;
    const j = isMiss ? i - this.matches : i;
    return {
      x: (j % this.columns) * (this.across + this.gap),
      y: (isMiss ? this.missesTop : 0) + Math.floor(j / this.columns) * this.down,
    };
  }

  /** The photos between two heights. @returns {number[]} */
  between(from, to) {
    return [
      ...this.run(0, this.matches, 0, from, to),
      ...this.run(this.matches, this.count, this.missesTop, from, to),
    ];
  }

  run(start, end, top, from, to) {
    const first = start + Math.max(0, Math.floor((from - top) / this.down)) * this.columns;
    const last = Math.min(end, start + (Math.floor((to - top) / this.down) + 1) * this.columns);
    return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  }

  /** The photo that a key moves to from photo i; null if there is none. */
  step(i, key) {
    const { columns, matches, count } = this;
    const [start, end] = i < matches ? [0, matches] : [matches, count];
    const column = (i - start) % columns;
    const lastRow = start + Math.floor((end - 1 - start) / columns) * columns;
    const within = (to) => Math.max(0, Math.min(count - 1, to));
    switch (key) {
      case "ArrowLeft":
        return within(i - 1);
      case "ArrowRight":
        return within(i + 1);
      case "ArrowDown":
        if (i < lastRow) return Math.min(i + columns, end - 1);
        return within(end === count ? i : end + column);
      case "ArrowUp":
        if (i - columns >= start) return i - columns;
        if (!start) return i;
        return Math.min(start - 1, Math.floor((start - 1) / columns) * columns + column);
      case "Home":
        return 0;
      case "End":
        return count - 1;
      default:
        return null;
    }
  }
}
