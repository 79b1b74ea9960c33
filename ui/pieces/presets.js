// Presets: the form's settings under a name, with a picture; applied after a look at what would change.
(() => {
  const { h, t, tool, label, tell, same } = atelier;
  Object.assign(atelier.shapes, { plus: "M12 5v14M5 12h14", aim: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM12 2v3M12 19v3M2 12h3M19 12h3", upload: "M12 20V9m-5 5 5-5 5 5M5 4h14", pen: "M5 19l1-4L16 5l3 3L9 18l-4 1Z" });
  const dialog = h("dialog", { class: "sheet-dialog presets" });
  const picker = h("input", { type: "file", accept: "application/json,.json", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "preset-file" });
  document.body.append(dialog, picker);
  const list = h("div", { class: "list", role: "group" }), pane = h("div", { class: "pane" });
  let presets = [], chosen = null, pictured = null;
  const SIGNS = { ideas: "grid", fine: "brush", faithful: "aim", free: "dice", a1111: "reuse" };
  const PERSONAL = new Set(["prompt", "negative_prompt", "seed", "variation_seed"]);

  const call = async (path, method, body) => {
    try { return (await atelier.ask(path, { method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json" } })) ?? true; }
    catch (error) { if (error.problem) atelier.note(error.problem); else throw error; return null; }
  };
  /** As a preset keeps it: of control only what is drawn with. */
  const kept = (name) => (name === "control" ? atelier.drawnUnits() : atelier.form[name]);
  const nameOf = (preset) => (preset.built_in ? t(`preset.${preset.id}`) : preset.name);
  const differences = (preset) => Object.entries(preset.values).filter(([name, value]) => name in atelier.defaults && !same(atelier.form?.[name], value));
  const picture = (preset) => (preset.pictured ? h("img", { src: `api/presets/${preset.id}/thumbnail?${preset.changed}`, alt: "", draggable: "false" })
    : h("i", { "aria-hidden": "true" }, preset.built_in ? atelier.icon(SIGNS[preset.id] ?? "bookmark") : [...nameOf(preset)][0]));
  const check = (attributes, ...words) => {
    const box = h("input", { type: "checkbox", ...attributes });
    return { box, node: h("label", { class: "check" }, box, ...words) };
  };
  const action = (kind, words, act, icon) => h("button", { type: "button", class: `plain ${kind}`, onclick: act }, icon ? atelier.icon(icon) : null, words);

  const drawList = () => list.replaceChildren(
    h("button", { type: "button", class: "entry new", "aria-pressed": String(chosen === null), onclick: () => { chosen = null; draw(); } }, h("i", {}, atelier.icon("plus")), h("span", {}, h("b", {}, t("preset.save")))),
    ...presets.map((preset) => {
      const n = differences(preset).length;
      return h("button", { type: "button", class: "entry", "data-preset": preset.id, "aria-pressed": String(chosen === preset.id), onclick: () => { chosen = preset.id; draw(); } },
        picture(preset), h("span", {}, h("b", {}, nameOf(preset)), h("small", {}, [preset.built_in ? t("preset.built_in") : null, t(n === 0 ? "preset.same" : n === 1 ? "preset.differs.one" : "preset.differs", { n })].filter(Boolean).join(" · "))));
    }));

  // --- one preset: what would change ---------------------------------------------------------------------------
  const show = (preset) => {
    const rows = differences(preset).map(([name, value]) => {
      const { box, node } = check({ checked: true }, label(name));
      return { name, value, box, node: h("tr", {}, h("th", { scope: "row" }, node), h("td", { title: tell(name, atelier.form[name]) }, tell(name, atelier.form[name])), h("td", { title: tell(name, value) }, tell(name, value))) };
    });
    const go = action("strong", "", () => {
      const values = Object.fromEntries(rows.filter((row) => row.box.checked).map((row) => [row.name, row.value]));
      dialog.close();
      atelier.tab("txt2img");
      atelier.fill(values);
    });
    const count = () => { const n = rows.filter((row) => row.box.checked).length; go.textContent = t("preset.apply", { n }); go.disabled = !n; };
    rows.forEach((row) => row.box.addEventListener("change", count));
    count();
    const fields = Object.keys(preset.values).filter((name) => name in atelier.defaults);
    pane.replaceChildren(
      h("div", { class: "title" }, picture(preset), h("div", {}, h("h3", {}, nameOf(preset)), h("p", {}, t(fields.length === 1 ? "preset.holds.one" : "preset.holds", { n: fields.length }))),
        preset.built_in ? null : h("div", { class: "tools" }, tool("pen", "preset.rename", () => rename(preset)), tool("trash", "delete", () => remove(preset)))),
      rows.length ? h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, t("preset.field")), h("th", {}, t("preset.now")), h("th", {}, t("preset.then")))), h("tbody", {}, rows.map((row) => row.node)))
        : h("p", { class: "subdued" }, t("preset.equal")),
      h("div", { class: "actions" }, rows.length ? go : null,
        preset.built_in || !rows.length ? null : action("", t("preset.overwrite"), () => overwrite(preset, fields))));
  };
  const overwrite = async (preset, fields) => {
    const values = Object.fromEntries(fields.map((name) => [name, kept(name)]));
    if (await call(`api/presets/${preset.id}`, "PATCH", { values, image: pictured?.id ?? null })) { atelier.note(t("preset.overwritten", { name: preset.name })); load(); }
  };
  const rename = (preset) => {
    const field = h("input", { type: "text", maxlength: "80", value: preset.name, "aria-label": t("preset.name") });
    const done = async () => { if (await call(`api/presets/${preset.id}`, "PATCH", { name: field.value })) load(); };
    pane.querySelector(".title h3").replaceWith(h("form", { class: "rename", onsubmit: (event) => { event.preventDefault(); done(); } }, field, h("button", { class: "plain" }, t("preset.keep"))));
    field.select();
  };
  const remove = (preset) => {
    const no = action("", t("delete.keep"), () => show(preset));
    pane.querySelector(".actions").replaceChildren(h("p", {}, t("preset.sure")), action("danger", t("delete.yes"), async () => { if (await call(`api/presets/${preset.id}`, "DELETE")) { chosen = null; load(); } }), no);
    no.focus();
  };

  // --- the present form under a name ---------------------------------------------------------------------------
  const draft = () => {
    const told = Object.keys(atelier.defaults).filter((name) => name !== "batches");
    const special = told.filter((name) => (name === "prompt" ? atelier.form.prompt : name === "checkpoint" ? atelier.form.checkpoint : atelier.differs(name)));
    const plain = told.filter((name) => !special.includes(name) && !PERSONAL.has(name));
    const rows = special.map((name) => ({ name, ...check({ checked: !PERSONAL.has(name) && name !== "checkpoint" }, h("span", {}, label(name)), h("b", { title: tell(name, atelier.form[name]) }, tell(name, atelier.form[name]))) }));
    const rest = check({}, h("span", {}, t("preset.rest", { n: plain.length })));
    const photo = pictured ? check({ checked: true }, h("span", {}, t("preset.picture"))) : null;
    const name = h("input", { type: "text", maxlength: "80", required: true, placeholder: t("preset.name"), "aria-label": t("preset.name"), id: "preset-name" });
    const save = h("button", { class: "plain strong" }, t("preset.keep"));
    const fields = () => [...rows.filter((row) => row.box.checked).map((row) => row.name), ...(rest.box.checked ? plain : [])];
    const look = () => { save.disabled = !fields().length; };
    const form = h("form", { class: "draft", onsubmit: async (event) => {
      event.preventDefault();
      const values = Object.fromEntries(fields().map((field) => [field, kept(field)]));
      const made = await call("api/presets", "POST", { name: name.value, values, image: photo?.box.checked ? pictured.id : null });
      if (made) { chosen = made.id; load(); }
    }, onchange: look },
      h("div", { class: "title" }, pictured ? h("img", { src: `api/images/${pictured.id}/thumbnail`, alt: "" }) : h("i", { "aria-hidden": "true" }, atelier.icon("bookmark")), h("div", {}, name, photo?.node ?? null)),
      h("p", { class: "subdued" }, t("preset.which")),
      h("div", { class: "fields" }, rows.map((row) => row.node), rest.node),
      h("div", { class: "actions" }, save));
    if (!rows.some((row) => row.box.checked)) rest.box.checked = true;
    look();
    pane.replaceChildren(form);
  };

  const draw = () => {
    const preset = presets.find((one) => one.id === chosen);
    drawList();
    if (preset) show(preset); else { chosen = null; draft(); }
  };
  const load = async () => {
    const found = await call("api/presets", "GET");
    if (!found) return;
    presets = found.presets;
    draw();
  };
  picker.addEventListener("change", async () => {
    let content = null;
    try { content = JSON.parse(await picker.files[0].text()); } catch { content = {}; }
    const made = await call("api/presets/import", "POST", Array.isArray(content) ? {} : content);
    if (made) { atelier.note(t("preset.imported", { n: made.presets.length })); load(); }
  });
  atelier.openPresets = async () => {
    if (!atelier.form) return;
    chosen = null;
    pictured = atelier.shown;
    dialog.setAttribute("aria-label", t("presets"));
    list.setAttribute("aria-label", t("presets"));
    dialog.replaceChildren(h("header", {}, h("h2", {}, t("presets")), h("div", { class: "tools" },
      tool("upload", "preset.import", () => { picker.value = ""; picker.click(); }),
      h("a", { class: "tool", href: "api/presets/export", download: "atelier-presets.json", title: t("preset.export"), "aria-label": t("preset.export") }, atelier.icon("download")),
      tool("close", "close", () => dialog.close()))), h("div", { class: "body" }, list, pane));
    await load();
    if (!dialog.open) dialog.showModal();
    dialog.focus();
  };
  atelier.on("form", () => { if (dialog.open && chosen) draw(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();
