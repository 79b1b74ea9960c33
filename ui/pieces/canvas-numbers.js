// A canvas by numbers, for those who do not draw with a pointer: shapes by coordinates, the frame, a new sheet.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  const number = (key, value, more = {}) => { const input = h("input", { type: "number", value, ...more }); return [input, h("label", { class: "count", title: t(key) }, h("span", {}, t(key)), input)]; };
  const whole = (input) => Math.round(Number(input.value)) || 0;

  /** Shape, x, y, width, height; add or take away. The outline shows on the sheet while it is typed. */
  atelier.canvasNumbers = (b) => {
    const third = (side) => Math.round(side / 3), start = [third(b.width), third(b.height), third(b.width), third(b.height)];
    const fields = ["x", "y", "width", "height"].map((name, i) => number(`canvas.${name}`, start[i], i < 2 ? {} : { min: 1 }));
    const shape = h("select", { "aria-label": t("canvas.shape") }, h("option", { value: "rectangle" }, t("canvas.rectangle")), h("option", { value: "ellipse" }, t("canvas.ellipse")));
    const box = () => fields.map(([input]) => whole(input));
    const outline = () => { const now = box(); b.outline = b.width && now[2] > 0 && now[3] > 0 ? { box: now, round: shape.value === "ellipse" } : null; b.view.ask(); };
    const lay = (erase) => {
      if (!b.width) { b.say(t("canvas.blank")); return; }
      const [x, y, width, height] = box(), said = fields.some(([input]) => input.value === "") || width < 1 || height < 1 ? "canvas.numbers.positive" : x >= b.width || y >= b.height || x + width <= 0 || y + height <= 0 ? "canvas.numbers.outside" : null;
      if (said) { atelier.note(t(said), t("canvas.numbers.remedy", { width: b.width, height: b.height })); return; }
      b.shape((stencil) => atelier.raster[shape.value](stencil, x, y, width, height), { erase, opacity: b.opacity, colour: b.rgb }, "numbers", 1);
      b.say(`${t(erase ? "canvas.taken" : "canvas.added", { shape: shape.selectedOptions[0].text, x, y, width, height })} ${b.mode === "mask" ? t("canvas.masked", { n: Math.round(100 * b.layer.share) }) : ""}`);
    };
    const form = h("form", { class: "numbers", onsubmit: (event) => { event.preventDefault(); lay(false); } }, shape, ...fields.map(([, label]) => label),
      h("button", { type: "submit", class: "plain small strong" }, t("canvas.add")), h("button", { type: "button", class: "plain small", onclick: () => lay(true) }, t("canvas.take")));
    form.addEventListener("input", outline);
    outline();
    return { node: form, show: () => {} };
  };

  /** How far the frame reaches beyond the picture. */
  atelier.canvasFrame = (b) => {
    const fields = ["left", "top", "right", "bottom"].map((side) => [side, ...number(`canvas.${side}`, 0, { min: 0, step: 8, max: atelier.canvasPictures.most })]);
    for (const [side, input] of fields) input.addEventListener("change", () => { if (b.width) b.resizeFrame({ [side]: whole(input) }); });
    const none = h("button", { type: "button", class: "plain small", onclick: () => b.resizeFrame({ left: 0, top: 0, right: 0, bottom: 0 }) }, t("canvas.frame.none"));
    const node = h("div", { class: "numbers", role: "group", "aria-label": t("canvas.frame") }, ...fields.map(([, , label]) => label), none);
    return { node, show: () => { for (const [side, input] of fields) if (document.activeElement !== input) input.value = b.frame[side]; } };
  };

  /** The ground of a sketch and a new empty sheet. */
  atelier.canvasSheet = (b) => {
    const menu = h("form", { class: "menu paint-menu", popover: "auto" });
    const field = (name) => Number(document.querySelector(`#field-${name} input[type=number]`)?.value) || null;
    let at = null;
    const fill = () => {
      const [width, widthLabel] = number("canvas.width", b.width || 512, { min: 16, max: atelier.canvasPictures.most }), [height, heightLabel] = number("canvas.height", b.height || 512, { min: 16, max: atelier.canvasPictures.most });
      const ground = h("input", { type: "color", class: "swatch", value: b.ground, "aria-label": t("canvas.ground"), oninput: () => b.setGround(ground.value) });
      const [w, g] = [field("width"), field("height")];
      menu.setAttribute("aria-label", t("canvas.sheet"));
      menu.onsubmit = (event) => { event.preventDefault(); menu.hidePopover(); b.sheet(whole(width), whole(height), ground.value); };
      menu.replaceChildren(h("label", { class: "row" }, h("span", {}, t("canvas.ground")), ground), h("hr", {}), h("div", { class: "row" }, widthLabel, heightLabel),
        w && g ? h("button", { type: "button", class: "link", onclick: () => { [width.value, height.value] = [w, g]; } }, t("canvas.sheet.form", { width: w, height: g })) : "",
        h("button", { type: "submit", class: "plain strong" }, t("canvas.sheet.new")));
    };
    const place = () => {
      const r = at.getBoundingClientRect();
      menu.style.top = `${r.bottom + 6}px`;
      menu.style.left = `${Math.max(8, Math.min(innerWidth - menu.offsetWidth - 8, r.right - menu.offsetWidth))}px`;
    };
    const button = () => {
      at = atelier.tool("sheet", "canvas.sheet", () => { if (!menu.isConnected) document.body.append(menu); fill(); menu.togglePopover(); place(); }, { "aria-haspopup": "dialog" });
      return at;
    };
    return { button };
  };
})();
