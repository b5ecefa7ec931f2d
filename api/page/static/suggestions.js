// Completions of the word at the caret: concepts, shows:, columns, values of a column.

import * as api from "./api.js";
import { quote } from "./query.js";

const MOST = 8;
const VALUES = 200;

/** @typedef {{text: string, insert: string, note?: string, images?: number}} Option */

/** Completed like a column, but its values are concepts. */
const SHOWS = "shows";

/** @type {Record<string, string>} */
let columns = {};
/** @type {Promise<Record<string, {value: any, images: number}[]>> | null} */
let values = null;

/** @param {Record<string, string>} kinds columns with their types */
export function setColumns(kinds) {
  columns = kinds;
}

/**
 * The word at the end of a text: its start, its column, the operators before it, its letters.
 * @param {string} before the query up to the caret
 */
export function wordAtEnd(before) {
  const isQuoted = before.replace(/\\./g, "").split('"').length % 2 === 0;
  const pattern = isQuoted
    ? /(?<=^|[\s(])(?:([^\s()"<>^:=]+):)?([+-]?=?)"([^"\\]*)$/
    : /(?<=^|[\s(])(?:([^\s()"<>^:=]+):)?([+-]?=?)([^\s()"<>^:=]*)$/;
  const match = pattern.exec(before);
  if (!match) return null;
  const [, column = "", lead, typed] = match;
  return { start: match.index, column, lead, typed };
}

/**
 * @param {NonNullable<ReturnType<typeof wordAtEnd>>} word
 * @param {AbortSignal} signal
 * @returns {Promise<Option[]>} at most 8
 */
export async function suggestionsFor({ column, lead, typed }, signal) {
  const isShows = column.replace(/^[+-]/, "") === SHOWS;
  if (column && !isShows) return valuesOf(column, typed);
  const { concepts } = await api.concepts(typed, MOST, signal);
  const before = isShows ? `${column}:` : lead;
  return [
    ...(typed && !lead && !column ? prefixes(typed) : []),
    ...concepts
      .filter(({ images }) => images || !isShows)
      .map(({ concept, images }) => ({
        text: concept,
        insert: `${before}${quote(concept)} `,
        images,
      })),
  ].slice(0, MOST);
}

function prefixes(typed) {
  return [SHOWS, ...Object.keys(columns)]
    .filter((name) => name.startsWith(typed))
    .map((name) => ({
      text: `${name}:`,
      insert: `${name}:`,
      note: name === SHOWS ? "what photos show" : "column",
    }));
}

async function valuesOf(column, typed) {
  if (!(column in columns) || column === "path") return [];
  values ??= api.facets("", VALUES).then((found) => found.columns);
  const known = (await values)[column] ?? [];
  return known
    .filter(({ value }) => String(value).toLowerCase().startsWith(typed.toLowerCase()))
    .map(({ value, images }) => ({
      text: String(value),
      insert: `${column}:${quote(String(value))} `,
      images,
    }))
    .slice(0, MOST);
}
