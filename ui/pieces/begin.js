// What a picture begins with, besides noise: the starting picture of "Image to image", and the parameters of its start.
const { h, t, tool } = atelier;
const STARTS = JSON.parse(document.getElementById("atelier-starts").textContent);
const PLAIN = { picture: ["strength", "image_guidance"], mask: ["strength", "image_guidance"] };  // those always in sight; the others are folded
const KEY = "start";
const values = (() => { try { return JSON.parse(atelier.stored(KEY) ?? "{}"); } catch { return {}; } })();  // by tab and name, where they differ
/** Of the chosen model: it changes a picture as it is told. */
const instructs = () => Boolean(atelier.models.models.find((one) => one.name === atelier.models.chosen)?.instructs);
const loops = (tab) => Boolean(known(tab, "loops")) && value(tab, "loops") > 1;  // an inpainting has none
const asked = { image_guidance: instructs, final_strength: loops, strength_curve: loops };  // parameters that say nothing otherwise
const declared = (tab) => (tab === "sketch" && !atelier.sketch.coloured ? [] : STARTS[atelier.ways[tab]?.kind] ?? []);
const drawn = (tab) => declared(tab).filter((one) => !one.name.startsWith("outpaint_") && (asked[one.name]?.(tab) ?? true));  // the frame is on the canvas
const known = (tab, name) => declared(tab).find((one) => one.name === name);
const value = (tab, name) => values[`${tab}.${name}`] ?? known(tab, name).default;
const set = (tab, name, next) => {
  if (next === known(tab, name).default) delete values[`${tab}.${name}`]; else values[`${tab}.${name}`] = next;
  atelier.store(KEY, JSON.stringify(values));
};
/** What a picture began with, into a tab; answers its other values, which are the form's. */
atelier.begun = (tab, given) => {
  for (const one of drawn(tab)) set(tab, one.name, given[one.name] ?? one.default);
  draw();
  const own = new Set(["picture", "mask", ...Object.values(STARTS).flat().map((one) => one.name)]);
  return Object.fromEntries(Object.entries(given).filter(([name]) => !own.has(name)));
};
/** The parameters of a tab's start as they stand in the form. */
const started = (tab) => Object.fromEntries(drawn(tab).map((one) => [one.name, value(tab, one.name)]));

// --- the starting picture, kept by the browser ---------------------------------------------------------------
const database = () => new Promise((resolve, reject) => {
  const request = indexedDB.open("atelier-begin", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("pictures");
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const keep = async (blobs) => { try { const store = (await database()).transaction("pictures", "readwrite").objectStore("pictures"); if (blobs) store.put(blobs, "img2img"); else store.delete("img2img"); } catch { /* a private window: it lasts as long as the page */ } };
const kept = async () => { try { const request = (await database()).transaction("pictures").objectStore("pictures").get("img2img"); return await new Promise((resolve) => { request.onsuccess = () => resolve(request.result ?? null); request.onerror = () => resolve(null); }); } catch { return null; } };

const picker = h("input", { type: "file", multiple: true, accept: "image/png,image/jpeg,image/webp,image/avif,image/gif", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "begin-file" });
const img = h("img", { alt: "", draggable: "false" }), facts = h("p", { class: "facts" }), line = h("p", { class: "wrong", role: "alert" });
const tools = h("div", { class: "tools" }), face = h("button", { type: "button", class: "face", onclick: () => { picker.value = ""; picker.click(); } });
const well = h("div", { class: "well" }, face, h("div", { class: "side" }, facts, tools, line)), fields = h("div", { class: "start-fields" });
root.replaceChildren(h("div", { class: "begin" }, well, atelier.sketch.node, fields, picker));
let blob = null, size = null, more = [];  // more: pictures that are drawn after the first, with the same settings
const MOST = 64;

const show = async (next) => {
  if (!next) { blob = size = null; more = []; img.removeAttribute("src"); draw(); return true; }
  const address = URL.createObjectURL(next);
  const found = await new Promise((resolve) => {
    const probe = new Image();
    probe.onload = () => resolve({ width: probe.naturalWidth, height: probe.naturalHeight });
    probe.onerror = () => resolve(null);
    probe.src = address;
  });
  if (!found) { URL.revokeObjectURL(address); line.textContent = t("begin.unreadable"); return false; }
  if (img.src) URL.revokeObjectURL(img.src);
  [blob, size, img.src] = [next, found, address];
  line.textContent = "";
  draw();
  return true;
};
/** A new starting picture, or several; the form's size follows the first one's shape. */
const take = async (...next) => {
  if (next.length > MOST) { line.textContent = t("begin.many", { n: next.length, most: MOST }); return; }
  if (!(await show(next[0]))) return;
  more = next.slice(1);
  keep(next);
  draw();
  atelier.emit("begin");
  if (size) atelier.setSize(atelier.fitted(size.width, size.height));
};
picker.addEventListener("change", () => { if (picker.files[0]) take(...picker.files); });
well.addEventListener("dragover", (event) => { event.preventDefault(); well.classList.add("over"); });
well.addEventListener("dragleave", () => well.classList.remove("over"));
well.addEventListener("drop", (event) => {
  event.preventDefault(); event.stopPropagation();
  well.classList.remove("over");
  atelier.emit("dropped");
  const files = [...event.dataTransfer.files];
  if (files[0]) take(...(files.length > 1 ? files.filter((one) => one.type.startsWith("image/")) : files));
});
document.addEventListener("paste", (event) => {
  if (event.defaultPrevented) return;
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (file && well.offsetParent) { event.preventDefault(); take(file); }
});
const uploaded = async (blobs) => { const made = []; for (const one of blobs) made.push(await atelier.upload(one)); return made; };
atelier.ways.img2img = { kind: "picture", take: (next) => take(next), recall: async (next) => { if (!(await show(next))) return false; more = []; keep([next]); draw(); return true; }, begin: async () => {
  if (!blob) return {};
  const [picture, ...rest] = await uploaded([blob, ...more]);
  return { ...started("img2img"), picture, ...(rest.length ? { more: rest } : {}) };
} };

// --- the canvases --------------------------------------------------------------------------------------------
const framed = (canvas) => { const { width, height } = canvas.size(), f = canvas.frame(); return { width: width + f.left + f.right, height: height + f.top + f.bottom }; };
/** What the form draws at. A picture that grows stays as it is, pixel for pixel, unless that is too much for the model. */
const fit = (canvas) => { const { width } = canvas.size(), all = framed(canvas); if (width) atelier.setSize(atelier.fitted(all.width, all.height, all.width > width || all.height > canvas.size().height)); };
const onCanvas = (name, kind, mode, begin) => {
  const canvas = atelier.canvas(name, mode);
  const open = async (next, keep) => { if (await canvas.load(next, { keep })) fit(canvas); };
  let shape = "";
  canvas.on("changed", ({ what }) => {
    const before = shape;
    shape = JSON.stringify(framed(canvas));
    if (atelier.benched !== name || ["restored", "recalled"].includes(what)) return;  // the form's size came with it
    if (what === "picture") { fit(canvas); atelier.emit("begin"); } else if (mode === "mask" && before && shape !== before) fit(canvas);  // the frame was dragged, or that was undone
  });
  atelier.ways[name] = { kind, take: async (next) => { await canvas.ready; await open(next, true); }, begin: async (how) => { await canvas.ready; return begin(canvas, how); } };
};
onCanvas("inpaint", "mask", "mask", async (canvas) => {
  const picture = await canvas.picture(), frame = canvas.frame();
  if (!picture) return {};
  const edges = Object.fromEntries(Object.entries(frame).map(([edge, pixels]) => [`outpaint_${edge}`, pixels]));
  const mask = canvas.empty() ? "" : await atelier.upload(await canvas.mask());
  return { ...started("inpaint"), ...edges, mask, picture: await atelier.upload(picture) };
});
onCanvas("sketch", "picture", "sketch", async (canvas, how) => {
  if (canvas.empty() && !(await canvas.picture())) return {};
  const picture = await atelier.upload(await canvas.sketch({ layers: !how.live }), how), seed = atelier.live?.seed;
  const lines = await atelier.sketch.unit(canvas, picture);
  return { ...(atelier.sketch.coloured ? { ...started("sketch"), picture } : { start: "noise" }), ...(lines ? { control: lines } : {}), ...(seed ? { seed } : {}) };
});

// --- drawing -------------------------------------------------------------------------------------------------
const control = (tab, one) => atelier.field({ ...one, id: `start-${one.name}`, label: atelier.label(one.name), help: t(`field.${one.name}.help`),
  choices: one.choices.map((choice) => [choice, atelier.has(`start.choice.${choice}`) ? t(`start.choice.${choice}`) : choice]) }, value(tab, one.name) ?? (one.name === "final_strength" ? value(tab, "strength") : null), (next) => {
    const before = loops(tab);
    set(tab, one.name, next);
    if (one.name === "strength" && known(tab, "final_strength") && value(tab, "final_strength") === null) document.getElementById("start-final_strength")?.closest(".start-field").replaceWith(control(tab, known(tab, "final_strength")));
    if (one.name === "loops" && before !== loops(tab)) { draw(); document.getElementById("start-loops")?.focus(); }
  });
let folded = null;
const draw = () => {
  const tab = atelier.benched, way = atelier.ways[tab], all = drawn(tab), plain = PLAIN[way?.kind] ?? [];
  root.parentElement.classList.toggle("idle", !way);
  well.hidden = tab !== "img2img";
  atelier.sketch.node.hidden = tab !== "sketch";
  well.classList.toggle("filled", Boolean(blob));
  face.title = t(blob ? "begin.other" : "begin.choose");
  face.setAttribute("aria-label", t(blob ? "begin.other" : "begin.choose"));
  face.replaceChildren(...(blob ? [img] : [atelier.icon("open")]));
  facts.textContent = !blob ? t("begin.drop") : more.length ? t("begin.several", { n: more.length + 1 }) : `${size.width} × ${size.height}`;
  const latest = atelier.shown;
  tools.replaceChildren(...(blob ? [tool("close", "begin.remove", () => { show(null); keep(null); })] : [latest ? h("button", { type: "button", class: "link", onclick: () => atelier.send("img2img", latest) }, t("begin.latest")) : null].filter(Boolean)));
  const open = folded?.open ?? false, rest = all.filter((one) => !plain.includes(one.name));
  folded = rest.length ? h("details", { class: "start-more" }, h("summary", {}, t("begin.more")), h("div", { class: "grid" }, rest.map((one) => control(tab, one)))) : null;
  if (folded) folded.open = open;
  fields.replaceChildren(...all.filter((one) => plain.includes(one.name)).map((one) => control(tab, one)), ...(folded ? [folded] : []));
};
for (const event of ["bench", "language", "shown", "sketch", "models"]) atelier.on(event, draw);
kept().then(async (last) => {
  const [first, ...rest] = [last ?? []].flat();
  if (first && !blob && await show(first)) { more = rest; draw(); }
});
draw();
