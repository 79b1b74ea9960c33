// Control units in the form: each a picture, what is made of it, and the ControlNet that reads that. The value is their list.
const { h, t, tool, control } = atelier;
Object.assign(atelier.shapes, { plus: "M12 5v14M5 12h14", eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z" });
const FOLDED = ["mode", "resize_mode", "pixel_perfect", "resolution"];
const MAPPED = [...FOLDED, "preprocessor", "threshold_a", "threshold_b"];  // what says how a map is made, or counts
const EMPTY = control.unit();
const given = () => (Array.isArray(props.value) && props.value.length ? props.value : [EMPTY]);  // one is in sight, though nothing is asked yet
const list = h("div", { class: "units", id: "field-control" }), foot = h("div", { class: "units-foot" });
const picker = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/avif,image/gif", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "control-file" });
document.querySelectorAll("body > dialog.map").forEach((old) => old.remove());
const large = h("dialog", { class: "map", onclick: () => large.close() });
document.body.append(large);
root.replaceChildren(h("div", { class: "control" }, list, foot, picker));
let units = given(), cards = [], choosing = 0;
const maps = new Map(), MAPS = 20;  // addresses of maps by what they were made of
let begun = "";  // the starting picture that was last seen, for units without their own
let closed = new Set();

/** redrawn: the cards are not what the units are; else only values changed, and the hand is still on a slider. */
const set = (next, redrawn = false) => {
  units = next.length ? next : [EMPTY];
  props.value = units.length === 1 && atelier.same([EMPTY], units) ? [] : units;
  trigger("input");
  if (redrawn) draw();
};
const change = (at, values, redrawn) => set(units.map((unit, i) => (i === at ? { ...unit, ...values } : unit)), redrawn);
const add = () => { set([...units, control.unit()], true); cards.at(-1)?.querySelector("summary")?.focus(); };
const remove = (at) => {
  closed = new Set([...closed].filter((i) => i !== at).map((i) => (i > at ? i - 1 : i)));
  cards.splice(at, 1);
  set(units.filter((_, i) => i !== at), true);
};
const starts = () => Boolean(atelier.ways[atelier.benched]);

// --- the picture, and its map --------------------------------------------------------------------------------
const say = (at, problem) => {
  const line = cards[at]?.querySelector(".wrong");
  if (!line) return;
  const told = problem && atelier.explain(problem);
  line.textContent = told ? [told.message, told.remedy].filter(Boolean).join(" ") : "";
};
const take = async (at, blob) => {
  say(at, null);
  try { change(at, { picture: await control.give(blob) }, true); } catch (error) { if (!error.problem) throw error; say(at, error.problem); }
};
const takeShown = async (at) => {
  const answer = await fetch(`api/images/${atelier.shown.id}/file`);
  if (answer.ok) await take(at, await answer.blob());
};
picker.addEventListener("change", () => { if (picker.files[0]) take(choosing, picker.files[0]); });
const choose = (at) => { choosing = at; picker.value = ""; picker.click(); };
const enlarge = (img) => { large.replaceChildren(h("img", { src: img.src, alt: img.alt })); large.setAttribute("aria-label", img.alt); large.showModal(); };
/** What the map depends on. */
const sign = (unit, picture) => JSON.stringify([picture, unit.preprocessor, unit.threshold_a, unit.threshold_b, unit.pixel_perfect, unit.pixel_perfect || unit.resolution, unit.resize_mode, atelier.form?.width, atelier.form?.height]);
const preview = async (at) => {
  const unit = units[at], place = cards[at].querySelector(".made");
  say(at, null);
  place.classList.add("busy");
  try {
    const from = unit.picture ? {} : await atelier.start(), picture = unit.picture || from.picture || from.control?.picture;
    if (!picture) { say(at, { code: "control.picture", message: t("error.control.picture.message"), remedy: t("error.control.picture.remedy"), values: {} }); return; }
    if (!unit.picture) begun = picture;
    maps.set(sign(unit, picture), URL.createObjectURL(await control.map(unit, picture)));
    for (const [key, url] of [...maps].slice(0, -MAPS)) { URL.revokeObjectURL(url); maps.delete(key); }
    if (units[at] && cards[at]) drawMap(at);
  } catch (error) { if (!error.problem) throw error; say(at, error.problem); } finally { cards[at]?.querySelector(".made").classList.remove("busy"); }
};
const drawMap = (at) => {
  const place = cards[at].querySelector(".made");
  place.hidden = control.sees(units[at]);
  const made = maps.get(sign(units[at], units[at].picture || begun));
  const img = made ? h("img", { src: made, alt: t("control.map", { n: at + 1 }), draggable: "false" }) : null;
  place.replaceChildren(h("button", { type: "button", class: "face", title: t(img ? "control.enlarge" : "control.preview"), "aria-label": t(img ? "control.enlarge" : "control.preview"), onclick: () => (img ? enlarge(img) : preview(at)) },
    img ?? h("span", { class: "ask" }, atelier.icon("eye"), t("control.preview"))),
  h("span", { class: "under" }, t("control.made"), img ? tool("reset", "control.again", () => preview(at)) : null));
};
const drawPicture = (at) => {
  const place = cards[at].querySelector(".given"), unit = units[at], words = t(unit.picture ? "begin.other" : "control.choose");
  const img = unit.picture ? h("img", { alt: t("control.field.picture.label"), draggable: "false" }) : null;
  if (img) control.face(unit.picture).then((src) => { img.src = src; }, (error) => { if (error.problem) say(at, error.problem); });
  place.replaceChildren(h("button", { type: "button", class: "face", id: `field-control.${at}.picture`, title: words, "aria-label": words, onclick: () => choose(at) },
    img ?? h("span", { class: "ask" }, atelier.icon("open"), t(starts() ? "control.start" : "control.drop"))),
  h("span", { class: "under" }, t("control.field.picture.label"),
    unit.picture ? tool("close", "begin.remove", () => change(at, { picture: "" }, true)) : atelier.shown ? tool("picture", "begin.latest", () => takeShown(at)) : null));
};

// --- values --------------------------------------------------------------------------------------------------
const names = (name) => (atelier.has(`control.choice.${name}`) ? t(`control.choice.${name}`) : name);
const known = (at, name, more = {}) => ({ ...control.values[name], id: `field-control.${at}.${name}`, label: t(`control.field.${name}.label`), help: t(`control.field.${name}.help`), zero: true,
  choices: control.values[name].choices.map((choice) => [choice, names(choice)]), ...more });
const field = (at, name, more, redrawn = false) => atelier.field(known(at, name, more), units[at][name], (next) => { change(at, { [name]: next }, redrawn); drawMap(at); head(at); });
const networks = (at) => {
  const unit = units[at], found = control.networks.map((one) => [one.name, one.title || one.name, control.unfit(one)]);
  const choices = [["", t("control.choose.network"), null], ...found].map(([name, words, why]) => [name, why ? `${words} – ${t("control.unusable")}` : words, Boolean(why), why]);
  if (unit.model && !found.some(([name]) => name === unit.model)) choices.push([unit.model, `${unit.model} – ${t("control.absent")}`]);
  return atelier.field(known(at, "model", { choices }), unit.model, (model) => {
    const before = control.sees(unit), now = control.sees({ model });
    change(at, { model, model_hash: "", encoder_hash: "", ...(now ? Object.fromEntries(MAPPED.map((name) => [name, control.values[name].default])) : {}) }, before !== now);
    head(at);
  });
};
const preprocessor = (at) => {
  // Those whose weights are not here are listed below the units, and stand among these only where a unit names one.
  const usable = (name) => (control.looked ? !control.wrong[name] : !control.preprocessors[name].files.length);
  const choices = Object.keys(control.preprocessors).filter((name) => usable(name) || name === units[at].preprocessor)
    .map((name) => [name, t(`preprocessor.${name}`) + (usable(name) || !control.looked ? "" : ` – ${t("control.unusable")}`), false, t(`preprocessor.${name}.about`)]);
  return atelier.field(known(at, "preprocessor", { choices }), units[at].preprocessor, (name) => { change(at, { preprocessor: name, threshold_a: null, threshold_b: null }); thresholds(at); drawMap(at); });
};
/** Only those that the preprocessor has, with its words and ranges. */
const thresholds = (at) => {
  const unit = units[at], facts = control.preprocessors[unit.preprocessor], place = cards[at].querySelector(".thresholds");
  if (!place) return;
  const sliders = [["a", "threshold_a"], ["b", "threshold_b"]].filter(([which]) => facts[which]).map(([which, name]) => {
    const { label, low, high, step, default: own } = facts[which];
    return atelier.field({ type: "float", id: `field-control.${at}.${name}`, label: t(`preprocessor.slider.${label}`), help: "", low, high, step, zero: true }, unit[name] ?? own,
      (next) => { change(at, { [name]: next === own ? null : next }); drawMap(at); });
  });
  place.classList.toggle("pair", sliders.length > 1);
  place.replaceChildren(h("p", { class: "hint" }, t(`preprocessor.${unit.preprocessor}.about`)), ...sliders);
};
const head = (at) => {
  const unit = units[at], summary = cards[at].querySelector("summary"), network = control.networks.find((one) => one.name === unit.model);
  cards[at].classList.toggle("off", Boolean(unit.off));
  summary.querySelector("small").textContent = [network?.title || unit.model, unit.model && unit.weight !== 1 ? Math.round(unit.weight * 100) / 100 : ""].filter((part) => part !== "" && part).join(" × ");
};
const card = (at) => {
  const unit = units[at], on = h("input", { type: "checkbox", class: "box-to-tick", title: t("control.on"), "aria-label": t("control.on"), onchange: () => { const { off, ...rest } = units[at]; set(units.map((one, i) => (i === at ? (on.checked ? rest : { ...rest, off: true }) : one))); head(at); } });
  on.checked = !unit.off;
  on.addEventListener("click", (event) => event.stopPropagation());  // the summary under it folds
  const node = h("details", { class: "unit", open: !closed.has(at), "data-unit": at, ontoggle: () => (node.open ? closed.delete(at) : closed.add(at)) },
    h("summary", {}, on, h("b", {}, t("control.unit", { n: at + 1 })), h("small", {}), tool("trash", "control.remove", (event) => { event.preventDefault(); remove(at); })),
    h("div", { class: "pictures" }, h("div", { class: "given" }), h("div", { class: "made" })), h("p", { class: "wrong", role: "alert" }));
  cards[at] = node;
  const reads = [preprocessor(at), h("div", { class: "thresholds" })], counts = [field(at, "weight"), h("div", { class: "pair" }, field(at, "start"), field(at, "end"))];
  if (control.sees(unit)) { node.append(networks(at), h("p", { class: "hint" }, t("control.sees")), ...counts); return dropped(at, node); }
  node.append(networks(at), ...reads, ...counts,
    h("details", { class: "start-more" }, h("summary", {}, t("begin.more")), h("div", { class: "grid" }, field(at, "mode"), field(at, "resize_mode"), field(at, "pixel_perfect", {}, true), ...(unit.pixel_perfect ? [] : [field(at, "resolution")]))));
  if (FOLDED.some((name) => unit[name] !== control.values[name].default)) node.querySelector(".start-more").open = true;
  return dropped(at, node);
};
/** A picture may be dropped on it. */
const dropped = (at, node) => {
  node.addEventListener("dragover", (event) => { event.preventDefault(); node.classList.add("over"); });
  node.addEventListener("dragleave", () => node.classList.remove("over"));
  node.addEventListener("drop", (event) => {
    event.preventDefault(); event.stopPropagation();
    node.classList.remove("over");
    atelier.emit("dropped");
    if (event.dataTransfer.files[0]) take(at, event.dataTransfer.files[0]);
  });
  return node;
};
/** Preprocessors that wait for a file, each with its name, or with what is wrong with the file that is there. */
const lacking = () => {
  const named = Object.entries(control.wrong);
  const why = (problem) => (problem.code === "preprocessor.missing" ? t("control.networks.file", { file: problem.values.file }) : atelier.explain(problem).message);
  return named.length ? [h("details", { class: "damaged", id: "more-preprocessors" }, h("summary", {}, t("control.networks", { n: named.length })),
    h("ul", {}, named.map(([name, problem]) => h("li", {}, h("b", {}, t(`preprocessor.${name}`)), ` ${why(problem)}`))))] : [];
};
const draw = () => {
  const folds = cards.map((one) => one.querySelector(".start-more")?.open);
  cards = [];
  list.replaceChildren(...units.map((_, at) => card(at)));
  units.forEach((_, at) => { head(at); drawPicture(at); drawMap(at); thresholds(at); const more = cards[at].querySelector(".start-more"); if (folds[at] && more) more.open = true; });
  const broken = control.networks.map((one) => [one.title || one.name, control.unfit(one)]).filter(([, why]) => why), usable = control.networks.length - broken.length;
  foot.replaceChildren(...(control.looked && !usable ? [h("p", { class: "hint" }, t("control.none"))] : []),
    ...(broken.length ? [h("details", { class: "damaged" }, h("summary", {}, t(broken.length === 1 ? "control.broken.one" : "control.broken", { n: broken.length })), h("ul", {}, broken.map(([name, why]) => h("li", {}, h("b", {}, name), ` ${why}`))))] : []),
    ...lacking(),
    ...(units.length < control.most ? [h("button", { type: "button", class: "plain", id: "add-unit", onclick: add }, atelier.icon("plus"), t("control.add"))] : []));
};
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/")), at = cards.findIndex((node) => node.contains(document.activeElement));
  if (file && at >= 0) { event.preventDefault(); take(at, file); }
}, true);
watch("value", () => { if (atelier.same(given(), units)) return; units = given(); draw(); });
for (const event of ["bench", "language", "controlnets", "models"]) atelier.on(event, draw);
atelier.on("shown", () => units.forEach((_, at) => { if (cards[at]) drawPicture(at); }));
draw();
control.load();
