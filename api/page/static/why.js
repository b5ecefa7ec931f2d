// Why a photo is, or is not, among the results.

import * as api from "./api.js";
import { asked, barList, signed } from "./bars.js";
import { h, percent } from "./dom.js";
import { read, signs } from "./query.js";

/**
 * @param {string} q
 * @param {string} id of the photo
 * @param {import("./api.js").Hit | undefined} hit the photo as the query found it, if it did
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLElement[]>}
 */
export async function why(q, id, hit, signal) {
  const sign = signs(q);
  const sections = [];
  if (read(q).parts.some(({ kind }) => kind !== "like" && kind !== "text")) {
    const explanation = await api.explain(q, id, signal).catch((error) => {
      if (error.name === "AbortError") throw error;
    });
    if (explanation?.parts.length) sections.push(partsSection(explanation, sign));
  }
  const parts = hit?.explanation.parts ?? [];
  const isSum = parts.length && !parts.some((part) => part.fired.length);
  if (isSum && hit.match) sections.push(sumSection(hit, sign));
  return sections;
}

/** Whether each part of the query holds for the photo. */
function partsSection({ match, parts }, sign) {
  const most = Math.max(...parts.map((part) => Math.abs(part.contribution)), 1e-9);
  return h(
    "section",
    { class: "why" },
    h("h2", {}, match ? "Why it is here" : "Why it is not among the matches"),
    h(
      "ul",
      { role: "list", class: "parts" },
      parts.map((part) =>
        h(
          "li",
          { class: part.holds ? "" : "fails" },
          barList(asked([{ ...part, concept: part.part }], most), sign),
          h("p", { class: "quiet-text" }, partText(part)),
        ),
      ),
    ),
  );
}

function partText({ holds, strength, fired, part }) {
  const holding = holds ? "Holds" : "Does not hold";
  // What a photo is said to show is listed with its own probability, not the presence that ranks.
  if (part.includes("shows:")) return holding;
  const synonyms = (fired ?? [])
    .slice(0, 3)
    .map((one) => `${one.concept} ${percent(one.strength)}`)
    .join(", ");
  const choice = part.includes(" OR ") ? `${part}. ` : "";
  const verdict = `${choice}${holding}: ${percent(strength)} likely`;
  return synonyms && !(fired.length === 1 && fired[0].concept === part)
    ? `${verdict} (${synonyms})`
    : verdict;
}

/** The sum that makes the similarity. */
function sumSection({ score, explanation }, sign) {
  const { parts, base, rest } = explanation;
  const shown = parts.slice(0, 8);
  const others = parts.slice(8).reduce((sum, part) => sum + part.contribution, 0);
  const terms = [
    ["other concepts", others],
    ["common to all images", base],
    ["not explained", rest],
  ].filter(([, value]) => Math.abs(value) >= 0.005);
  const most = Math.max(...shown.map((part) => Math.abs(part.contribution)));
  return h(
    "section",
    {},
    h("h2", {}, "Why it is similar"),
    barList(asked(shown, most), sign),
    h(
      "p",
      { class: "quiet-text" },
      terms.map(([name, value]) => `${name} ${signed(value)}; `).join(""),
      `in all ${score.toFixed(3)}`,
    ),
  );
}
