// The HTTP API.

/**
 * @typedef {{concept: string, weight: number}} Weighted
 * @typedef {{concept: string, probability: number}} Probable
 * @typedef {{concept: string, strength: number}} Fired
 * @typedef {{concept: string, query_weight: number, weight: number, contribution: number,
 *   fired: Fired[]}} Part
 * @typedef {{id: string, path: string, score: number, match: boolean, cosine: number | null,
 *   columns: Record<string, any>, thumbnail: string | null, shows: Probable[], concepts: Weighted[],
 *   explanation: {base: number, rest: number, parts: Part[]}}} Hit
 * @typedef {{query: string, matches: number, took_ms: number, cursor: string | null,
 *   notes: string[], hits: Hit[]}} Answer
 * @typedef {{concept: string, images: number}} Counted
 */

/** An error of the server, or status 0 if it did not respond. */
export class Problem extends Error {
  /** @param {{status: number, detail?: string, hint?: string, at?: number, query?: string}} body */
  constructor(body) {
    super(body.detail ?? `the server answered ${body.status}`);
    this.status = body.status;
    this.hint = body.hint ?? "";
    this.at = body.at ?? null;
    this.query = body.query ?? null;
  }

  /** Whether a retry may help: no response, or one that says the server is overloaded or failed. */
  get isUnavailable() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
async function ask(path, init = {}) {
  let response = null;
  let body;
  try {
    response = await fetch(path, { ...init, headers: { Accept: "application/json" } });
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const status = response?.ok ? 0 : (response?.status ?? 0);
    const detail = response ? "the response is broken" : "the server does not respond";
    throw new Problem({ status, detail });
  }
  if (!response.ok) throw new Problem({ ...body, status: response.status });
  return body;
}

/** @param {Record<string, any>} values */
function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}

const one = encodeURIComponent;

export const info = () => ask("/v1/info");

/** @returns {Promise<Answer>} */
export const search = (values, signal) => ask(`/v1/search?${query(values)}`, { signal });

export const facets = (q, limit, signal) => ask(`/v1/facets?${query({ q, limit })}`, { signal });

export const concepts = (prefix, limit, signal) =>
  ask(`/v1/concepts?${query({ prefix, limit })}`, { signal });

export const image = (id, signal) => ask(`/v1/images/${one(id)}`, { signal });

/** @returns {Promise<Answer>} */
export const similar = (id, limit, signal) =>
  ask(`/v1/images/${one(id)}/similar?${query({ limit })}`, { signal });

export const explain = (q, id, signal) => ask(`/v1/explain?${query({ q, image: id })}`, { signal });

export const upload = (id, signal) => ask(`/v1/uploads/${one(id)}`, { signal });

/** @param {File} file */
export function sendUpload(file) {
  const body = new FormData();
  body.append("file", file);
  return ask("/v1/uploads", { method: "POST", body });
}

/** Attributes of a thumbnail for screens of different density. @param {string} thumbnail */
export const sizes = (thumbnail) => ({
  src: `${thumbnail}?size=256`,
  srcset: `${thumbnail}?size=256 256w, ${thumbnail}?size=512 512w`,
});
