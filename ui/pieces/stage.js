// The stage: what is being drawn, what was drawn last, or the picture that was picked; progress, problems and waiting jobs.
const { h, t, tool, active, seconds } = atelier;
const view = h("div", { class: "view" });
const bar = h("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": t("progress") }, h("i", {}));
const line = h("p", { class: "line" });
const spoken = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
const tools = h("div", { class: "tools" });
const stopAll = h("button", { type: "button", class: "plain small", id: "stop-all", hidden: true, onclick: () => atelier.stopAll() });
const openQueue = h("button", { type: "button", class: "plain small", id: "open-queue", hidden: true, onclick: () => atelier.openQueue() });
const caption = h("div", { class: "caption" });
const waiting = h("ol", { class: "waiting" });
root.classList.add("stage");
root.setAttribute("role", "region");
root.replaceChildren(view, h("div", { class: "foot" }, bar, h("div", { class: "row" }, line, h("div", { class: "queued" }, openQueue, stopAll), tools), caption, waiting), spoken);

let picked = null;      // a picture that the visitor chose
let refused = null;     // a Problem: the request was not accepted
let asked = false;      // Generate was pressed, the answer is on its way
let figure = null;      // what is in the view: {key, width, height, cells: Map(index -> button)}
let current = null;     // the picture that the tools act on
const failures = new Set();

// --- the view ------------------------------------------------------------------------------------------------
/** Columns that make n pictures of this shape largest. */
const columns = (n, ratio, width, height) => {
  let best = 1, largest = 0;
  for (let c = 1; c <= n; c++) {
    const each = Math.min(width / c, (height / Math.ceil(n / c)) * ratio);
    if (each > largest + 0.5) { largest = each; best = c; }
  }
  return best;
};
const fit = () => {
  if (!figure) return;
  const n = figure.cells.size || 1, gap = 8, pad = innerWidth < 720 ? 16 : 48;
  const width = Math.max(40, view.clientWidth - pad), height = Math.max(40, view.clientHeight - pad);
  const ratio = figure.width / figure.height, c = columns(n, ratio, width, height), r = Math.ceil(n / c);
  const most = figure.width < 256 ? figure.width * 5 : figure.width * 2;  // small models' pictures may grow, but not into fog
  const each = Math.floor(Math.min((width - gap * (c - 1)) / c, ((height - gap * (r - 1)) / r) * ratio, most));
  figure.box.style.gridTemplateColumns = `repeat(${c}, ${each}px)`;
  figure.box.style.setProperty("--cell", `${Math.floor(each / ratio)}px`);
};
new ResizeObserver(fit).observe(view);

/** Keeps the nodes of the same figure, so that nothing flickers between two previews. */
const lay = (key, width, height, pictures, click) => {
  if (figure?.key !== key) {
    const box = h("div", { class: "figure" });
    figure = { key, width, height, box, cells: new Map() };
    for (const picture of pictures) {
      const img = h("img", { alt: "", draggable: "false" });
      const cell = h("button", { type: "button", class: "cell empty" }, img);
      cell.addEventListener("click", () => cell.image && click?.(cell.image));
      figure.cells.set(picture.index, cell);
      box.append(cell);
    }
    view.replaceChildren(box);
    fit();
  }
  for (const picture of pictures) {
    const cell = figure.cells.get(picture.index), img = cell.firstChild;
    cell.querySelector(".held")?.remove();
    if (picture.held) cell.append(atelier.heldLabel(picture.held));
    const src = picture.image ? `api/images/${picture.image}/file` : picture.preview;
    if (!src || cell.src === src) continue;
    cell.src = src;
    cell.image = picture.image;
    img.alt = picture.image ? (picture.held ? `${t("held")}: ${picture.alt}` : picture.alt) : t("preview");
    const next = new Image();
    next.src = src;
    next.decode().catch(() => {}).then(() => {
      if (cell.src !== src) return;
      img.src = src;
      cell.classList.remove("empty");
      cell.classList.toggle("preview", !picture.image);
    });
  }
};
const card = (kind, ...content) => {
  if (figure?.key === kind) return;
  figure = null;
  view.replaceChildren(h("div", { class: `card ${kind}` }, ...content));
};
const problemCard = (problem) => {
  const told = atelier.explain(problem);
  figure = null;
  view.replaceChildren(h("div", { class: "card problem", role: "alert" }, atelier.icon("warn"), h("h2", {}, told.message), told.remedy ? h("p", {}, told.remedy) : null,
    told.field?.split(".")[0] in atelier.defaults
      ? h("button", { type: "button", class: "plain", onclick: () => atelier.goTo(told.field) }, t("problem.go", { label: atelier.label(told.field) })) : null));
};
const empty = () => card("blank", atelier.icon("brush"), h("h2", {}, t("empty.title")), h("p", {}, t("empty.text")));

// --- words below ---------------------------------------------------------------------------------------------
let last = "", spokenAt = 0;
const say = (text, important) => {
  line.textContent = text;
  const now = Date.now();
  if ((important || (text && now - spokenAt > 15000)) && text !== last) { spoken.textContent = text; spokenAt = now; }
  last = text;
};
const progress = (share) => {
  bar.classList.toggle("on", share !== null);
  bar.setAttribute("aria-valuenow", String(Math.round((share ?? 0) * 100)));
  bar.firstChild.style.transform = `scaleX(${share ?? 0})`;
};
const told = (job) => {
  if (job.state === "queued") return [job.position ? t("state.waiting", { n: job.position }) : t("state.next"), atelier.starts(job)].filter(Boolean).join(" · ");
  if (job.doing === "loading") return t("state.loading");
  const open = job.pictures.filter((p) => !p.image);
  if (job.kind === "restore" && open.length) return t("restore.working");
  if (job.pictures.length && !open.length) return t("state.done");  // all are here, the last word is on its way
  const at = open.find((p) => p.of) ?? null, ready = job.pictures.length - open.length;
  const parts = [at ? t("state.step", { i: at.step, n: at.of }) : t("state.starting")];
  if (job.count > 1) parts.push(t("state.ready", { i: ready, n: job.count }));
  if (job.seconds_left !== null && job.seconds_left !== undefined) parts.push(t("state.left", { time: seconds(job.seconds_left) }));
  return parts.join(" · ");
};
const share = (job) => {
  if (!job.pictures.length) return 0;
  return job.pictures.reduce((sum, p) => sum + (p.image ? 1 : p.of ? p.step / p.of : 0), 0) / (job.count || job.pictures.length);
};
/** The words below the view: of a picture with tools, of a job (`words`) without. */
const toolbar = (image, words = null) => {
  const same = current?.id === image?.id && tools.lang === atelier.language && caption.dataset.words === (words?.key ?? "");
  if (same) return;
  caption.dataset.words = words?.key ?? "";
  current = image ?? null;
  tools.lang = atelier.language;
  atelier.shown = current;
  atelier.emit("shown", current);
  caption.replaceChildren();
  tools.replaceChildren();
  if (words) caption.append(h("p", { class: "prompt", title: words.prompt }, words.prompt || t("no.prompt")), h("p", { class: "facts" }, words.facts));
  if (!image) return;
  tools.append(
    h("a", { class: "tool", href: `api/images/${image.id}/file?download=1`, download: "", title: t("download"), "aria-label": t("download") }, atelier.icon("download")),
    tool("dice", "reuse.seed", () => atelier.fill({ seed: image.seed })),
    tool("reuse", "reuse.settings", () => atelier.fill(image.values)),
    tool("copy", "copy.settings", () => atelier.copy(image.infotext)),
    atelier.sender(image),
    tool("hint", "hints.title", () => atelier.hints(image)),
    tool("grid", "open.gallery", () => { atelier.tab("gallery"); atelier.details(image.id); }));
  caption.append(h("p", { class: "prompt", title: image.prompt }, image.prompt || t("no.prompt")), h("p", { class: "facts" }, atelier.summary(image)));
};
const ofJob = (job) => ({ key: `${job.id} ${atelier.language}`, prompt: job.kind === "restore" ? t("tab.restore") : job.prompt, facts: [`${job.width} × ${job.height}`, job.checkpoint].filter(Boolean).join("  ·  ") });
const withImage = (id, then) => atelier.image(id).then(then).catch(() => toolbar(null));

const queue = (jobs) => {
  waiting.hidden = !jobs.length;
  const kept = new Map([...waiting.children].map((node) => [node.dataset.job, node]));
  for (const [id, node] of kept) if (!jobs.some((job) => job.id === id)) node.remove();
  for (const job of jobs) {
    let node = kept.get(job.id);
    if (!node) {
      node = h("li", { "data-job": job.id }, h("div", {}, h("p", { class: "prompt" }, job.prompt || t("no.prompt")), h("p", { class: "facts" })),
        tool("close", "cancel", () => atelier.cancel(job.id)));
      waiting.append(node);
    }
    node.querySelector(".facts").textContent = told(job);
  }
};

// --- what to show --------------------------------------------------------------------------------------------
const draw = () => {
  const jobs = atelier.snapshot?.jobs ?? [];
  const busy = jobs.filter(active);
  const named = (job) => (job.live ? "live" : `job ${job.id}`);  // one look takes the place of another without a blink
  const now = busy.find((job) => job.state === "running") ?? busy[0];
  const ended = jobs.find((job) => job.finished);
  stopAll.hidden = busy.length < 2;
  stopAll.textContent = t("stop.all", { n: busy.length });
  const open = jobs.filter((job) => !job.finished && !job.live).length;
  openQueue.hidden = open < 2 && !jobs.some((job) => job.state === "paused");
  openQueue.textContent = t("queue.open", { n: open });
  queue(busy.filter((job) => !job.live && job !== now || job.state === "queued" && busy.length > 1 || picked));
  if (ended?.state === "failed" && !failures.has(ended.id)) { failures.add(ended.id); if (now) atelier.note(ended.problem); }

  progress(now ? share(now) : null);
  if (asked && !now) say(t("state.sending"));
  else if (now && !atelier.reachable) { progress(null); say(t("device.lost")); }
  else if (now) say(told(now));

  if (refused) { problemCard(refused); toolbar(null); if (!now) say(""); return; }
  if (picked) {
    lay(`image ${picked.id}`, picked.width, picked.height, [{ index: 0, image: picked.id, alt: picked.prompt, held: picked.held }], atelier.details);
    toolbar(picked);
    if (!now) say("");
    return;
  }
  const job = now ?? ended;
  if (!job) { if (atelier.snapshot && !asked) { empty(); toolbar(null); say(""); } return; }
  if (!now && !asked) {
    const took = job.finished && job.created ? Math.max(0, job.finished - job.created) : null;
    const held = job.pictures.filter((p) => p.held).length;
    if (job.state === "done" && held) say(t(held === 1 ? "held.one" : "held.some", { n: held, of: job.pictures.length }), true);
    else if (job.state === "done" && job.live) say(t("live.took", { time: seconds(took ?? 0) }));
    else if (job.state === "done") say(took === null ? t("state.done") : t("state.took", { time: seconds(took) }), true);
    else if (job.state === "cancelled") say(t("state.stopped"), true);
    else say("", true);
  }
  if (job.state === "failed") { problemCard(job.problem); toolbar(null); return; }
  const pictures = job.pictures.length ? job.pictures : Array.from({ length: job.count || 1 }, (_, index) => ({ index }));
  const visible = pictures.some((p) => p.image || p.preview);
  // until the first preview the picture before stays, dimmed, so that the stage does not blink
  if (!visible && now && figure && (job.live || figure.key !== named(job))) { if (!job.live) figure.box?.classList.add("before"); toolbar(null, ofJob(job)); return; }
  if (!visible && job.state === "cancelled" && figure?.key === named(job) && [...figure.cells.values()].some((cell) => cell.src)) {
    figure.box.classList.add("stopped");  // what was there when it was stopped
    toolbar(null, ofJob(job));
    return;
  }
  if (!visible && job.state === "cancelled") { if (!figure || figure.key === named(job)) empty(); figure?.box?.classList.remove("before"); toolbar(null); return; }
  lay(named(job), job.width, job.height, pictures.map((p) => ({ ...p, alt: job.prompt })), job.count > 1 ? pick : atelier.details);
  figure.box.classList.toggle("stopped", job.state === "cancelled");
  const made = pictures.filter((p) => p.image);
  if (job.count === 1 && made.length) withImage(made[0].image, (image) => { if (figure?.key === `job ${job.id}` && !picked) toolbar(image); });
  else toolbar(null, ofJob(job));
};
const unpick = () => { picked = null; draw(); };
const pick = (id) => picked?.id === id ? unpick() : withImage(id, (image) => { picked = image; refused = null; draw(); });

atelier.on("pick", pick);
atelier.on("looked", ({ problem }) => { refused = problem ?? null; picked = null; draw(); });
atelier.on("begin", () => { if (refused?.field === "picture") { refused = null; draw(); } });
atelier.on("state", draw);
atelier.on("link", draw);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && picked && view.offsetParent && !document.querySelector("dialog[open]")) unpick();
});
atelier.on("images", ({ deleted }) => { if (deleted && (picked?.id === deleted || current?.id === deleted)) { picked = null; figure = null; view.replaceChildren(); atelier.look(); } });
/** Gradio says nothing when its server is gone; so ask again until there is an answer or nobody to give one. */
const doubt = async () => {
  if (!asked) return;
  await atelier.look();
  if (!asked) return;
  if (atelier.reachable) { setTimeout(doubt, 3000); return; }
  asked = false;
  refused = atelier.unreachable;
  draw();
};
/** On a phone the stage may lie far above the settings. */
const reveal = () => {
  const { top, bottom } = view.getBoundingClientRect();
  if (bottom < 120 || top > innerHeight - 160) root.scrollIntoView({ behavior: "smooth", block: "center" });
};
atelier.on("asked", () => { if (!asked) setTimeout(doubt, 3000); asked = true; refused = null; if (!atelier.automatic) { picked = null; reveal(); } draw(); });
atelier.on("language", () => {
  bar.setAttribute("aria-label", t("progress"));
  spokenAt = 0;
  waiting.replaceChildren();
  if (!figure) view.replaceChildren();
  const image = current; current = null; toolbar(image);
  draw();
});
atelier.lastSeed = () => current?.seed ?? [...atelier.images.values()].sort((a, b) => b.created - a.created)[0]?.seed ?? null;
const answered = () => {
  if (!props.value?.turn) return;
  asked = false;
  refused = props.value.problem ?? null;
  atelier.emit("answered", props.value);
  if (refused) { draw(); say("", true); } else atelier.look();
};
watch("value", answered);
draw();
