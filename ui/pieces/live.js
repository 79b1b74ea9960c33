// Live: after each stroke a look at the picture in a few steps, in the place of the look before; Finish draws it in full with the same seed.
const { h, t } = atelier;
const PAUSE = 60, LATER = 400, PATIENCE = 15000;  // milliseconds: after a stroke, after a word or a slider, until an answer is given up
let on = false, seed = null, job = null, turn = 0, asked = 0, dropped = 0, waits = false, timer = null;
const draw = () => {
  const another = () => { seed = null; begin(); };
  const own = String(atelier.form?.seed ?? "-1") === "-1";  // else the form says which
  root.replaceChildren(h("div", { class: "live" },
    h("button", { type: "button", class: "toggle", role: "switch", id: "live", "aria-checked": String(on), title: t("live.help"), onclick: () => set(!on) }, h("i", { "aria-hidden": "true" }), t("live")),
    ...(on ? [h("span", { class: "ends" }, own ? atelier.tool("dice", "live.another", another, { id: "live-another" }) : null, h("button", { type: "button", class: "plain small", id: "live-finish", title: t("live.finish.help"), onclick: () => document.getElementById("generate").click() }, t("live.finish")))] : [])));
  root.parentElement.classList.toggle("idle", atelier.benched !== "sketch");
};
const drawing = () => on && root.isConnected && atelier.benched === "sketch" && document.documentElement.dataset.bench === "sketch";
const set = (next) => { on = next; seed = null; glance.hidden = true; draw(); if (on) begin(); else leave(); };
/** The look that is being drawn, or asked for, is not wanted any more. */
const leave = () => {
  clearTimeout(timer);
  waits = false;
  dropped = turn;
  if (job) atelier.ask(`api/jobs/${job}/cancel`, { method: "POST" }).then(atelier.look, () => {});  // it may have ended long ago
  job = null;
};
const begin = (pause = PAUSE) => { if (!drawing()) return; clearTimeout(timer); timer = setTimeout(look, pause); };
/** One question at a time: strokes that come meanwhile are one more when it is answered. */
const look = async () => {
  if (!drawing()) return;
  if (asked && Date.now() - asked < PATIENCE) { waits = true; return; }
  const canvas = atelier.canvas("sketch", "sketch");
  if (canvas.empty() && !(await canvas.picture())) return;
  asked = Date.now();
  waits = false;
  seed ??= String(crypto.getRandomValues(new Uint32Array(1))[0] % 4294967294);
  const from = await atelier.start({ live: true });
  if (!drawing()) { asked = 0; return; }
  props.value = { begin: from, turn: ++turn };
  trigger("input");
};
watch("value", () => {
  const { answered, problem, job: id } = props.value ?? {};
  if (answered !== turn || !asked) return;
  asked = 0;
  job = id ?? null;
  if (dropped === answered) { leave(); return; }
  atelier.emit("looked", { problem });
  atelier.look();
  if (waits) begin(0);
});
const canvas = atelier.canvas("sketch", "sketch");
canvas.on("changed", ({ what }) => { if (what !== "restored") begin(); });
atelier.on("sketch", () => begin(LATER));
let last = "";
atelier.on("form", (form) => { const now = JSON.stringify(form); if (now !== last) { if (last) begin(LATER); last = now; draw(); } });
atelier.on("asked", () => { if (on) leave(); });
atelier.on("stop", () => { if (on && atelier.benched === "sketch") set(false); });
atelier.on("bench", () => { if (on && !drawing()) leave(); draw(); });
atelier.on("language", draw);
/** Where the stage is out of sight beside the canvas, a small picture lies in its corner. */
const glance = h("img", { class: "glance", alt: "", draggable: "false", hidden: true });
atelier.on("state", ({ jobs }) => {
  const picture = jobs.filter((one) => one.live).map((one) => one.pictures[0]?.preview).find(Boolean), place = document.querySelector("#piece-canvas-sketch .paint-stage");
  if (glance.parentElement !== place) place?.append(glance);
  if (picture) glance.src = picture;
  glance.hidden = !drawing() || !glance.src;
});
/** seed: the one of the looks, for the picture that is finished; null where the form says it. */
atelier.live = { get seed() { return drawing() && String(atelier.form?.seed ?? "-1") === "-1" ? seed : null; } };
draw();
