// The search box: a combobox that also shows the errors of a query.

import { byId, count, counted, h } from "./dom.js";
import { go } from "./state.js";
import { suggestionsFor, wordAtEnd } from "./suggestions.js";

const PAUSE = 90;

const input = byId("q");
const list = byId("suggestions");
const panel = byId("error");
const clear = byId("clear");

/** @type {import("./suggestions.js").Option[]} */
let options = [];
let chosen = -1;
let waiting = 0;
let asking = new AbortController();

/** @param {(what: "grid") => void} leave called when an arrow key leaves the box */
export function startSearchBox(leave) {
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    hide();
    go({ q: input.value, image: null });
  });
  input.addEventListener("input", () => {
    clear.hidden = !input.value;
    clearError();
    clearTimeout(waiting);
    waiting = setTimeout(suggest, PAUSE);
  });
  input.addEventListener("click", () => list.hidden && suggest());
  input.addEventListener("blur", hide);
  input.addEventListener("keydown", (event) => onKey(event, leave));
  clear.addEventListener("click", () => {
    go({ q: "", image: null });
    input.focus();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  addEventListener("keydown", (event) => {
    const isWriting = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key !== "/" || isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

/** @param {string} query */
export function setQuery(query) {
  if (input.value.trim() !== query) input.value = query;
  clear.hidden = !input.value;
}

function onKey(event, leave) {
  const open = !list.hidden;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!open) return event.key === "ArrowDown" && leave("grid");
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter" && open && chosen >= 0) {
    event.preventDefault();
    take(options[chosen]);
  } else if (event.key === "Tab" && open && chosen >= 0) {
    event.preventDefault();
    take(options[chosen]);
  } else if (event.key === "Escape") {
    if (open) hide();
    else input.blur();
    event.preventDefault();
  }
}

const writing = () => wordAtEnd(input.value.slice(0, input.selectionStart));

async function suggest() {
  const word = writing();
  asking.abort();
  const isIdle = word && !word.typed && !word.column && input.value.trim();
  if (!word || isIdle || document.activeElement !== input) return hide();
  asking = new AbortController();
  try {
    options = await suggestionsFor(word, asking.signal);
    show(word.typed);
  } catch (error) {
    if (error.name !== "AbortError") hide();
  }
}

/** @param {string} typed */
function show(typed) {
  if (!options.length || document.activeElement !== input) return hide();
  list.replaceChildren(
    ...options.map((option, i) =>
      h(
        "li",
        {
          id: `option-${i}`,
          role: "option",
          "aria-selected": "false",
          onclick: () => take(option),
          onpointermove: () => choose(i),
        },
        h("span", { class: "label" }, marked(option.text, typed)),
        h("span", { class: "number" }, option.note ?? (option.images ? count(option.images) : "")),
      ),
    ),
  );
  chosen = -1;
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
  list.setAttribute("aria-label", `${counted(options.length, "suggestion")}`);
}

function marked(text, typed) {
  const at = typed ? text.toLowerCase().indexOf(typed.toLowerCase()) : -1;
  if (at < 0) return text;
  return [
    text.slice(0, at),
    h("b", {}, text.slice(at, at + typed.length)),
    text.slice(at + typed.length),
  ];
}

function choose(i) {
  list.children[chosen]?.setAttribute("aria-selected", "false");
  chosen = i < -1 ? options.length - 1 : i >= options.length ? -1 : i;
  const item = list.children[chosen];
  item?.setAttribute("aria-selected", "true");
  item?.scrollIntoView({ block: "nearest" });
  if (item) input.setAttribute("aria-activedescendant", item.id);
  else input.removeAttribute("aria-activedescendant");
}

/** Replace the word at the caret with a suggestion. */
function take(option) {
  const word = writing();
  if (!word) return hide();
  const after = input.value.slice(input.selectionStart).replace(/^[^\s()]*\s*/, "");
  const before = input.value.slice(0, word.start) + option.insert;
  input.value = before + after;
  input.setSelectionRange(before.length, before.length);
  clear.hidden = false;
  hide();
  if (option.insert.endsWith(":")) suggest();
  else go({ q: input.value, image: null });
}

function hide() {
  clearTimeout(waiting);
  asking.abort();
  list.hidden = true;
  chosen = -1;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

/**
 * Show the error of a query, and the character that it points to.
 * @param {import("./api.js").Problem} problem
 * @param {string} query
 */
export function showError(problem, query) {
  const characters = [...(problem.query ?? query)];
  const { at } = problem;
  const where =
    at === null
      ? null
      : h(
          "code",
          {},
          characters.slice(0, at).join(""),
          h("mark", {}, characters[at] ?? " "),
          characters.slice(at + 1).join(""),
        );
  const cause = problem.message.replace(/^query, character \d+: /, "");
  panel.replaceChildren(
    ...[
      where,
      h("p", {}, h("strong", {}, capital(cause)), problem.hint ? ` – ${problem.hint}` : ""),
    ].filter(Boolean),
  );
  panel.hidden = false;
  input.setAttribute("aria-invalid", "true");
}

export function clearError() {
  panel.hidden = true;
  panel.replaceChildren();
  input.removeAttribute("aria-invalid");
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
