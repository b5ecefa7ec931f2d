// Search by an image of the user: dropped, pasted or chosen.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { withImage } from "./query.js";
import { current, go } from "./state.js";

const veil = byId("drop");
const picker = byId("file");

/** @param {{busy: (is: boolean) => void, refused: (problem: api.Problem) => void}} tell */
export function startUploads(tell) {
  const button = byId("pick");
  button.hidden = false;
  button.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    if (picker.files.length) send(picker.files[0], tell);
    picker.value = "";
  });
  addEventListener("paste", (event) => {
    const file = imageIn(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    send(file, tell);
  });
  startDrops(tell);
}

function startDrops(tell) {
  let depth = 0;
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  const over = (change) => {
    depth = Math.max(0, depth + change);
    veil.hidden = !depth;
  };
  addEventListener("dragenter", (event) => carries(event) && over(1));
  addEventListener("dragleave", (event) => carries(event) && over(-1));
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(-depth);
    const file = imageIn(event.dataTransfer) ?? event.dataTransfer.files[0];
    if (file) send(file, tell);
  });
}

const imageIn = (data) => [...(data?.files ?? [])].find((file) => file.type.startsWith("image/"));

async function send(file, tell) {
  tell.busy(true);
  try {
    const { like } = await api.sendUpload(file);
    go({ q: withImage(current().q, like), image: null });
  } catch (problem) {
    tell.refused(problem);
  } finally {
    tell.busy(false);
  }
}
