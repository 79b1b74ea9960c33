// One change to the captions of a whole data set: chosen, looked at before it is done, and taken back if wanted.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  const OPERATIONS = { trigger: ["word"], add: ["tag"], remove: ["tag"], replace: ["tag", "new"], prefix: ["text"], arrange: [], dedupe: [] };
  const dialog = h("dialog", { class: "sheet-dialog tagsheet" });
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  /** What differs between two captions: the same beginning and end are left plain. */
  const marked = (before, after) => {
    const words = (text) => text.split(/(?<=,)|(?<= )/), a = words(before), b = words(after);
    let from = 0, to = 0;
    while (from < a.length && from < b.length && a[from] === b[from]) from++;
    while (to < a.length - from && to < b.length - from && a.at(-1 - to) === b.at(-1 - to)) to++;
    const parts = (list, kind) => [list.slice(0, from).join(""), h(kind, {}, list.slice(from, list.length - to).join("")), list.slice(list.length - to).join("")];
    return [h("p", { class: "old" }, parts(a, "del")), h("p", { class: "new" }, parts(b, "ins"))];
  };

  /** set: the data set; tags: [[tag, count]]; done(record): after it was applied. */
  atelier.editTags = (set, tags, word, done) => {
    let operation = "trigger", changes = null, asked = 0, timer = 0;
    const values = { word, tag: "", new: "", text: "" };
    const kinds = h("div", { class: "kinds", role: "group", "aria-label": t("training.tags") }), inputs = h("div", { class: "inputs" }), known = h("div", { class: "choices" });
    const total = h("p", { class: "total", role: "status" }), list = h("div", { class: "changes" });
    const apply = h("button", { type: "button", class: "plain strong", onclick: () => carry() });
    const path = `api/training/datasets/${encodeURIComponent(set.name)}/tags`;
    const send = (preview) => atelier.ask(path, { method: "POST", body: JSON.stringify({ operation, ...Object.fromEntries(OPERATIONS[operation].map((n) => [n, values[n]])), apply: !preview }), headers: { "Content-Type": "application/json" } });
    const complete = () => OPERATIONS[operation].every((name) => name === "new" || values[name].trim());
    const look = async () => {
      const mine = ++asked;
      changes = null; apply.disabled = true;
      if (!complete()) { total.textContent = t("training.tags.fill"); list.replaceChildren(); return; }
      try {
        const found = await send(true);
        if (mine !== asked) return;
        changes = found.changes;
        const n = found.count;
        total.textContent = n ? t(n === 1 ? "training.tags.change.one" : "training.tags.change", { n }) : t("training.tags.none");
        apply.disabled = !n;
        list.replaceChildren(...changes.slice(0, 60).map((c) => h("div", { class: "change" }, h("img", { src: `api/training/datasets/${encodeURIComponent(set.name)}/file/${c.name.split("/").map(encodeURIComponent).join("/")}?small=1`, alt: "", loading: "lazy" }), h("div", {}, marked(c.before, c.after)))));
      } catch (error) {
        if (!error.problem || mine !== asked) return;
        const told = atelier.explain(error.problem);
        total.textContent = `${told.message} ${told.remedy ?? ""}`; list.replaceChildren();
      }
    };
    const carry = async () => {
      apply.disabled = true;
      try { const answer = await send(false); dialog.close(); done(answer); } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); apply.disabled = false; }
    };
    const soon = () => { clearTimeout(timer); timer = setTimeout(look, 220); };
    const choose = (next) => {
      operation = next;
      for (const chip of kinds.children) chip.setAttribute("aria-pressed", String(chip.dataset.kind === operation));
      inputs.replaceChildren(...OPERATIONS[operation].map((name) => { const input = h("input", { type: "text", placeholder: t(`training.tags.word.${name}`), "aria-label": t(`training.tags.word.${name}`), value: values[name], oninput: () => { values[name] = input.value; soon(); } }); return input; }), h("p", { class: "help" }, t(`training.tags.${operation}.help`)));
      const target = ["remove", "replace"].includes(operation) ? "tag" : null;
      known.replaceChildren(...(target ? tags.slice(0, 14).map(([tag, n]) => h("button", { type: "button", class: "chip", onclick: () => { values[target] = tag; choose(operation); } }, `${tag} `, h("small", {}, String(n)))) : []));
      inputs.querySelector("input")?.focus();
      look();
    };
    kinds.replaceChildren(...Object.keys(OPERATIONS).map((kind) => h("button", { type: "button", class: "chip", "data-kind": kind, onclick: () => choose(kind) }, t(`training.tags.${kind}.name`))));
    apply.textContent = t("training.tags.apply");
    dialog.setAttribute("aria-label", t("training.tags"));
    dialog.replaceChildren(h("header", {}, h("h2", {}, t("training.tags")), atelier.tool("close", "close", () => dialog.close())), h("div", { class: "body" }, kinds, inputs, known, total, list), h("footer", {}, h("button", { type: "button", class: "plain quiet", onclick: () => dialog.close() }, t("training.cancel")), apply));
    dialog.showModal();
    choose(operation);
  };
})();
