// Parses queries as far as buttons edit them. docs/query-language.md has the whole grammar; what is
// not understood here stays as it is, for the server to parse. Queries as people type them are read
// by the server: buttons edit its reading, in the exact language.

/**
 * A top-level part of a query: a concept, shows, like, text, column or group. The name of `shows` is
 * its concept. `like` has edits, parts of their own.
 * @typedef {{kind: string, sign: number, name: string,
 *   value: string, start: number, end: number, edits: Part[], isEdit?: boolean}} Part
 */

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|([()])|(<=|>=|[<>^:=])|([^\s()"<>^:=]+))/y;
const PLAIN = /^[\p{L}\p{N}_*?./~][\p{L}\p{M}\p{N}_*?./~&+#'-]*$/u;
const KEYWORD = /^(and|or|not)$/i;

function tokens(query) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (let match; (match = TOKEN.exec(query));) {
    const [all, quoted, paren, op, word] = match;
    const end = TOKEN.lastIndex;
    const start = end - all.trimStart().length;
    if (quoted !== undefined) {
      found.push({ kind: "value", text: quoted.replace(/\\(.)/g, "$1"), start, end });
    } else if (word === undefined)
      found.push({ kind: paren ?? "op", text: paren ?? op, start, end });
    else if (KEYWORD.test(word)) found.push({ kind: word.toLowerCase(), text: word, start, end });
    else found.push({ kind: "word", text: word, start, end });
  }
  return found;
}

/**
 * The top-level parts of a query, and whether it is a choice (a OR b) of them.
 * @param {string} query
 * @returns {{parts: Part[], choice: boolean}}
 */
export function read(query) {
  const list = tokens(query);
  const parts = [];
  let choice = false;
  let at = 0;
  const isOp = (i, text) => list[i]?.kind === "op" && list[i].text === text;
  const isSigned = (i) =>
    list[i]?.kind === "word" &&
    "+-".includes(list[i].text[0]) &&
    (list[i].text.length > 1 ||
      (list[i + 1]?.start === list[i].end && list[i + 1].kind !== "word"));

  function sign() {
    const token = list[at];
    if (token.text.length > 1) list[at] = { ...token, text: token.text.slice(1) };
    else at += 1;
    return token.text[0] === "-" ? -1 : 1;
  }

  function skipOperators() {
    while (list[at]?.kind === "op" && list[at].text !== ":" && list[at].text !== "=") at += 2;
  }

  function concept(start, way) {
    if (isOp(at, "=")) at += 1;
    const name = list[at]?.text ?? "";
    at += 1;
    skipOperators();
    const end = list[Math.min(at, list.length) - 1].end;
    return { kind: "concept", sign: way, name, value: "", start, end, edits: [] };
  }

  function part(start, way) {
    if (list[at].kind === "(") {
      let depth = 0;
      do depth += { "(": 1, ")": -1 }[list[at++].kind] ?? 0;
      while (depth && at < list.length);
      return {
        kind: "group",
        sign: way,
        name: "",
        value: "",
        start,
        end: list[at - 1].end,
        edits: [],
      };
    }
    if (list[at].kind !== "word" || !isOp(at + 1, ":")) return concept(start, way);
    const name = list[at].text;
    const value = list[at + 2]?.text ?? "";
    at = Math.min(at + 3, list.length);
    skipOperators();
    const edits = [];
    while (name === "like" && isSigned(at)) {
      const from = list[at].start;
      edits.push({ ...concept(from, sign()), isEdit: true });
    }
    const end = list[Math.min(at, list.length) - 1].end;
    if (name === "shows")
      return { kind: name, sign: way, name: value, value: "", start, end, edits };
    const kind = name === "like" || name === "text" ? name : "column";
    return { kind, sign: way, name, value, start, end, edits };
  }

  while (at < list.length) {
    const start = list[at].start;
    let way = 1;
    while (["and", "or", "not"].includes(list[at]?.kind)) {
      if (list[at].kind === "or") choice = true;
      if (list[at].kind === "not") way = -way;
      at += 1;
    }
    if (at >= list.length) break;
    if (list[at].kind === ")") at += 1;
    else parts.push(isSigned(at) ? part(start, way * sign()) : part(start, way));
  }
  return { parts, choice };
}

const last = { query: "", reading: "" };

/** Remember how the server read a query. */
export function learn(/** @type {string} */ query, /** @type {string} */ reading) {
  Object.assign(last, { query, reading });
}

/** A query in the exact language, as far as it is known. @param {string} query */
export const exact = (query) => (query.trim() === last.query.trim() ? last.reading : query);

/** A concept or value as a query writes it. @param {string} name */
export const quote = (name) =>
  PLAIN.test(name) && !KEYWORD.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;

const same = (one, other) => one.toLowerCase() === other.toLowerCase();

function cut(query, part) {
  const before = query.slice(0, part.start).trimEnd();
  let after = query.slice(part.end).trimStart();
  // A `-x` that comes to stand right after `like:` would edit it instead of filtering.
  const isEdit = read(before).parts.at(-1)?.kind === "like" && !part.isEdit;
  if (isEdit) after = after.replace(/^-(?=\S)/, "NOT ").replace(/^\+(?=\S)/, "");
  return `${before} ${after}`
    .trim()
    .replace(/^and\s+/i, "")
    .replace(/^\+(?=\S)/, "");
}

/** Put text at the end, around which a choice needs parentheses. */
function add(query, choice, text) {
  const before = query.trim();
  return choice ? `(${before}) ${text}` : `${before} ${text}`.trim();
}

/** Add a condition or its negation. `-x` right after `like:` would edit it: write NOT. */
const addCondition = (query, choice, text, sign) =>
  add(query, choice, sign > 0 ? text : `NOT ${text}`);

/** The parts that name a concept, as a word, as an edit of `like:`, or by `shows:`. */
function naming(parts) {
  return parts
    .flatMap((part) => [part, ...part.edits])
    .filter(({ kind }) => kind === "concept" || kind === "shows");
}

/**
 * How a query stands to a concept: 1 asked for, -1 excluded, 0 neither.
 * @param {string} query
 * @returns {(concept: string) => number}
 */
export function signs(query) {
  const { parts, choice } = read(query);
  const known = new Map();
  if (!choice) {
    for (const part of naming(parts)) known.set(part.name.toLowerCase(), part.sign);
  }
  return (concept) => known.get(concept.toLowerCase()) ?? 0;
}

/**
 * Ask for a concept (1) or exclude it (-1); the second time, remove it. With `like:`, an edit.
 * @param {string} query
 * @param {string} concept
 * @param {1 | -1} sign
 * @param {boolean} shown whether to ask for what photos are said to show, as they are counted,
 *   unless the query names the concept already
 */
export function toggle(query, concept, sign, shown = false) {
  const { parts, choice } = read(query);
  const existing = choice ? undefined : naming(parts).find((part) => same(part.name, concept));
  const rest = existing ? cut(query, existing) : query;
  if (existing?.sign === sign) return rest;
  if (existing ? existing.kind === "shows" : shown)
    return addCondition(rest, choice, `shows:${quote(concept)}`, sign);
  const like = choice ? undefined : read(rest).parts.find((part) => part.kind === "like");
  const name = quote(concept);
  // After a sign, a word stays apart from the one before: `hot +dog` is no hot dog.
  if (!like) return add(rest, choice, `${sign > 0 ? (rest.trim() ? "+" : "") : "-"}${name}`);
  const edited = `${rest.slice(0, like.end)} ${sign > 0 ? "+" : "-"}${name}`;
  return `${edited} ${rest.slice(like.end).trim()}`.trim();
}

/** The concepts that a query names, unless it is a choice. @param {string} query */
export function concepts(query) {
  const { parts, choice } = read(query);
  return choice ? [] : [...new Set(naming(parts).map(({ name }) => name))];
}

/** Whether a query asks for a value of a column (1), excludes it (-1) or neither (0). @param {string} query */
export function columnSigns(query) {
  const { parts, choice } = read(query);
  const named = choice ? [] : parts.filter((part) => part.kind === "column");
  return (name, value) =>
    named.find((part) => part.name === name && part.value === String(value))?.sign ?? 0;
}

/** The same as `toggle` for a value of a column. */
export function toggleColumn(query, name, value, sign) {
  const { parts, choice } = read(query);
  const existing = choice
    ? undefined
    : parts.find((p) => p.kind === "column" && p.name === name && p.value === String(value));
  const rest = existing ? cut(query, existing) : query;
  if (existing?.sign === sign) return rest;
  return addCondition(rest, choice, `${name}:${quote(String(value))}`, sign);
}

/** The `like:` part of a query, if it has one. @param {string} query */
export const likePart = (query) => read(query).parts.find((part) => part.kind === "like");

/** The query with `like:` replaced or added. */
export function withImage(query, like) {
  const before = likePart(query);
  return `${like} ${before ? cut(query, before) : query}`.trim();
}

/** @param {string} query */
export function withoutImage(query) {
  const before = likePart(query);
  return before ? cut(query, before) : query;
}

/** All queries with one part removed, for a query of several parts. @param {string} query */
export function relaxed(query) {
  const { parts, choice } = read(query);
  if (choice || parts.length < 2) return [];
  return parts.map((part) => ({ without: text(query, part), query: cut(query, part) }));
}

const text = (query, part) => query.slice(part.start, part.end).replace(/^and\s+/i, "");
