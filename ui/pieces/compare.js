// Two pictures against each other: a slider over both, or side by side with one camera; and which settings differ.
(() => {
  const atelier = window.atelier;
  const { h, t, tool } = atelier;
  atelier.shapes.swap = "M4 8h14l-4-4M20 16H6l4 4";
  const dialog = h("dialog", { class: "compare", tabindex: "-1" });
  document.body.append(dialog);
  const percent = h("span", { class: "percent" });
  const camera = atelier.camera({ moved: () => { percent.textContent = `${camera.percent()} %`; } });
  let a = null, b = null, mode = "slider", split = 50, opener = null;

  const film = (image, name) => {
    const img = h("img", { src: image.file ?? `api/images/${image.id}/file`, alt: `${name}: ${image.prompt || t("no.prompt")}`, draggable: "false" });
    img.addEventListener("error", () => { img.src = `api/images/${image.id}/thumbnail`; }, { once: true });  // the file is gone
    return img;
  };
  const sign = (name, side) => h("b", { class: `sign ${side}`, "aria-hidden": "true" }, name);
  const slider = () => {
    const lower = h("div", { class: "layer" }, film(a, "A")), upper = h("div", { class: "layer" }, film(b, "B"));
    const handle = h("div", { class: "handle", role: "slider", tabindex: "0", "aria-label": t("compare.slider"), "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal" }, h("i", {}, "↔"));
    const box = h("div", { class: "pair over" }, lower, upper, handle, sign("A", "left"), sign("B", "right"));
    const put = (to) => {
      split = Math.max(0, Math.min(100, to));
      upper.style.clipPath = `inset(0 0 0 ${split}%)`;
      handle.style.left = `${split}%`;
      handle.setAttribute("aria-valuenow", String(Math.round(split)));
    };
    handle.addEventListener("pointerdown", (event) => { event.stopPropagation(); handle.setPointerCapture(event.pointerId); handle.focus(); });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const r = box.getBoundingClientRect();
      put((event.clientX - r.left) / r.width * 100);
    });
    handle.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: split - 2, ArrowRight: split + 2, PageDown: split - 10, PageUp: split + 10, Home: 0, End: 100 }[event.key];
      if (to !== undefined) { event.preventDefault(); event.stopPropagation(); put(to); }
    });
    put(split);
    return { node: box, views: [[box, lower.firstChild, a], [box, upper.firstChild, b]] };
  };
  const sides = () => {
    const left = h("div", { class: "half" }, film(a, "A"), sign("A", "left")), right = h("div", { class: "half" }, film(b, "B"), sign("B", "left"));
    return { node: h("div", { class: "pair beside" }, left, right), views: [[left, left.firstChild, a], [right, right.firstChild, b]] };
  };
  /** Words of `text` that `other` has not are marked. */
  const marked = (text, other) => {
    const there = new Set(other.split(/[\s,]+/));
    return text.split(/([\s,]+)/).map((word) => (!word.trim() || /^[\s,]+$/.test(word) || there.has(word) ? word : h("mark", {}, word)));
  };
  const differences = () => {
    const facts = (image) => ({ ...image.values, width: image.width, height: image.height, checkpoint: image.checkpoint, seed: image.seed, sampler: image.sampler, steps: image.steps });
    const [of, and] = [facts(a), facts(b)];
    const names = [...new Set([...Object.keys(of), ...Object.keys(and)])].filter((name) => JSON.stringify(of[name] ?? "") !== JSON.stringify(and[name] ?? ""));
    if (!names.length) return h("p", { class: "same" }, t("compare.same"));
    const cell = (value, other, name) => h("td", {}, /prompt/.test(name) ? marked(atelier.tell(name, value), atelier.tell(name, other)) : atelier.tell(name, value));
    return h("table", {}, h("caption", { class: "unseen" }, t("compare.differs")), h("thead", {}, h("tr", {}, h("th", {}, t("compare.differs")), h("th", { scope: "col" }, "A"), h("th", { scope: "col" }, "B"))),
      h("tbody", {}, names.map((name) => h("tr", {}, h("th", { scope: "row" }, atelier.label(name)), cell(of[name], and[name], name), cell(and[name], of[name], name)))));
  };
  const draw = () => {
    const focused = document.activeElement?.dataset?.key;
    const stage = mode === "slider" ? slider() : sides();
    const choice = (name) => h("button", { type: "button", "data-key": name, "aria-pressed": String(mode === name), onclick: () => { mode = name; draw(); } }, t(`compare.${name}`));
    dialog.setAttribute("aria-label", t("compare.title"));
    dialog.replaceChildren(
      h("div", { class: "top" }, h("span", { class: "switch", role: "group", "aria-label": t("compare.title") }, choice("slider"), choice("beside")), h("span", { class: "zoom" }, tool("minus", "viewer.out", () => camera.by(1 / 1.25)), percent, tool("plus", "viewer.in", () => camera.by(1.25)), tool("fit", "viewer.fit", () => camera.fit())),
        h("span", { class: "ends" }, tool("swap", "compare.swap", () => { [a, b] = [b, a]; draw(); }, { "data-key": "swap" }), tool("close", "close", () => dialog.close(), { class: "tool leave" }))),
      stage.node, h("div", { class: "differences", tabindex: "0", role: "region", "aria-label": t("compare.differs") }, differences()));
    camera.clear();
    for (const [box, img, image] of stage.views) camera.add(box, img, image.width, image.height);
    camera.place();
    if (focused) dialog.querySelector(`[data-key="${focused}"]`)?.focus();
  };
  const found = (one) => (typeof one === "string" ? atelier.image(one) : one);
  /** Opens two pictures by their ids, or as they are, one of this browser with its address as `file`. */
  atelier.compare = async (first, second) => {
    try { [a, b] = await Promise.all([found(first), found(second)]); } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); return; }
    opener = document.activeElement;
    split = 50;
    dialog.showModal();
    draw();
    camera.fit();
    (dialog.querySelector(".handle") ?? dialog).focus();
  };
  dialog.addEventListener("close", () => { camera.clear(); dialog.replaceChildren(); if (opener?.isConnected) opener.focus(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const press = { "+": () => camera.by(1.25), "=": () => camera.by(1.25), "-": () => camera.by(1 / 1.25), f: () => camera.fit(), z: () => camera.full(),
      s: () => { mode = mode === "slider" ? "beside" : "slider"; draw(); (dialog.querySelector(".handle") ?? dialog).focus(); }, x: () => { [a, b] = [b, a]; draw(); } }[event.key.toLowerCase()];
    if (press) { event.preventDefault(); press(); }
    const handle = dialog.querySelector(".handle");
    if (handle && /^Arrow(Left|Right)$/.test(event.key) && !event.target.closest(".differences")) { handle.focus(); handle.dispatchEvent(new KeyboardEvent("keydown", { key: event.key })); }
  });
})();
