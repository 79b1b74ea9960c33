// The steps of "Upscale & restore": which are on, in which order, with which values; kept by the browser.
(() => {
  const atelier = window.atelier, { h, t, tool } = atelier;
  const KEY = "restore.steps", ORDER = ["denoise", "deblur", "upscale", "faces", "sharpen", "contrast", "grain"];
  Object.assign(atelier.shapes, { up: "M6 14l6-6 6 6", down: "M6 10l6 6 6-6" });
  const shown = (value) => (value === null ? "" : String(Math.round(value * 1000) / 1000));

  /** table: what can be asked of each kind; changed: told after each change. */
  atelier.restoreSteps = (table, changed) => {
    const node = h("ol", { class: "steps" });
    const standard = (kind) => Object.fromEntries(table[kind].map((one) => [one.name, one.default]));
    const fresh = () => ORDER.filter((kind) => kind in table).map((kind) => ({ kind, on: kind === "upscale", values: standard(kind) }));
    const read = () => {
      try {
        const kept = JSON.parse(atelier.stored(KEY) ?? "null");
        if (!Array.isArray(kept)) return fresh();
        const known = kept.filter((one) => one.kind in table).map((one) => ({ kind: one.kind, on: Boolean(one.on), values: { ...standard(one.kind), ...one.values } }));
        return [...known, ...fresh().filter((one) => !known.some((other) => other.kind === one.kind)).map((one) => ({ ...one, on: false }))];
      } catch { return fresh(); }
    };
    const files = { upscaler: ["Lanczos", "Nearest"], restorer: [""], detector: [""] };  // names that can be chosen
    let list = read();
    const keep = () => { atelier.store(KEY, JSON.stringify(list)); changed(); };
    const word = (step, one, what) => t(`step.${step.kind}.${one.name}.${what}`);

    const choose = (step, one) => {
      const select = h("select", { class: "select", onchange: () => { step.values[one.name] = select.value; keep(); } },
        files[one.name].map((name) => h("option", { value: name }, name || t("restore.automatic"))));
      if (!files[one.name].includes(step.values[one.name])) select.append(h("option", { value: step.values[one.name] }, step.values[one.name]));
      select.value = step.values[one.name];
      return h("label", { class: "ask whole", title: word(step, one, "help") }, h("span", {}, word(step, one, "label")), select);
    };
    const tick = (step, one) => {
      const box = h("input", { type: "checkbox", class: "box-to-tick", onchange: () => { step.values[one.name] = box.checked; keep(); } });
      box.checked = step.values[one.name];
      return h("label", { class: "ask tick whole", title: word(step, one, "help") }, box, word(step, one, "label"));
    };
    /** A number with a rail; one that may be empty, or that is as long as a seed, has none. */
    const number = (step, one) => {
      const name = word(step, one, "label"), low = one.low, each = one.step ?? (one.type === "int" ? 1 : 0.01);
      const field = h("input", { type: "number", class: "figure", min: low, max: one.high, step: "any", "aria-label": name, placeholder: one.optional ? t("restore.automatic") : null });
      const rail = one.optional || one.high > 2 ** 53 ? null : h("input", { type: "range", min: low, max: one.high, step: each, "aria-label": name });
      const paint = () => {
        field.value = shown(step.values[one.name]);
        if (rail) { rail.value = step.values[one.name]; rail.style.setProperty("--range_progress", `${((rail.value - low) / (one.high - low)) * 100}%`); }
      };
      const set = (text) => {
        const value = Number(text);
        if (text === "" && one.optional) step.values[one.name] = null;
        else if (text !== "" && Number.isFinite(value)) step.values[one.name] = Math.min(one.high, Math.max(low, one.type === "int" ? Math.round(value) : value));
        paint();
        keep();
      };
      field.addEventListener("change", () => set(field.value));
      rail?.addEventListener("input", () => set(rail.value));
      paint();
      return h("div", { class: `ask${rail ? " railed" : ""}${one.name === "factor" ? " whole" : ""}`, title: word(step, one, "help") }, h("span", {}, h("span", {}, name), field), rail);
    };
    const ask = (step, one) => (one.name in files ? choose(step, one) : one.type === "bool" ? tick(step, one) : number(step, one));

    const move = (at, by) => {
      const [step] = list.splice(at, 1);
      list.splice(at + by, 0, step);
      keep();
      draw();
      node.children[at + by]?.querySelector(by < 0 ? ".go-up" : ".go-down")?.focus();
    };
    const draw = () => {
      node.setAttribute("aria-label", t("restore.steps"));
      node.replaceChildren(...list.map((step, at) => {
        const box = h("input", { type: "checkbox", class: "box-to-tick", id: `restore-${step.kind}`, onchange: () => { step.on = box.checked; keep(); draw(); node.children[at].querySelector("input").focus(); } });
        box.checked = step.on;
        return h("li", { class: step.on ? "on" : "", "data-kind": step.kind },
          h("header", {}, h("label", { title: t(`step.${step.kind}.about`) }, box, h("b", {}, t(`step.${step.kind}`))),
            tool("up", "restore.up", () => move(at, -1), { class: "tool go-up", disabled: at === 0 }), tool("down", "restore.down", () => move(at, 1), { class: "tool go-down", disabled: at === list.length - 1 })),
          step.on ? h("div", { class: "asks" }, table[step.kind].map((one) => ask(step, one))) : h("p", { class: "about" }, t(`step.${step.kind}.about`)));
      }));
    };
    const look = async () => {
      const names = async (kind) => (await atelier.ask(`api/${kind}s`))[`${kind}s`].filter((one) => !one.latent && !one.problem).map((one) => one.name);
      try {
        const [upscaler, restorer, detector] = await Promise.all(["upscaler", "restorer", "detector"].map(names));
        Object.assign(files, { upscaler, restorer: ["", ...restorer], detector: ["", ...detector] });
        draw();
      } catch { /* those that are always there remain */ }
    };
    atelier.on("language", draw);
    draw();
    /** For the request. A grain's seed may be longer than a browser's numbers. */
    const wanted = () => list.filter((step) => step.on).map((step) => ({ kind: step.kind, ...step.values }));
    return { node, wanted, look, reset: () => { list = fresh(); keep(); draw(); } };
  };
})();
