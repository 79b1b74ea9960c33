// What a sketch is to the picture: lines that a ControlNet follows, colours to start from, or both.
(() => {
  const atelier = window.atelier, { h, t, control } = atelier;
  const WAYS = ["lines", "both", "colours"], KEY = "sketch";
  const kept = (() => { try { return JSON.parse(atelier.stored(KEY) ?? "{}"); } catch { return {}; } })();
  const keep = (values) => { Object.assign(kept, values); atelier.store(KEY, JSON.stringify(kept)); };
  const network = () => { const found = control.forScribbles(); return found.find((one) => one.name === kept.model) ?? found[0] ?? null; };
  /** The chosen way; colours alone as long as nothing reads lines. */
  const way = () => (!network() ? "colours" : WAYS.includes(kept.way) ? kept.way : "lines");
  /** Lines in ink on paper are turned into light on black; where there is more than lines, they are looked for. */
  const reader = ({ dark, coloured }) => (coloured ? "scribble" : dark ? "none" : "invert");
  const unit = async (canvas, picture) => {
    if (!control.looked) await control.load();
    if (way() === "colours") return null;
    return { picture, model: network().name, preprocessor: reader(canvas.tone()), weight: kept.weight ?? 1, resize_mode: "Just Resize" };
  };

  const node = h("div", { class: "sketch" });
  const set = (values) => { keep(values); draw(); atelier.emit("sketch", way()); };
  const draw = () => {
    const found = control.forScribbles(), now = way(), model = atelier.models.models.find((one) => one.name === atelier.models.chosen);
    const choice = (name) => h("button", { type: "button", class: "choice", "data-way": name, "aria-pressed": String(now === name), disabled: name !== "colours" && !found.length, title: t(`sketch.${name}.help`), onclick: () => set({ way: name }) }, t(`sketch.${name}`));
    const weight = { type: "float", id: "sketch-weight", label: t("sketch.weight"), help: t("control.field.weight.help"), low: 0, high: 2, step: 0.05, zero: true };
    node.replaceChildren(h("div", { class: "switch", id: "sketch-way", role: "group", "aria-label": t("sketch.way") }, WAYS.map(choice)),
      ...(control.looked && !found.length ? [h("p", { class: "hint" }, t("sketch.missing", { model: model?.title ?? "" }))] : []),
      ...(found.length > 1 && now !== "colours" ? [atelier.field({ id: "sketch-model", label: t("control.field.model.label"), help: t("control.field.model.help"), choices: found.map((one) => [one.name, one.title || one.name]) }, network().name, (name) => set({ model: name }))] : []),
      ...(now !== "colours" ? [atelier.field(weight, kept.weight ?? 1, (value) => { keep({ weight: value }); atelier.emit("sketch", way()); })] : []));
  };
  atelier.on("bench", (name) => { if (name === "sketch") control.load(); });
  for (const event of ["controlnets", "models", "language"]) atelier.on(event, () => { draw(); atelier.emit("sketch", way()); });
  draw();
  /** As a picture was drawn: the way, and the unit that followed its lines. */
  const recall = (way, lines) => set({ way, ...(lines ? { weight: lines.weight, model: lines.model } : {}) });
  atelier.sketch = { node, unit, recall, get coloured() { return way() !== "lines"; } };
})();
