// Completions of the word at the caret: concepts, columns, values of a column.

import * as api from "./api.js";
import { quote } from "./query.js";

const MOST = 8;
const VALUES = 200;

/** @typedef {{text: string, insert: string, note?: string, images?: number}} Option */

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
  if (column) return valuesOf(column, typed);
  const { concepts } = await api.concepts(typed, MOST, signal);
  const named = typed && !lead ? Object.keys(columns).filter((name) => name.startsWith(typed)) : [];
  return [
    ...named.map((name) => ({ text: `${name}:`, insert: `${name}:`, note: "column" })),
    ...concepts.map(({ concept, images }) => ({
      text: concept,
      insert: `${lead}${quote(concept)} `,
      images,
    })),
  ].slice(0, MOST);
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
