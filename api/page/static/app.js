// The page: reads the state from the URL and shows the photos of its query.

import * as api from "./api.js";
import { byId, count, counted, h } from "./dom.js";
import { clearFacets, showFacets } from "./facets.js";
import { Grid } from "./grid.js";
import { showImageQuery } from "./image-query.js";
import * as messages from "./messages.js";
import { startPhoto } from "./photo.js";
import { exact, learn, read, signs } from "./query.js";
import { clearError, setQuery, showError, startSearchBox } from "./search-box.js";
import { current, go, listen } from "./state.js";
import { setColumns } from "./suggestions.js";
import { startUploads } from "./upload.js";

const PAGE = 60;
const AHEAD = "1500px";
const REMEMBERED = 8;
const RETRY = 3_000;
const NEXT = 5;

const grid = new Grid(byId("grid"));
const summary = byId("summary");
const notes = byId("notes");

/** Results loaded so far. @typedef {{key: string, answer: any, hits: any[], scroll: number}} Found */
/** @type {Found} */
let found = { key: "", answer: null, hits: [], scroll: 0 };
/** Earlier results by query, so that the back button restores them with their scroll position. */
const earlier = new Map();
let collection = { images: 0, columns: {} };
let asking = new AbortController();
let loading = false;

const keyOf = ({ q, near, rank }) => JSON.stringify([q, near, rank]);

const asked = ({ q, near, rank }) => ({
  q,
  limit: PAGE,
  near: near || null,
  rank: rank === "auto" ? null : rank,
});

function positionOf(id) {
  const { answer, hits } = found;
  const index = hits.findIndex((hit) => hit.id === id);
  if (index > hits.length - NEXT) more(true);
  return { index, hits, matches: answer?.matches ?? 0 };
}

const photo = startPhoto(positionOf, (id) => {
  const { index } = positionOf(id);
  if (index >= 0) grid.focus(index);
});

function show(state, again = false) {
  setQuery(state.q);
  byId("near").checked = state.near;
  byId("rank").value = state.rank;
  document.title = state.q ? `${state.q} · splicedex` : "splicedex";
  const results = keyOf(state) === found.key ? Promise.resolve() : search(state, again);
  photo.show(state.image, results);
}

async function search(state, again) {
  remember();
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const key = keyOf(state);
  const kept = again ? earlier.get(key) : undefined;
  const mine = kept ?? { key, answer: null, hits: [], scroll: 0 };
  found = mine;
  clearError();
  messages.clearMessage();
  stale(false);
  const card = showImageQuery(state.q, signal);
  busy(!kept);
  if (kept) return present(state, signal);
  try {
    // The card of the query image is above the photos: show both together, so that nothing jumps.
    const [answer] = await Promise.all([api.search(asked(state), signal), card]);
    Object.assign(mine, { answer, hits: [...answer.hits] });
    messages.resetRetry();
    present(state, signal);
  } catch (error) {
    if (error.name !== "AbortError") fail(error, state);
  } finally {
    if (!signal.aborted) busy(false);
  }
}

function remember() {
  if (!found.answer) return;
  earlier.delete(found.key);
  earlier.set(found.key, { ...found, scroll: scrollY });
  if (earlier.size > REMEMBERED) earlier.delete(earlier.keys().next().value);
}

function present(state, signal) {
  const { answer, hits, scroll } = found;
  learn(state.q, answer.reading);
  grid.show(hits, state.near ? null : answer.matches, signs(exact(state.q)));
  scrollTo(0, scroll);
  summarise(state, answer);
  if (!hits.length) {
    if (collection.images) messages.nothingFound(exact(state.q));
    else messages.nothingIndexed();
  }
  showFacets(exact(state.q), signal);
  queueMicrotask(() => more());
}

function summarise(state, { matches, took_ms, notes: texts }) {
  const ranked = read(exact(state.q)).parts.some(({ kind }) => kind === "like" || kind === "text");
  const some = ranked
    ? `${counted(matches, "photo")}, nearest first`
    : `${count(matches)} of ${counted(collection.images, "photo")}`;
  const took = `${took_ms < 10 ? took_ms.toFixed(1) : count(Math.round(took_ms))} ms`;
  summary.textContent = state.q ? `${some} · ${took}` : counted(matches, "photo");
  notes.replaceChildren(...texts.map((note) => h("li", {}, note)));
  notes.hidden = !texts.length;
}

function fail(problem, state) {
  if (problem.isUnavailable === undefined) throw problem;
  found = { key: keyOf(state), answer: null, hits: [], scroll: 0 };
  if (state.q && !problem.isUnavailable && problem.status !== 401) {
    stale(true);
    showError(problem, state.q);
    return;
  }
  grid.show([], 0, () => 0);
  clearFacets();
  summary.textContent = "";
  notes.hidden = true;
  if (problem.status === 401) messages.tokenRequired();
  else if (problem.isUnavailable) messages.unavailable(problem, () => start());
  else messages.refused(problem);
}

/** Dim the photos of the last query while the current one has an error. */
function stale(is) {
  document.querySelector(".columns").classList.toggle("stale", is);
}

/** Show that an image is being encoded; the first one takes a while. */
function reading(is) {
  busy(is);
  if (is) summary.textContent = "Reading the image …";
}

function busy(is) {
  byId("progress").hidden = !is;
  byId("grid").setAttribute("aria-busy", String(is));
}

/** Fetch the next page when the end of this one is near. */
async function more(isNear = endIsNear) {
  const { answer } = found;
  if (loading || !answer?.cursor || !isNear) return;
  loading = true;
  const asker = found;
  try {
    const next = await api.search({ ...asked(current()), cursor: answer.cursor }, asking.signal);
    if (found !== asker) return;
    found.answer = { ...answer, cursor: next.cursor };
    found.hits.push(...next.hits);
    grid.append(next.hits);
  } catch (error) {
    if (error.name !== "AbortError") setTimeout(() => more(), RETRY);
    return;
  } finally {
    loading = false;
  }
  requestAnimationFrame(() => requestAnimationFrame(() => more()));
}

let endIsNear = false;
new IntersectionObserver(
  ([entry]) => {
    endIsNear = entry.isIntersecting;
    more();
  },
  { rootMargin: AHEAD },
).observe(byId("end"));

byId("near").addEventListener("change", (event) => go({ near: event.target.checked }));
byId("rank").addEventListener("change", (event) => go({ rank: event.target.value }));

let started = false;

async function start() {
  try {
    collection = await api.info();
  } catch (problem) {
    fail(problem, current());
    return;
  }
  if (!started) {
    started = true;
    setColumns(collection.columns);
    if (collection.encodes_images) {
      startUploads({ busy: reading, refused: (problem) => showError(problem, current().q) });
    }
    listen(show);
  }
  found.key = "";
  show(current());
}

history.scrollRestoration = "manual";
startSearchBox(() => grid.focus());
start();
