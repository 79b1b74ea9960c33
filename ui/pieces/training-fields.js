// Controls for parameters of training, and the expert view: every one of them by part, with help, marks and ways back.
(() => {
  const atelier = window.atelier, { plan } = atelier;
  const { h, t } = atelier;
  const PARTS = ["method", "data", "captions", "augment", "objective", "optimisation", "loop", "every", "samples", "product", "base"];
  const ELSEWHERE = new Set(["checkpoint_hash"]);

  const read = (known, text) => {
    if (known.type === "int" || known.type === "float") {
      const clean = text.trim().replace(",", ".");
      return clean === "" ? null : Number.isFinite(Number(clean)) ? (Number.isSafeInteger(Number(clean)) || known.type === "float" ? Number(clean) : clean) : text;
    }
    return text;
  };
  const shown = (value) => (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential().replace("e-", "e-") : String(value ?? ""));
  const id = (name) => `training-${name.replace(".", "-")}`;

  /** The control of one parameter; it writes into the plan. */
  const control = (name) => {
    const known = plan.table().get(name), value = plan.value(name);
    if (name === "method") return select(name, [...new Set([...plan.table().values()].map((p) => p.method).filter(Boolean))], value);
    if (name === "checkpoint") return models(value);
    if (name === "concepts") return concepts(value);
    if (name === "prompts") return lines(name, value);
    if (known.type === "bool") {
      const box = h("input", { type: "checkbox", id: id(name), class: "box-to-tick", onchange: () => plan.set(name, box.checked) });
      box.checked = Boolean(value);
      return box;
    }
    if (known.many && known.choices?.length) {
      return h("div", { class: "choices", role: "group", id: id(name), "aria-label": plan.label(name) }, known.choices.map((choice) => h("button", { type: "button", class: "chip", "aria-pressed": String(value.includes(choice)), onclick: (event) => {
        const now = plan.value(name), next = known.choices.filter((c) => (c === choice ? !now.includes(c) : now.includes(c)));
        plan.set(name, next);
        event.currentTarget.setAttribute("aria-pressed", String(next.includes(choice)));
      } }, plan.choice(choice))));
    }
    if (known.choices?.length) return select(name, known.choices, value);
    const numeric = known.type === "int" || known.type === "float";
    const input = h("input", { type: "text", id: id(name), inputmode: known.type === "int" ? "numeric" : known.type === "float" ? "decimal" : null, autocomplete: "off", spellcheck: "false", onchange: () => { const next = read(known, input.value); plan.set(name, next === null && numeric ? plan.standard(name) : next); input.value = shown(plan.value(name)); } });
    input.value = shown(value);
    return input;
  };
  const select = (name, choices, value) => {
    const node = h("select", { class: "select", id: id(name), onchange: () => plan.set(name, node.value) }, choices.map((c) => h("option", { value: c }, name === "method" ? t(`training.method.${c}`) : plan.choice(c))));
    node.value = value;
    return node;
  };
  const models = (value) => {
    const usable = atelier.models.models.filter((m) => !m.problem);
    const node = h("select", { class: "select", id: id("checkpoint"), onchange: () => plan.set("checkpoint", node.value) }, usable.map((m) => h("option", { value: m.name }, m.title)));
    node.value = usable.some((m) => m.name === value) ? value : usable[0]?.name ?? "";
    return node;
  };
  const lines = (name, value) => {
    const node = h("textarea", { id: id(name), rows: 3, spellcheck: "false", onchange: () => plan.set(name, node.value.split("\n").map((l) => l.trim()).filter(Boolean)) });
    node.value = (value ?? []).join("\n");
    return node;
  };
  /** The folders of a run: each with its part, repeats and weight. */
  const concepts = (value) => {
    const box = h("div", { class: "concepts", id: id("concepts") });
    const write = (at, change) => plan.set("concepts", plan.value("concepts").map((c, i) => (i === at ? { ...c, ...change } : c)));
    const row = (concept, at) => {
      const folder = h("input", { type: "text", list: "training-sets", "aria-label": t("training.folder"), value: concept.folder, onchange: () => write(at, { folder: folder.value.trim() }) });
      const kind = h("select", { class: "select", "aria-label": t("training.kind"), onchange: () => write(at, { kind: kind.value }) }, ["train", "validation", "prior"].map((k) => h("option", { value: k, selected: k === concept.kind }, t(`training.kind.${k}`))));
      const repeats = h("input", { type: "text", inputmode: "numeric", "aria-label": t("training.repeats"), title: t("training.repeats"), value: concept.repeats ?? 1, onchange: () => write(at, { repeats: Number(repeats.value) || 1 }) });
      return h("div", { class: "concept" }, folder, kind, h("span", {}, "×"), repeats, atelier.tool("close", "training.folder.remove", () => { plan.set("concepts", plan.value("concepts").filter((_, i) => i !== at)); redraw(); }));
    };
    const redraw = () => box.replaceChildren(...plan.value("concepts").map(row), h("button", { type: "button", class: "link", onclick: () => { plan.set("concepts", [...plan.value("concepts"), { folder: "", kind: "validation", repeats: 1, weight: 1 }]); redraw(); } }, t("training.folder.add")));
    redraw();
    return box;
  };

  /** A name, a way back where it differs, the control, and its help. */
  const field = (name, { help = true } = {}) => {
    const back = h("button", { type: "button", class: "back", onclick: () => { plan.reset([name]); } }, atelier.icon("reset"));
    const node = h("div", { class: "tfield", "data-name": name }), wrong = h("p", { class: "wrong", role: "alert" });
    const range = () => { const k = plan.table().get(name); return k?.low !== null && k?.low !== undefined && k?.high !== null && k?.high !== undefined && k.type !== "bool" && k.high < 1e15 ? `${shown(k.low)} – ${shown(k.high)}` : ""; };
    node.draw = () => {
      const differs = plan.differs(name), known = plan.table().get(name), tick = known?.type === "bool" && !known.many;
      const words = t("training.reset.one", { label: plan.label(name), value: told(name, plan.standard(name)) });
      back.hidden = !differs; back.title = words; back.setAttribute("aria-label", words);
      node.classList.toggle("differs", differs);
      node.classList.toggle("tick", tick);
      const label = h("label", { for: id(name), title: range() ? t("training.range", { range: range() }) : null }, plan.label(name));
      const own = control(name);
      node.replaceChildren(...(tick ? [h("div", { class: "name" }, own, label, back)] : [h("div", { class: "name" }, label, back), own]), help ? h("p", { class: "help" }, plan.help(name)) : "", wrong);
    };
    node.complain = (text) => { wrong.textContent = text ?? ""; node.classList.toggle("bad", Boolean(text)); };
    node.draw();
    return node;
  };
  const told = (name, value) => {
    if (typeof value === "boolean") return t(value ? "yes" : "no");
    if (Array.isArray(value)) return value.length ? value.map((v) => v?.folder ?? v).join(", ").slice(0, 80) : "–";
    return value === "" || value === null || value === undefined ? "–" : typeof value === "number" ? shown(value) : name === "method" ? t(`training.method.${value}`) : plan.choice(value);
  };

  /** The folded expert view. */
  const expert = () => {
    const body = h("div", { class: "parts" }), count = h("span", { class: "count" }), search = h("input", { type: "search", autocomplete: "off", spellcheck: "false", oninput: () => sift() });
    const only = h("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: () => { only.setAttribute("aria-pressed", String(only.getAttribute("aria-pressed") !== "true")); sift(); } });
    const all = h("button", { type: "button", class: "link", onclick: () => plan.reset(Object.keys(plan.state.own).filter((n) => n !== "name")) });
    const title = h("span", { class: "title" });
    const node = h("details", { class: "expert" }, h("summary", {}, title, count), h("div", { class: "sift" }, search, only, all), body);
    let fields = new Map(), drawnFor = "";
    const names = () => {
      const method = plan.method(), found = [...plan.table().values()].filter((p) => (!p.method || p.method === method) && !ELSEWHERE.has(p.name)).map((p) => [p.method ? "method" : p.part, p.name]);
      return found;
    };
    const build = () => {
      if (!plan.schema || !node.open) return;
      const sign = `${plan.method()} ${atelier.language}`;
      if (sign === drawnFor) { for (const one of fields.values()) if (!one.contains(document.activeElement) || document.activeElement.type === "checkbox" || document.activeElement.classList.contains("back")) one.draw(); sift(); return; }
      drawnFor = sign;
      fields = new Map([["method", field("method")], ...names().map(([, name]) => [name, field(name)])]);
      const by = names();
      body.replaceChildren(...PARTS.map((part) => {
        const own = by.filter(([p]) => p === part).map(([, name]) => fields.get(name));
        if (part === "method") own.unshift(fields.get("method"));
        return own.length ? h("section", { class: "part", "data-part": part }, h("h4", {}, t(`training.part.${part}`)), h("div", { class: "fields" }, own)) : null;
      }).filter(Boolean));
      sift();
    };
    const sift = () => {
      const wanted = search.value.trim().toLowerCase(), differing = only.getAttribute("aria-pressed") === "true";
      for (const [name, one] of fields) one.hidden = (differing && !plan.differs(name)) || (wanted !== "" && !`${name} ${plan.label(name)} ${plan.help(name)}`.toLowerCase().includes(wanted));
      for (const section of body.children) section.hidden = ![...section.querySelectorAll(".tfield")].some((f) => !f.hidden);
    };
    node.addEventListener("toggle", build);
    node.draw = () => {
      const n = Object.keys(plan.state.own).filter((name) => plan.differs(name) && name !== "name").length;
      title.textContent = t("training.expert");
      count.textContent = n ? t(n === 1 ? "training.differs.one" : "training.differs", { n }) : t("training.as.preset");
      count.classList.toggle("some", n > 0);
      search.placeholder = t("training.search"); search.setAttribute("aria-label", t("training.search"));
      only.textContent = t("training.only"); all.textContent = t("training.reset.all"); all.hidden = !n;
      build();
    };
    node.complain = (name, text) => { for (const one of fields.values()) one.complain(""); fields.get(name)?.complain(text); };
    return node;
  };
  Object.assign(plan, { field, expert, told });
})();
