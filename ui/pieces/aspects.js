// Shapes of about as many pixels as the chosen model was trained on.
const { h, t } = atelier;
const SHAPES = [[1, 1], [4, 3], [3, 2], [16, 9], [3, 4], [2, 3], [9, 16]];
const size = (w, hgt) => {
  const model = atelier.models.models.find((m) => m.name === atelier.models.chosen);
  const area = (model?.width || 512) * (model?.height || 512);
  const eight = (n) => Math.min(2048, Math.max(64, Math.round(n / 8) * 8));
  return { width: eight(Math.sqrt((area * w) / hgt)), height: eight(Math.sqrt((area * hgt) / w)) };
};
const draw = () => {
  root.replaceChildren(h("div", { class: "aspects", role: "group", "aria-label": t("aspects") }, SHAPES.map(([w, hgt]) => {
    const name = `${w}:${hgt}`, at = size(w, hgt), long = Math.max(w, hgt);
    const shape = h("i", { style: `width:${(13 * w) / long}px;height:${(13 * hgt) / long}px`, "aria-hidden": "true" });
    return h("button", { type: "button", class: "aspect", title: `${name}  ${at.width} × ${at.height}`, "aria-label": `${name}, ${at.width} × ${at.height}`,
      onclick: () => { props.value = { ...at, turn: Math.random() }; trigger("input"); } }, shape, h("span", {}, name));
  })));
};
atelier.on("models", draw);
atelier.on("language", draw);
draw();
