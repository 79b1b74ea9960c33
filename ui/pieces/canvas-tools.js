// What stands around a canvas: tools on the left, the options of the chosen tool above, the size and the zoom below.
(() => {
  const atelier = window.atelier;
  const { h, t, tool } = atelier;
  Object.assign(atelier.shapes, {
    eraser: "M8.500 19.500 3.800 14.800a1.500 1.500 0 0 1 0-2.100l8.400-8.400a1.500 1.500 0 0 1 2.100 0l5.400 5.400a1.500 1.500 0 0 1 0 2.100l-7.700 7.700H8.500ZM8 8.500l7.500 7.500M12 19.500h8.500",
    lasso: "M7.500 15.500C4.800 14.600 3 12.700 3 10.500 3 7 7 4.500 12 4.500s9 2.500 9 6-4 6-9 6c-.8 0-1.600-.1-2.300-.2M9.700 16.300a2 2 0 1 0-2.200 2c1.200.3 1.500 1.200.500 2.200",
    rectangle: "M4 7V5a1 1 0 0 1 1-1h2M10.500 4h3M17 4h2a1 1 0 0 1 1 1v2M20 10.500v3M20 17v2a1 1 0 0 1-1 1h-2M13.500 20h-3M7 20H5a1 1 0 0 1-1-1v-2M4 13.500v-3",
    fill: "M10.500 3.500 4 10a1.500 1.500 0 0 0 0 2.100l5.400 5.400a1.500 1.500 0 0 0 2.100 0L18 11 9 2M3.600 11h14.400M20.500 14.500c1.200 1.700 1.600 2.500 1.600 3.300a1.600 1.600 0 0 1-3.200 0c0-.8.400-1.600 1.600-3.300Z",
    frame: "M8 8h8v8H8zM3 8V4a1 1 0 0 1 1-1h4M16 3h4a1 1 0 0 1 1 1v4M21 16v4a1 1 0 0 1-1 1h-4M8 21H4a1 1 0 0 1-1-1v-4",
    numbers: "M4 9h16M4 15h16M10 3 8 21M16 3l-2 18",
    undo: "M9 14 4 9l5-5M4.500 9H14a5.500 5.500 0 0 1 0 11h-3", redo: "M15 14l5-5-5-5M19.500 9H10a5.500 5.500 0 0 0 0 11h3",
    invert: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 4v16M12 8l4.500-2.500M12 12.500l7.500-4M12 17l7.500-4", picture: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1ZM4 16l4.500-4.500 4 4L15 13l5 5M15.500 8.500h.01",
    sheet: "M6 3h8l5 5v12a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM13.500 3.500V8.500H18.500M12 12v6M9 15h6", wide: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7", narrow: "M20 10h-6V4M14 10l6.500-6.500M4 14h6v6M10 14l-6.500 6.500",
  });
  const TOOLS = [["brush", "brush", "B"], ["eraser", "eraser", "E"], ["lasso", "lasso", "L"], ["rectangle", "rectangle", "R"], ["fill", "fill", "G"], ["frame", "frame", "O"], ["numbers", "numbers", "N"]];
  const LARGEST = 1000;

  atelier.canvasTools = (b) => {
    const { stage, camera } = b.view;
    const rail = h("div", { class: "rail", role: "toolbar", "aria-orientation": "vertical" }), options = h("div", { class: "options", role: "group" }), foot = h("div", { class: "paint-foot" });
    const facts = h("span", { class: "facts" }), spoken = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
    const percent = h("button", { type: "button", class: "tool text percent", onclick: () => camera.actual() });
    const node = h("section", { class: `paint ${b.mode}` }, options, rail, stage, foot, spoken);
    let buttons = {}, drawn = null, shows = null;
    const sheets = atelier.canvasSheet(b);
    b.say = (text) => { spoken.textContent = text; };

    // --- full screen: the canvas fills the page, and the page the screen where the browser allows it -----------
    const full = () => node.classList.contains("full");
    b.full = (on = !full()) => {
      if (on === full()) return;
      node.classList.toggle("full", on);
      document.documentElement.classList.toggle("paint-full", on);
      if (on) document.documentElement.requestFullscreen?.().catch(() => {});
      else if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
      camera.fit();
      stage.focus({ preventScroll: true });
      furnish();
    };
    document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) b.full(false); });

    // --- options -----------------------------------------------------------------------------------------------
    /** A slider and its number. low and high in what is shown; curve: equal ways are equal factors. */
    const slider = (key, { low, high, get, set, curve = false, unit = "" }) => {
      const to = (v) => (curve ? 1000 * Math.log(v / low) / Math.log(high / low) : 1000 * (v - low) / (high - low)), from = (p) => Math.round(curve ? low * (high / low) ** (p / 1000) : low + (high - low) * p / 1000);
      const range = h("input", { type: "range", min: "0", max: "1000", "aria-label": t(key), oninput: () => set(from(Number(range.value))) });
      const number = h("input", { type: "number", min: low, max: high, "aria-label": t(key), onchange: () => { const v = Number(number.value); if (number.value !== "" && Number.isFinite(v)) set(Math.min(high, Math.max(low, Math.round(v)))); show(); } });
      const show = () => { const v = Math.round(get()); range.value = to(v); range.style.setProperty("--at", `${to(v) / 10}%`); range.setAttribute("aria-valuetext", `${v}${unit}`); if (document.activeElement !== number) number.value = v; };
      return { node: h("label", { class: "slide", title: t(key) }, h("span", {}, t(key)), range, h("span", { class: "count" }, number, h("i", {}, unit))), show };
    };
    const size = () => slider("canvas.size", { low: 1, high: LARGEST, curve: true, unit: "px", get: () => b.size, set: (v) => b.set({ size: v }) });
    const softness = () => slider("canvas.softness", { low: 0, high: 100, unit: "%", get: () => b.softness * 100, set: (v) => b.set({ softness: v / 100 }) });
    const opacity = () => slider("canvas.opacity", { low: 1, high: 100, unit: "%", get: () => b.opacity * 100, set: (v) => b.set({ opacity: v / 100 }) });
    const colour = () => {
      const key = b.mode === "mask" ? "tint" : "colour", words = t(b.mode === "mask" ? "canvas.tint" : "canvas.colour");
      const input = h("input", { type: "color", class: "swatch", title: words, "aria-label": words, oninput: () => b.set({ [key]: input.value }) });
      return { node: input, show: () => { input.value = b[key]; } };
    };
    const takes = () => {
      const choice = (on, key) => h("button", { type: "button", class: "choice", onclick: () => b.set({ takes: on }) }, t(key));
      const [add, take] = [choice(false, "canvas.add"), choice(true, "canvas.take")];
      return { node: h("div", { class: "switch", role: "group", "aria-label": t("canvas.takes") }, add, take), show: () => { add.setAttribute("aria-pressed", String(!b.takes)); take.setAttribute("aria-pressed", String(b.takes)); } };
    };
    const OPTIONS = {
      brush: [size, softness, opacity, colour], eraser: [size, softness, opacity], lasso: [takes, opacity, colour], rectangle: [takes, opacity, colour], fill: [takes, opacity, colour],
      frame: [() => atelier.canvasFrame(b)], numbers: [() => atelier.canvasNumbers(b)],
    };

    // --- all of it, in one language --------------------------------------------------------------------------
    const press = (icon, key, act, keys) => { const words = keys ? `${t(key)} (${keys})` : t(key); return h("button", { type: "button", class: "tool", title: words, "aria-label": t(key), "aria-keyshortcuts": keys ?? null, onclick: act }, atelier.icon(icon)); };
    const furnish = () => {
      buttons = Object.fromEntries(TOOLS.filter(([name]) => name !== "frame" || b.mode === "mask").map(([name, icon, key]) => [name, press(icon, `canvas.${name}`, () => b.set({ tool: name }), key)]));
      for (const [name, button] of Object.entries(buttons)) button.dataset.tool = name;
      buttons.undo = press("undo", "canvas.undo", b.undo, "Ctrl+Z");
      buttons.redo = press("redo", "canvas.redo", b.redo, "Ctrl+Shift+Z");
      buttons.clear = press("trash", "canvas.clear", b.clear, "Delete");
      if (b.mode === "mask") buttons.invert = press("invert", "canvas.invert", b.invert, "I");
      const line = () => h("hr", {});
      rail.setAttribute("aria-label", t("canvas.tools"));
      rail.replaceChildren(...TOOLS.map(([name]) => buttons[name]).filter(Boolean), line(), buttons.undo, buttons.redo, line(), ...[buttons.invert, buttons.clear].filter(Boolean));
      foot.replaceChildren(facts, h("span", { class: "zoom", role: "group", "aria-label": t("canvas.zoom") }, tool("minus", "viewer.out", () => camera.by(1 / 1.25)), percent, tool("plus", "viewer.in", () => camera.by(1.25)), press("fit", "canvas.fit", camera.fit, "0")));
      percent.title = t("viewer.full");
      stage.setAttribute("aria-label", t(b.mode === "mask" ? "canvas.label.mask" : "canvas.label.sketch"));
      node.setAttribute("aria-label", t(b.mode === "mask" ? "canvas.label.mask" : "canvas.label.sketch"));
      drawn = null;
      blank();
      draw();
    };
    const ends = () => h("span", { class: "ends" }, press("picture", "canvas.open", () => atelier.canvasPictures.pick(b.load)), b.mode === "sketch" ? sheets.button() : null, press(full() ? "narrow" : "wide", full() ? "canvas.leave" : "canvas.full", () => b.full(), "F"));
    /** What stands on a stage without a picture. */
    const blank = () => {
      stage.querySelector(".card")?.remove();
      if (b.width || b.mode === "sketch") return;
      const latest = atelier.shown?.id ?? [...atelier.images.keys()].at(-1);
      stage.append(h("div", { class: "card" }, atelier.icon("picture"), h("h2", {}, t("canvas.blank")), h("p", {}, t("canvas.blank.text")),
        h("div", { class: "ways" }, h("button", { type: "button", class: "plain strong", onclick: () => atelier.canvasPictures.pick(b.load) }, t("canvas.open")),
          latest ? h("button", { type: "button", class: "plain", onclick: () => b.load(`api/images/${latest}/file`) }, t("canvas.latest")) : null)));
    };
    const draw = () => {
      const key = `${b.tool} ${atelier.language} ${full()}`;
      if (drawn !== key) {
        drawn = key;
        const made = OPTIONS[b.tool].map((build) => build());
        options.setAttribute("aria-label", t("canvas.options", { tool: t(`canvas.${b.tool}`) }));
        options.replaceChildren(h("div", { class: "parts" }, ...made.map((part) => part.node)), ends());
        shows = made.map((part) => part.show);
      }
      shows.forEach((show) => show());
      for (const [name, button] of Object.entries(buttons)) if (button.dataset.tool) button.setAttribute("aria-pressed", String(name === b.tool));
      const [past, future] = b.layer?.steps ?? [0, 0], empty = !b.layer || b.layer.empty;
      buttons.undo.disabled = !past;
      buttons.redo.disabled = !future;
      buttons.clear.disabled = empty;
      if (buttons.invert) buttons.invert.disabled = !b.layer;
      const f = b.frame, framed = f.left + f.right + f.top + f.bottom > 0;
      facts.textContent = !b.width ? "" : [`${b.width} × ${b.height}`, framed ? t("canvas.becomes", { width: b.width + f.left + f.right, height: b.height + f.top + f.bottom }) : "",
        b.mode !== "mask" ? "" : empty ? t("canvas.masked.none") : t("canvas.masked", { n: b.layer.share < 0.01 ? "< 1" : Math.round(100 * b.layer.share) })].filter(Boolean).join("  ·  ");
      if (b.width) stage.querySelector(".card")?.remove();
    };
    // a ring for those who come by the Tab key; who points knows where they are
    stage.addEventListener("focus", () => stage.classList.toggle("ringed", stage.matches(":focus-visible")));
    for (const kind of ["blur", "pointerdown"]) stage.addEventListener(kind, () => stage.classList.remove("ringed"));
    b.on("tools", draw);
    b.on("view", () => { percent.textContent = `${camera.percent()} %`; });
    atelier.on("language", furnish);
    atelier.on("shown", blank);
    furnish();
    return node;
  };
})();
