// The tab "Training": the runs on one side; a new training in three steps, or the page of one run, on the other.
const { h, t, plan, ask } = atelier;
const STEPS = ["goal", "pictures", "ready"];
let step = STEPS.includes(atelier.stored("training.step")) ? atelier.stored("training.step") : "goal", view = atelier.stored("training.view") || "", runs = null, timer = 0, wrong = null;

const check = atelier.check(), goal = atelier.goal(), pictures = atelier.pictures(check);
const ready = atelier.ready(check, async (id) => { await list(); open(id); });
const page = atelier.runPage({ changed: () => list(), gone: async () => { await list(); open(runs?.[0]?.id ?? "new"); }, again: (values) => { plan.restore(values); go("ready"); open("new"); } });
const parts = { goal, pictures, ready };

const fresh = h("button", { type: "button", class: "plain strong fresh-run", onclick: () => open("new") }), rail = h("div", { class: "runs" }), railTitle = h("h2", {});
const marks = h("ol", { class: "stepmarks" }), body = h("div", { class: "stepbody" }), back = h("button", { type: "button", class: "plain", onclick: () => go(STEPS[STEPS.indexOf(step) - 1]) }), next = h("button", { type: "button", class: "plain strong", onclick: () => go(STEPS[STEPS.indexOf(step) + 1]) });
const foot = h("div", { class: "stepfoot" }, back, h("span", { class: "space" }), next), wizard = h("section", { class: "wizard" }, marks, body, foot);
const main = h("div", { class: "main" }, wizard, page.node);
root.classList.add("trainpage");
root.replaceChildren(h("aside", { class: "rail" }, fresh, railTitle, rail), main);

// --- the list of runs ------------------------------------------------------------------------------------------
const going = (run) => ["new", "waiting", "running", "paused"].includes(run.status);
const list = async () => {
  clearTimeout(timer);
  try { const found = await ask("api/training"); runs = found.runs.filter((run) => !run.dry).map((run) => (run.queued ? { ...run, status: "waiting" } : run)); plan.busy = !found.free; } catch (error) { if (!error.problem) throw error; }
  drawRuns();
  timer = setTimeout(tick, runs?.some(going) ? 2000 : 8000);
};
const tick = () => { if (root.offsetParent && !document.hidden) list(); else timer = setTimeout(tick, 2000); };
const told = (run) => {
  if (run.status === "running") return [run.total ? `${run.step.toLocaleString(atelier.language)} / ${run.total.toLocaleString(atelier.language)}` : t("training.status.running"), run.eta ? t("state.left", { time: plan.hours(run.eta) }) : null].filter(Boolean).join(" · ");
  if (run.status === "waiting" && run.queued) return t("training.status.place", { n: run.queued });
  return [t(`training.status.${run.status}`), run.total && !["finished", "waiting", "new"].includes(run.status) ? `${run.step} / ${run.total}` : null].filter(Boolean).join(" · ");
};
const drawRuns = () => {
  railTitle.hidden = !runs?.length;
  root.classList.toggle("first-time", !runs?.length);
  const rows = new Map([...rail.children].map((n) => [n.dataset.id, n]));
  rail.replaceChildren(...(runs ?? []).map((run) => {
    const row = rows.get(run.id) ?? h("button", { type: "button", class: "runrow", "data-id": run.id, onclick: () => open(run.id) }, h("i", { class: "thumb" }), h("span", { class: "words" }, h("b", {}), h("small", {})), h("i", { class: "line" }, h("i", {})));
    const [thumb, words, line] = row.children, src = run.sample;
    row.className = `runrow ${run.status}`;
    if (view === run.id) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
    if (src && thumb.dataset.src !== src) { thumb.dataset.src = src; thumb.replaceChildren(h("img", { src, alt: "", draggable: "false" })); }
    if (!src && !thumb.childElementCount) thumb.append(atelier.icon("model"));
    words.children[0].textContent = run.name; words.children[0].title = run.name;
    words.children[1].textContent = told(run);
    line.hidden = !going(run) || !run.total;
    line.firstChild.style.transform = `scaleX(${run.total ? run.step / run.total : 0})`;
    return row;
  }));
};

// --- which page --------------------------------------------------------------------------------------------------
const open = (id) => {
  view = id;
  atelier.store("training.view", id);
  const isNew = id === "new" || !id;
  wizard.hidden = !isNew; page.node.hidden = isNew;
  fresh.setAttribute("aria-current", String(isNew));
  root.classList.toggle("on-run", !isNew);
  if (isNew) { drawWizard(true); pictures.list(); } else page.show(id);
  drawRuns();
  if (innerWidth <= 760) rail.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
};
const go = (to) => { if (!to) return; step = to; atelier.store("training.step", to); drawWizard(true); body.scrollTop = 0; };
const drawMarks = () => {
  marks.replaceChildren(...STEPS.map((name, i) => {
    const done = name === "goal" ? Boolean(plan.state.goal) : name === "pictures" ? check.state === "ready" : false;
    return h("li", { class: `${done ? "done" : ""} ${name === "pictures" && ["errors", "failed"].includes(check.state) ? "bad" : ""}` }, h("button", { type: "button", "aria-current": name === step ? "step" : null, onclick: () => go(name) }, h("i", {}, done && name !== step ? atelier.icon("check") : String(i + 1)), h("span", {}, h("b", {}, t(`training.step.${name}`)), h("small", {}, parts[name].title()))));
  }));
};
const drawWizard = (moved) => {
  if (wizard.hidden) return;
  if (!plan.schema) {
    marks.replaceChildren(); foot.hidden = true;
    if (wrong) { const told = plan.explain(wrong); body.replaceChildren(h("div", { class: "card blank" }, atelier.icon("warn"), h("h2", {}, told.message), h("p", {}, told.remedy ?? ""), h("button", { type: "button", class: "plain", onclick: begin }, t("again")))); } else body.replaceChildren(h("div", { class: "card blank" }, h("p", {}, t("training.loading"))));
    return;
  }
  foot.hidden = false;
  const part = parts[step];
  if (body.firstChild !== part.node) body.replaceChildren(part.node);
  if (moved || step !== "pictures") part.draw(moved);
  drawMarks();
  const at = STEPS.indexOf(step);
  back.hidden = at === 0; next.hidden = at === STEPS.length - 1;
  back.textContent = t("training.back"); next.textContent = t("training.next");
  next.disabled = step === "goal" && !plan.state.goal;
  foot.classList.toggle("last", at === STEPS.length - 1);
};

// --- when to look ------------------------------------------------------------------------------------------------
const begin = async () => {
  wrong = null;
  try { await plan.load(); } catch (error) { if (!error.problem) throw error; wrong = error.problem; }
  await list();
  if (view !== "new" && !runs?.some((r) => r.id === view)) view = runs?.find(going)?.id ?? (view ? runs?.[0]?.id : null) ?? "new";
  open(view);
  words();
  if (plan.state.set) check.changed();
};
const words = () => {
  fresh.replaceChildren(atelier.icon("plus"), h("span", {}, t("training.new"))); railTitle.textContent = t("training.runs");
  root.setAttribute("aria-label", t("tab.training"));
  drawRuns(); check.draw(); drawWizard(true);
};
let begun = false;
new ResizeObserver(() => {
  const now = Boolean(root.offsetParent);
  if (now && !begun) begin(); else if (now) tick();
  begun = begun || now;
}).observe(root);
atelier.on("plan", () => { check.unlessKnown(); drawWizard(false); });
atelier.on("language", words);
atelier.on("models", () => { if (step === "ready") drawWizard(true); });
atelier.on("link", (well) => { if (well && begun) { if (!plan.schema) begin(); else list(); } });
check.listeners.push(drawMarks);
fresh.textContent = t("training.new");
