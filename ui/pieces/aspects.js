// Shapes of about as many pixels as the chosen model was trained on, and a word when a size is far from that.
const { h, t } = atelier;
const SHAPES = [[1, 1], [4, 3], [3, 2], [16, 9], [3, 4], [2, 3], [9, 16]];
const FAR = 2.2, LONG = 2.6;  // times the model's pixels, and sides
const model = () => atelier.models.models.find((m) => m.name === atelier.models.chosen);
const pixels = () => (model()?.width || 512) * (model()?.height || 512);
const eight = (n) => Math.min(2048, Math.max(64, Math.round(n / 8) * 8));
const size = (w, hgt) => ({ width: eight(Math.sqrt((pixels() * w) / hgt)), height: eight(Math.sqrt((pixels() * hgt) / w)) });
atelier.setSize = (wanted) => { props.value = { ...wanted, turn: Math.random() }; trigger("input"); };

const shapes = h("div", { class: "aspects", role: "group" });
const hint = h("p", { class: "hint", role: "status", hidden: true });
root.replaceChildren(shapes, hint);
const told = (width, height) => {
  if (!width || !height || !model()) return null;
  const share = (width * height) / pixels();
  if (share > FAR) return "size.large";
  if (share < 1 / FAR) return "size.small";
  return Math.max(width / height, height / width) > LONG ? "size.long" : null;
};
const mark = () => {
  const width = Number(atelier.form?.width) || 0, height = Number(atelier.form?.height) || 0;
  for (const button of shapes.children) {
    const at = size(...button.dataset.shape.split(":").map(Number));
    button.setAttribute("aria-pressed", String(at.width === width && at.height === height));
  }
  const key = told(width, height);
  hint.hidden = !key;
  if (!key) return;
  const fitting = key === "size.long" ? size(width > height ? 16 : 9, width > height ? 9 : 16) : size(width, height);
  hint.replaceChildren(t(key, { width: model().width, height: model().height }), " ",
    h("button", { type: "button", class: "link", onclick: () => atelier.setSize(fitting) }, t("size.fit", fitting)));
};
const draw = () => {
  shapes.setAttribute("aria-label", t("aspects"));
  shapes.replaceChildren(...SHAPES.map(([w, hgt]) => {
    const name = `${w}:${hgt}`, at = size(w, hgt), long = Math.max(w, hgt);
    const shape = h("i", { style: `width:${(13 * w) / long}px;height:${(13 * hgt) / long}px`, "aria-hidden": "true" });
    return h("button", { type: "button", class: "aspect", "data-shape": name, title: `${name}  ${at.width} × ${at.height}`, "aria-label": `${name}, ${at.width} × ${at.height}`,
      onclick: () => { atelier.emit("shape"); atelier.setSize(at); } }, shape, h("span", {}, name));
  }));
  mark();
};
atelier.on("models", draw);
atelier.on("language", draw);
atelier.on("form", mark);
draw();
