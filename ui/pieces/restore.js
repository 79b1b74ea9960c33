// "Upscale & restore": pictures in, steps over them as one job of the server's, pictures out; all of it survives a reload.
const { h, t } = atelier;
const MOST = 16, JOB = "restore.job";

// --- the pictures, kept by the browser -------------------------------------------------------------------------
const database = () => new Promise((resolve, reject) => {
  const request = indexedDB.open("atelier-restore", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("pictures");
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const keep = async () => { try { (await database()).transaction("pictures", "readwrite").objectStore("pictures").put(pictures.map(({ blob, name }) => ({ blob, name })), "all"); } catch { /* a private window: they last as long as the page */ } };
const kept = async () => { try { const request = (await database()).transaction("pictures").objectStore("pictures").get("all"); return await new Promise((resolve) => { request.onsuccess = () => resolve(request.result ?? []); request.onerror = () => resolve([]); }); } catch { return []; } };

let pictures = [], job = atelier.stored(JOB) || null, busy = false;
const cards = new Map();  // picture -> its card
const picker = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/avif,image/gif", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "restore-file" });
const add = h("button", { type: "button", class: "plain", id: "restore-add", onclick: () => { picker.value = ""; picker.click(); } });
const clear = h("button", { type: "button", class: "link", onclick: () => empty() });
const count = h("p", { class: "facts" }), wrong = h("p", { class: "wrong", role: "alert" });
const steps = atelier.restoreSteps(props.value.steps, () => { wrong.textContent = ""; });
const format = h("select", { class: "select", id: "restore-format", onchange: () => atelier.store("restore.format", format.value) }, ["PNG", "JPEG", "WebP"].map((name) => h("option", { value: name }, name)));
format.value = atelier.stored("restore.format") ?? "PNG";
const go = h("button", { type: "button", class: "go", id: "restore-go", onclick: () => begin() }), halt = h("button", { type: "button", class: "plain", id: "restore-stop", onclick: () => job && atelier.cancel(job) });
const reset = h("button", { type: "button", class: "link", onclick: () => steps.reset() }), named = h("h2", {}), kind = h("span", {}), line = h("p", { class: "line", role: "status" });
const well = h("section", { class: "from" }, add, h("div", {}, count, clear)), wall = h("div", { class: "wall" });
root.replaceChildren(h("div", { class: "restoring" }, h("div", { class: "panel" }, well, h("header", {}, named, reset), steps.node, h("label", { class: "ask whole out" }, kind, format), wrong, h("div", { class: "press" }, go, halt)), h("div", { class: "results" }, line, wall), picker));

const words = () => {
  add.replaceChildren(atelier.icon("open"), h("span", {}, t("restore.add")));
  [clear.textContent, reset.textContent, named.textContent, kind.textContent] = [t("restore.clear"), t("restore.reset"), t("restore.steps"), t("restore.format")];
  [go.textContent, halt.textContent] = [t("restore.go"), t("stop")];
  draw();
};
const draw = () => {
  count.textContent = pictures.length ? t(pictures.length === 1 ? "restore.one" : "restore.many", { n: pictures.length }) : t("restore.drop");
  clear.hidden = !pictures.length || busy;
  go.disabled = busy || !pictures.length;
  halt.hidden = !busy;
  wall.dataset.count = String(Math.min(4, pictures.length));
  for (const picture of [...cards.keys()]) if (!pictures.includes(picture)) { cards.get(picture).node.remove(); cards.delete(picture); }
  for (const picture of pictures) if (!cards.has(picture)) { const card = atelier.restoreCard(picture, drop); cards.set(picture, card); wall.append(card.node); }
  wall.querySelector(".blank")?.remove();
  if (!pictures.length) wall.append(h("div", { class: "card blank" }, atelier.icon("upscale"), h("h2", {}, t("restore.empty.title")), h("p", {}, t("restore.empty.text"))));
};

// --- pictures in ---------------------------------------------------------------------------------------------
const measured = (blob) => new Promise((resolve) => {
  const url = URL.createObjectURL(blob), probe = new Image();
  probe.onload = () => resolve({ url, width: probe.naturalWidth, height: probe.naturalHeight });
  probe.onerror = () => { URL.revokeObjectURL(url); resolve(null); };
  probe.src = url;
});
/** Those that were restored go, when others come. */
const take = async (blobs, names = []) => {
  if (busy) { atelier.note(t("restore.busy")); return; }
  if (job) { forget(); pictures = []; }
  wrong.textContent = "";
  for (const [at, blob] of [...blobs].entries()) {
    if (pictures.length >= MOST) { wrong.textContent = t("restore.full", { n: MOST }); break; }
    const size = await measured(blob);
    if (size) pictures.push({ blob, name: names[at] ?? blob.name ?? "", ...size }); else wrong.textContent = t("begin.unreadable");
  }
  keep();
  draw();
};
const drop = (picture) => { if (busy) return; pictures = pictures.filter((other) => other !== picture); URL.revokeObjectURL(picture.url); keep(); draw(); };
const empty = () => { if (busy) return; forget(); pictures = []; keep(); draw(); };
const forget = () => { job = null; atelier.store(JOB, ""); line.textContent = ""; };
picker.addEventListener("change", () => take(picker.files));
root.addEventListener("dragover", (event) => { event.preventDefault(); well.classList.add("over"); });
root.addEventListener("dragleave", () => well.classList.remove("over"));
root.addEventListener("drop", (event) => {
  event.preventDefault(); event.stopPropagation();
  well.classList.remove("over");
  atelier.emit("dropped");
  take([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])].filter((one) => one.type.startsWith("image/"));
  if (files.length && root.offsetParent) { event.preventDefault(); take(files); }
});

// --- the job -------------------------------------------------------------------------------------------------
const refuse = (problem) => { const told = atelier.explain(problem); wrong.textContent = [told.message, told.remedy].filter(Boolean).join(" "); };
const begin = async () => {
  wrong.textContent = "";
  busy = true;
  for (const card of cards.values()) card.done(null);
  line.textContent = t("state.sending");
  draw();
  try {
    const digests = [];
    for (const picture of pictures) digests.push(await atelier.upload(picture.blob));
    const asked = { pictures: digests, steps: steps.wanted(), format: format.value };
    job = (await atelier.ask("api/restorations", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(asked) })).id;
    atelier.store(JOB, job);
    atelier.look();
  } catch (error) {
    if (!error.problem) throw error;
    busy = false;
    line.textContent = "";
    refuse(error.problem);
    draw();
  }
};
const show = async (found) => {
  for (const part of found) {
    const card = cards.get(pictures[part.index]);
    if (!card) continue;
    if (!part.image) { card.progress(part.of && part.live ? part.step / part.of : part.live ? 0 : null, part.preview); continue; }
    card.progress(null);
    try { card.done(await atelier.image(part.image)); } catch { /* it was deleted meanwhile */ }
  }
};
const follow = async (snapshot) => {
  if (!job || !pictures.length) return;
  const now = snapshot.jobs.find((one) => one.id === job);
  if (!now) {  // others' jobs have pushed it off the list
    if (!busy && [...cards.values()].some((card) => card.node.classList.contains("made"))) return;
    busy = false;
    try { const found = (await atelier.page(null, 48)).images.filter((one) => one.job === job); await show(found.map((one) => ({ index: one.index, image: one.id }))); } catch { /* later */ }
    draw();
    return;
  }
  const live = atelier.active(now), was = busy;
  busy = live;
  if (now.state === "queued") line.textContent = now.position ? t("state.waiting", { n: now.position }) : t("state.next");
  else if (live) line.textContent = now.doing === "loading" ? t("restore.loading") : [t("restore.working"), now.count > 1 ? t("state.ready", { i: now.pictures.filter((one) => one.image).length, n: now.count }) : null, now.seconds_left ? t("state.left", { time: atelier.seconds(now.seconds_left) }) : null].filter(Boolean).join(" · ");
  else line.textContent = now.state === "done" ? t("state.took", { time: atelier.seconds(Math.max(0, now.finished - now.created)) }) : now.state === "cancelled" ? t("state.stopped") : "";
  if (now.problem && !live && was !== live) refuse(now.problem);
  await show(now.pictures.map((one) => ({ ...one, live })));
  draw();
};
atelier.on("state", follow);
atelier.on("language", words);
new ResizeObserver(() => { if (root.offsetParent && !root.looked) { root.looked = true; steps.look(); } else if (!root.offsetParent) root.looked = false; }).observe(root);
words();
kept().then(async (last) => {
  if (pictures.length) return;
  for (const { blob, name } of last) { const size = await measured(blob); if (size) pictures.push({ blob, name, ...size }); }
  draw();
  if (atelier.snapshot) follow(atelier.snapshot);
}).finally(() => atelier.restoreReady((blob, image) => take([blob], [image?.prompt ?? ""])));
