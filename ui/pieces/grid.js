// The grid: axes are chosen on the left, the table on the right fills while its cells are drawn.
const { h, t, tool, note, ask } = atelier;
Object.assign(atelier.shapes, {
  play: "M8 5v14l11-7L8 5Z", pause: "M9 5v14M15 5v14", halt: "M6 6h12v12H6z", again: "M20 11a8 8 0 0 0-14.5-3.5L4 9m0-5v5h5M4 13a8 8 0 0 0 14.5 3.5L20 15m0 5v-5h-5",
  file: "M6 3h8l4 4v14H6zM14 3v4h4", picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01", beside: "M4 5h7v14H4zM13 5h7v14h-7z",
});
const LETTERS = ["X", "Y", "Z"], SPECIAL = ["replace", "prompts", "matrix", "cost"];
const parameters = new Map((props.value?.parameters ?? []).map((p) => [p.name, p]));
const remembered = (() => { try { return JSON.parse(atelier.stored("grid") ?? "null"); } catch { return null; } })();
const fresh = () => [{ what: "sampler", chosen: [], text: "" }, { what: "steps", chosen: [], text: "" }, { what: "", chosen: [], text: "" }];
let axes = Array.isArray(remembered?.axes) && remembered.axes.length === 3 ? remembered.axes.map((a) => ({ what: String(a?.what ?? ""), chosen: [].concat(a?.chosen ?? []).map(String), text: String(a?.text ?? "") })) : fresh();
let seeds = remembered?.seeds === true, plan = null, refusal = null, base = null, waiting = null, turn = 0;
let grid = null, known = [], zAt = 0, comparing = null, zoom = Number(atelier.stored("grid.zoom")) || (innerWidth < 760 ? 84 : 150);
const nodes = new Map();

const named = (what) => (SPECIAL.includes(what) ? t(`grid.what.${what}`) : atelier.label(what));
const editor = (what) => (what === "cost" ? "choice" : SPECIAL.includes(what) ? what : parameters.get(what)?.name === "checkpoint" ? "choice" : parameters.get(what)?.kind ?? "");
const options = (what) => {
  if (what === "checkpoint") return atelier.models.models.filter((m) => !m.problem).map((m) => [m.name, m.title]);
  if (editor(what) === "bool") return [["yes", t("grid.yes")], ["no", t("grid.no")]];
  return (parameters.get(what === "cost" ? "sampler" : what)?.choices ?? []).map((c) => [c, c]);
};
const chosen = (axis) => options(axis.what).map(([name]) => name).filter((name) => axis.chosen.includes(name));
const values = (axis) => (["choice", "bool"].includes(editor(axis.what)) ? chosen(axis) : axis.text);
const given = (axis) => axis.what && (axis.what === "matrix" || values(axis).length > 0);
const sent = () => axes.filter(given).map((axis) => ({ what: axis.what, values: values(axis) }));
const letterOf = (axis) => LETTERS[axes.filter(given).indexOf(axis)];

// --- the frame -----------------------------------------------------------------------------------------------
const about = h("p", { class: "base" }), cards = h("div", { class: "axes" }), estimate = h("p", { class: "estimate", role: "status" });
const seedBox = h("input", { type: "checkbox", id: "grid-seeds", class: "box-to-tick", onchange: () => { seeds = seedBox.checked; changed(); } });
const seedLabel = h("label", { for: "grid-seeds" });
const start = h("button", { type: "button", class: "plain strong start", onclick: () => send("start") });
const list = h("div", { class: "known" });
const state = h("p", { class: "state" }), bar = h("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, h("i", {}));
const tools = h("div", { class: "tools" }), pages = h("div", { class: "pages", role: "tablist" }), scroller = h("div", { class: "scroller", tabindex: "-1" });
const caption = h("div", { class: "caption" }), trouble = h("div", { class: "trouble", role: "alert" });
const builderTitle = h("h2", {}), knownTitle = h("h2", {});
const builder = h("aside", { class: "builder" }, builderTitle, about, cards, h("div", { class: "seeds" }, seedBox, seedLabel), estimate, start, knownTitle, list);
const view = h("section", { class: "sheet" }, h("div", { class: "head" }, h("div", { class: "told" }, state, bar), tools), trouble, pages, scroller, caption);
root.classList.add("gridpage");
root.replaceChildren(builder, view);

// --- the axes ------------------------------------------------------------------------------------------------
const group = (label, names) => h("optgroup", { label }, names.map((name) => h("option", { value: name }, named(name))));
const FIRST = ["sampler", "schedule", "steps", "guidance", "seed", "checkpoint", "width", "height", "clip_skip", "negative_prompt"];
const card = (axis, at) => {
  const letter = LETTERS[at], id = `grid-axis-${letter}`;
  const select = h("select", { id, class: "select", "aria-label": t("grid.axis", { axis: letter }), onchange: () => { axis.what = select.value; axis.chosen = []; axis.text = ""; drawAxes(); document.getElementById(id)?.focus(); changed(); } },
    h("option", { value: "" }, t("grid.none")), group(t("grid.group.prompt"), ["replace", "prompts", "matrix"]), group(t("grid.group.common"), ["cost", ...FIRST.filter((n) => parameters.has(n))]),
    group(t("grid.group.more"), [...parameters.keys()].filter((n) => !FIRST.includes(n))));
  select.value = axis.what;
  const understood = h("p", { class: "understood", "aria-live": "polite" });
  axis.understood = understood;
  return h("div", { class: "axis" }, h("div", { class: "pick" }, h("b", {}, letter), select), field(axis, letter), understood);
};
const field = (axis, letter) => {
  const kind = editor(axis.what), name = t("grid.values", { axis: letter });
  if (!kind) return null;
  if (kind === "choice" || kind === "bool") {
    const chips = options(axis.what).map(([value, title]) => h("button", { type: "button", class: "chip", "aria-pressed": String(axis.chosen.includes(value)), onclick: ({ currentTarget: b }) => {
      axis.chosen = axis.chosen.includes(value) ? axis.chosen.filter((other) => other !== value) : [...axis.chosen, value];
      b.setAttribute("aria-pressed", String(axis.chosen.includes(value)));
      changed();
    } }, title));
    const all = h("button", { type: "button", class: "link", onclick: () => { const every = options(axis.what).map(([v]) => v); axis.chosen = axis.chosen.length === every.length ? [] : every; drawAxes(); changed(); } }, t("grid.all"));
    return h("div", { class: "choices", role: "group", "aria-label": name }, chips, all);
  }
  const long = kind === "prompts" || kind === "str";
  const input = h(long ? "textarea" : "input", { "aria-label": name, placeholder: hint(axis.what, kind), rows: long ? 4 : null, spellcheck: "false", oninput: () => { axis.text = input.value; changed(); } });
  input.value = axis.text;
  if (kind !== "prompts") return input;
  const picker = h("input", { type: "file", accept: ".txt,text/plain", class: "unseen", tabindex: "-1", "aria-hidden": "true", onchange: async () => {
    const file = picker.files[0];
    if (!file) return;
    if (file.size > 1e6) { note(t("grid.file.large")); return; }
    input.value = axis.text = await file.text(); changed();
  } });
  return h("div", {}, input, picker, h("button", { type: "button", class: "link", onclick: () => picker.click() }, t("grid.file.open")));
};
const hint = (what, kind) => {
  if (kind === "replace") return t("grid.hint.replace");
  if (kind === "prompts") return t("grid.hint.prompts");
  if (kind === "matrix") return t("grid.hint.matrix");
  if (kind === "str") return t("grid.hint.lines");
  if (what === "steps") return "10, 20, 30 · 10-30 (+10)";
  if (what === "guidance") return "3, 5, 7.5 · 1-10 [4]";
  if (what.endsWith("seed")) return "1-4 · -1, -1, -1";
  if (what === "width" || what === "height") return "128, 256 · 128-256 (+64)";
  return "1, 2, 3 · 1-5 · 1-10 (+3) · 1-10 [5]";
};
const drawAxes = () => { cards.replaceChildren(...axes.map(card)); tellPlan(); };

// --- planning ------------------------------------------------------------------------------------------------
const send = (what) => {
  clearTimeout(waiting);
  if (what === "start") start.disabled = true;
  props.value = { ask: what, axes: sent(), fresh_seeds: seeds, turn: ++turn };
  trigger("input");
};
const changed = () => {
  atelier.store("grid", JSON.stringify({ axes: axes.map(({ what, chosen, text }) => ({ what, chosen, text: text.slice(0, 20000) })), seeds }));
  clearTimeout(waiting);
  waiting = setTimeout(() => send("plan"), 250);
};
const time = (s) => atelier.seconds(s);
/** own: the letter of the axis' card, where the server counted only those that are filled in. */
const explained = (problem, own = problem.values?.axis) => {
  const told = atelier.explain(problem), { axis: counted, value } = problem.values ?? {}, axis = counted && own;
  if (counted && told.message === problem.message) told.message = told.message.replace(`Axis ${counted}`, `Axis ${own}`);
  const place = atelier.language !== "en" && (axis || value) ? t("grid.place", { axis: axis ? `${axis} ` : "", value: value ? `“${value}”` : "" }) : "";
  return `${place}${told.message} ${told.remedy ?? ""}`.trim();
};
const tellPlan = () => {
  const of = refusal?.values?.axis;
  for (const axis of axes) {
    const letter = letterOf(axis), at = LETTERS.indexOf(letter), points = plan?.axes?.[at]?.points;
    const wrong = refusal && of && of === letter;
    axis.understood.classList.toggle("wrong", Boolean(wrong));
    axis.understood.textContent = wrong ? explained(refusal, LETTERS[axes.indexOf(axis)]) : !given(axis) || !points || refusal ? "" : t(points.length === 1 ? "grid.one.value" : "grid.some.values", { n: points.length, values: short(points) });
  }
  const general = refusal && !of;
  estimate.classList.toggle("wrong", Boolean(general));
  estimate.textContent = general ? explained(refusal) : !sent().length ? t("grid.choose") : plan && !refusal ? told(plan) : "";
  start.disabled = !plan || Boolean(refusal) || !sent().length;
  start.textContent = plan && !refusal && sent().length ? t(plan.drawings === 1 ? "grid.start.one" : "grid.start", { n: plan.drawings }) : t("grid.start.plain");
  if (!base) return;
  const parts = Object.entries(base.changed).filter(([name, value]) => !atelier.same(value, atelier.standard(name)))
    .map(([name, value]) => [name, atelier.tell(name, value)]).map(([name, value]) => `${atelier.label(name)} ${value.length > 40 ? `${value.slice(0, 39)}…` : value}`);
  about.replaceChildren(h("b", {}, base.prompt || t("no.prompt")), h("span", {}, [base.checkpoint && atelier.tell("checkpoint", base.checkpoint), ...parts].filter(Boolean).join("  ·  ")), h("button", { type: "button", class: "link", onclick: () => atelier.tab("txt2img") }, t("grid.change")));
};
const short = (points) => { const some = points.slice(0, 6).map((p) => (p.length > 24 ? `${p.slice(0, 23)}…` : p)).join(", "); return points.length > 6 ? `${some}, …` : some; };
const told = (p) => [t(p.cells === 1 ? "grid.cell" : "grid.cells", { n: p.cells }), p.drawings < p.cells ? t("grid.equal", { n: p.drawings }) : null, p.pictures !== p.drawings ? t("grid.pictures", { n: p.pictures }) : null,
  t("grid.calls", { n: p.evaluations.toLocaleString(atelier.language) }), p.seconds !== null ? t("grid.about", { time: time(p.seconds) }) : null].filter(Boolean).join(" · ");
const answered = () => {
  const reply = props.value?.reply;
  if (!reply || reply.to !== turn) return;
  base = reply.base;
  refusal = reply.problem ?? null;
  if (reply.plan) plan = reply.plan; else if (!reply.grid) plan = refusal ? plan : null;
  tellPlan();
  if (reply.grid) { zAt = 0; show(reply.grid).then(() => { if (innerWidth < 760) view.scrollIntoView({ behavior: "smooth" }); }); atelier.look(); listKnown(); }
};

// --- the list of grids ---------------------------------------------------------------------------------------
const listKnown = async () => {
  try { known = (await ask("api/grids")).grids; } catch { return; }
  drawKnown();
  if (!grid && known.length) show(known[0].id);
  if (!known.length) drawView();
};
const drawKnown = () => {
  knownTitle.hidden = !known.length;
  list.replaceChildren(...known.map((g) => h("button", { type: "button", class: "one", "aria-current": grid?.id === g.id ? "true" : null, onclick: () => { zAt = 0; show(g.id); } },
    h("span", { class: "prompt" }, g.prompt || t("no.prompt")), h("span", { class: "facts" }, `${g.what.map(named).join(" × ")}  ·  ${g.sizes.join(" × ")}  ·  ${stateWord(g)}`))));
};
const stateWord = (g) => {
  const done = g.counts.done ?? 0;
  if (g.state === "going") return t("grid.going", { i: done, n: g.total });
  if (g.state === "paused") return t("grid.paused", { i: done, n: g.total });
  if (g.state === "cancelled") return t("grid.cancelled", { i: done, n: g.total });
  return done === g.total ? t("grid.done", { n: g.total }) : t("grid.partly", { i: done, n: g.total });
};

// --- the table -----------------------------------------------------------------------------------------------
const busy = () => grid && (grid.state === "going" || ["queued", "running"].some((s) => grid.counts[s]));
const visible = () => root.offsetParent && !document.hidden;
let fetching = false, wanted = null, lastFetch = 0;
const show = async (id) => {
  if (fetching) { wanted = id; return; }
  fetching = true; lastFetch = Date.now();
  try { take(await ask(`api/grids/${id}`)); } catch (error) { if (grid?.id === id) grid = null; if (error.problem && id !== grid?.id) note(error.problem); } finally { fetching = false; }
  if (wanted) { const next = wanted; wanted = null; await show(next); }
};
const take = (next) => {
  const same = grid?.id === next.id, was = grid?.state;
  grid = next;
  const at = known.findIndex((g) => g.id === grid.id);
  if (at >= 0) known[at] = { ...known[at], state: grid.state, counts: grid.counts };
  if (!same) comparing = null;
  if (same && was === "going" && grid.state === "done") send("plan");  // the pace is known now
  drawKnown(); drawView(!same);
};
const act = (what) => async () => { try { take(await ask(`api/grids/${grid.id}/${what}`, { method: "POST" })); atelier.look(); } catch (error) { note(error.problem); } };
let confirming = false;
const remove = async () => {
  try { await ask(`api/grids/${grid.id}`, { method: "DELETE" }); } catch (error) { note(error.problem); return; }
  confirming = false; grid = null; await listKnown();
};
const labels = (at) => { let rest = at; return grid.axes.map((axis) => { const here = rest % axis.points.length; rest = Math.floor(rest / axis.points.length); return [axis.what, axis.points[here]]; }); };
const link = (icon, key, href) => h("a", { class: "tool", href, download: "", title: t(key), "aria-label": t(key) }, atelier.icon(icon));
const drawTools = () => {
  const c = grid.counts, lost = (c.failed ?? 0) + (c.cancelled ?? 0) + (grid.state === "cancelled" ? c.waiting ?? 0 : 0), parts = [];
  if (confirming) {
    tools.replaceChildren(h("span", { class: "sure" }, t("grid.delete.sure")), h("button", { type: "button", class: "plain danger", onclick: remove }, t("delete.yes")), h("button", { type: "button", class: "plain", onclick: () => { confirming = false; drawTools(); } }, t("delete.keep")));
    return;
  }
  const size = h("input", { type: "range", class: "zoom", min: "56", max: innerWidth < 760 ? "320" : "512", step: "4", value: String(zoom), "aria-label": t("grid.zoom"), title: t("grid.zoom"), oninput: () => { zoom = Number(size.value); atelier.store("grid.zoom", String(zoom)); resize(); } });
  parts.push(size);
  if (grid.state === "going") parts.push(tool("pause", "grid.pause", act("pause")));
  if (grid.state === "paused") parts.push(tool("play", "grid.resume", act("resume")));
  if (grid.state === "going" || grid.state === "paused") parts.push(tool("halt", "grid.cancel", act("cancel")));
  if (lost && grid.state !== "going") parts.push(tool("again", "grid.retry", act("retry")));
  parts.push(tool("beside", "grid.compare", () => { comparing = comparing ? null : []; drawTools(); drawMarks(); }, { "aria-pressed": String(Boolean(comparing)) }),
    link("file", "grid.as.page", `api/grids/${grid.id}/page`), link("picture", "grid.as.picture", `api/grids/${grid.id}/picture`),
    tool("trash", "grid.delete", () => { confirming = true; drawTools(); }));
  tools.replaceChildren(...parts);
};
const drawView = (anew = false) => {
  view.classList.toggle("blank", !grid);
  if (!grid) {
    nodes.clear(); tools.replaceChildren(); pages.replaceChildren(); caption.replaceChildren(); trouble.replaceChildren(); state.textContent = ""; bar.hidden = true;
    scroller.replaceChildren(h("div", { class: "card blank" }, atelier.icon("grid"), h("h2", {}, t("grid.empty.title")), h("p", {}, t("grid.empty.text"))));
    return;
  }
  const c = grid.counts, done = c.done ?? 0;
  state.replaceChildren(h("b", {}, grid.prompt || t("no.prompt")), h("span", {}, [stateWord(grid), c.failed ? t("grid.failed", { n: c.failed }) : null, grid.state === "going" && grid.seconds_left ? t("state.left", { time: time(grid.seconds_left) }) : null].filter(Boolean).join(" · ")));
  bar.hidden = done === grid.total;
  bar.setAttribute("aria-label", t("progress"));
  bar.setAttribute("aria-valuenow", String(Math.round((100 * done) / grid.total)));
  bar.firstChild.style.transform = `scaleX(${done / grid.total})`;
  const signature = `${grid.id} ${grid.state} ${c.failed ?? 0} ${c.cancelled ?? 0} ${atelier.language}`;
  if (anew || tools.dataset.of !== signature) { tools.dataset.of = signature; confirming = false; drawTools(); }
  drawTrouble();
  if (anew || !nodes.size) drawTable();
  drawCells();
};
const drawTrouble = () => {
  const told = new Map();
  for (const cell of grid.cells) if (cell.problem) { const text = explained(cell.problem); told.set(text, (told.get(text) ?? 0) + 1); }
  const rows = [...told].slice(0, 3).map(([text, n]) => h("p", {}, n > 1 ? `${n} × ${text}` : text));
  if (grid.problem) rows.unshift(h("p", {}, explained(grid.problem)));
  trouble.replaceChildren(...rows);
};
const drawTable = () => {
  nodes.clear();
  const [xs, ys, zs] = [0, 1, 2].map((n) => grid.axes[n]?.points ?? [""]), [xn, yn] = grid.axes.map((axis) => named(axis.what));
  zAt = Math.min(zAt, zs.length - 1);
  pages.replaceChildren(...(grid.axes[2] ? [h("span", { class: "name" }, named(grid.axes[2].what)), ...zs.map((label, z) => h("button", { type: "button", class: "chip", role: "tab", "aria-selected": String(z === zAt), onclick: () => { zAt = z; drawTable(); drawCells(); } }, label))] : []));
  const top = h("tr", {}, h("th", { class: "corner", scope: "col" }, h("span", {}, xn), yn ? h("span", {}, yn) : null), xs.map((label) => h("th", { scope: "col", title: label }, h("span", {}, label))));
  const rows = ys.map((label, y) => h("tr", {}, h("th", { scope: "row", title: label }, h("span", {}, label)), xs.map((_, x) => {
    const at = (zAt * ys.length + y) * xs.length + x;
    const node = h("button", { type: "button", class: "box", "data-at": at, onclick: () => press(at), onfocus: () => tell(at), onpointerenter: () => tell(at) });
    nodes.set(at, node);
    return h("td", {}, node);
  })));
  scroller.replaceChildren(h("table", {}, h("thead", {}, top), h("tbody", {}, rows)));
  resize(); tell(null);
};
const ratio = () => { const v = grid.values; return v.width && v.height ? v.width / v.height : 1; };
const resize = () => {
  if (!grid) return;
  scroller.style.setProperty("--wide", `${zoom}px`);
  scroller.style.setProperty("--tall", `${Math.round(zoom / ratio())}px`);
  if ((zoom > 300) !== scroller.large) { scroller.large = zoom > 300; for (const node of nodes.values()) node.sign = ""; drawCells(); }
};
const source = (id) => `api/images/${id}/${zoom > 300 ? "file" : "thumbnail"}`;
const drawCells = () => {
  const previews = new Map((atelier.snapshot?.jobs ?? []).map((job) => [job.id, job.pictures.find((p) => p.preview)?.preview]));
  for (const [at, node] of nodes) {
    const cell = grid.cells[at], preview = cell.state === "running" ? previews.get(cell.job) : null;
    const sign = `${cell.state} ${cell.images[0] ?? ""} ${cell.images.length} ${preview?.length ?? ""} ${atelier.language}`;
    if (node.sign === sign) continue;
    if (node.sign && at === toldAt) tell(at);  // it is being read about
    node.sign = sign;
    node.className = `box ${cell.state}`;
    node.setAttribute("aria-label", `${labels(at).map(([what, label]) => `${named(what)} ${label}`).join(", ")}: ${word(cell)}`);
    const src = cell.images[0] ? source(cell.images[0]) : preview;
    if (src) {
      let img = node.querySelector("img");
      if (!img) { img = h("img", { alt: "", loading: "lazy", draggable: "false", onerror: () => { if (cell.images[0]) node.replaceChildren(h("span", {}, t("grid.state.deleted"))); } }); node.replaceChildren(img); }
      if (img.getAttribute("src") !== src) img.src = src;
      node.querySelector("i")?.remove();
      if (cell.images.length > 1) node.append(h("i", {}, String(cell.images.length)));
    } else node.replaceChildren(...(cell.state === "failed" ? [atelier.icon("warn"), h("span", {}, word(cell))] : ["waiting", "queued"].includes(cell.state) ? [] : [h("span", {}, word(cell))]));
  }
  drawMarks();
};
const word = (cell) => (cell.state === "done" && !cell.images.length ? t("grid.state.deleted") : t(`grid.state.${cell.state}`));
const drawMarks = () => {
  scroller.classList.toggle("comparing", Boolean(comparing));
  for (const [at, node] of nodes) if (comparing) node.setAttribute("aria-pressed", String(comparing.includes(at))); else node.removeAttribute("aria-pressed");
  if (comparing && !comparing.length) caption.replaceChildren(h("p", {}, t("grid.compare.pick")));
};
let telling = 0, toldAt = null;
const tell = async (at) => {
  const mine = ++telling;
  toldAt = at;
  if (at === null) { caption.replaceChildren(h("p", { class: "subdued" }, t(matchMedia("(hover: none)").matches ? "grid.touch" : "grid.hover"))); return; }
  const cell = grid.cells[at], place = labels(at).map(([what, label]) => `${named(what)} ${label}`).join("  ·  ");
  const line = h("p", { class: "facts" }, cell.problem ? explained(cell.problem) : cell.images.length ? "" : word(cell));
  caption.replaceChildren(h("p", { class: "place" }, place), line);
  if (!cell.images.length) return;
  const image = await atelier.image(cell.images[0]).catch(() => null);
  if (image && mine === telling) line.textContent = `${atelier.summary(image)}  ·  ${image.prompt}`;
};
const press = (at) => {
  const cell = grid.cells[at];
  tell(at);
  if (!cell.images.length) return;
  if (!comparing) { atelier.details(cell.images[0], grid.cells.flatMap((c) => c.images)); return; }
  comparing = comparing.includes(at) ? comparing.filter((other) => other !== at) : [...comparing, at].slice(-2);
  drawMarks();
  if (comparing.length === 2) compare(...comparing);
};
scroller.addEventListener("keydown", (event) => {
  const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0, down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0, at = Number(document.activeElement?.dataset?.at ?? NaN);
  if ((!across && !down) || Number.isNaN(at)) return;
  const columns = grid.axes[0].points.length, x = (at % columns) + across;
  if (x < 0 || x >= columns) return;
  const next = nodes.get(at + across + down * columns);
  if (next) { event.preventDefault(); next.focus(); }
});

// --- two cells side by side ----------------------------------------------------------------------------------
const dialog = h("dialog", { class: "beside", "aria-label": t("grid.compare") });
document.querySelectorAll("body > dialog.beside").forEach((old) => old.remove());
document.body.append(dialog);
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => { const last = comparing?.at(-1); comparing = null; if (grid) { drawTools(); drawMarks(); } nodes.get(last)?.focus(); });
const compare = async (one, two) => {
  let images;
  try { images = await Promise.all([one, two].map((at) => atelier.image(grid.cells[at].images[0]))); } catch (error) { note(error.problem); return; }
  const [a, b] = images.map((image) => image.values);
  const differing = Object.keys(a).filter((name) => String(a[name]) !== String(b[name]) && !["checkpoint_hash", "start"].includes(name));
  const side = (image, at) => h("figure", {}, h("img", { src: `api/images/${image.id}/file`, alt: image.prompt, draggable: "false" }), h("figcaption", {}, labels(at).map(([what, label]) => `${named(what)} ${label}`).join("  ·  ")));
  dialog.replaceChildren(tool("close", "close", () => dialog.close(), { class: "tool leave" }), h("div", { class: "two" }, side(images[0], one), side(images[1], two)),
    h("table", {}, h("tbody", {}, differing.map((name) => h("tr", {}, h("th", { scope: "row" }, atelier.label(name)), h("td", {}, String(a[name] ?? "—")), h("td", {}, String(b[name] ?? "—")))))));
  if (!dialog.open) dialog.showModal();
};

// --- when to look --------------------------------------------------------------------------------------------
const refresh = () => { if (grid && visible() && busy() && Date.now() - lastFetch > 700) show(grid.id); };
atelier.on("state", () => { if (!grid || !visible()) return; drawCells(); refresh(); });
setInterval(() => { if (Date.now() - lastFetch > 1500) refresh(); }, 1000);
atelier.on("images", (what) => { if (what?.deleted && grid && visible()) show(grid.id); });
let shownBefore = false;
new ResizeObserver(() => {
  const now = Boolean(root.offsetParent);
  if (now && !shownBefore) { send("plan"); listKnown(); if (grid) show(grid.id); }
  shownBefore = now;
}).observe(root);
const words = () => {
  builderTitle.textContent = t("grid.new"); knownTitle.textContent = t("grid.known"); seedLabel.textContent = t("grid.seeds");
  dialog.setAttribute("aria-label", t("grid.compare"));
  seedBox.checked = seeds;
  drawAxes(); drawKnown(); if (grid) drawView(true); else drawView();
};
atelier.on("language", words);
atelier.on("models", drawAxes);
watch("value", answered);
words();
