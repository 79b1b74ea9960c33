// What stands in the form: each change is kept by the server at once, or here until it answers; compared with the defaults.
(() => {
  const { defaults, groups, quality } = JSON.parse(document.getElementById("atelier-form").textContent);
  const WORDS = ["prompt", "negative_prompt"];
  let form = null, kept = null, pending = null, timer = null, busy = false;
  const text = (value) => {
    if (value === null || value === undefined) return "";
    return typeof value !== "object" ? String(value) : value.length ? JSON.stringify(value) : "";  // an empty piece holds {}
  };
  const same = (a, b) => text(a) === text(b);

  // --- keeping -----------------------------------------------------------------------------------------------
  const KEY = "unsaved";
  const unsaved = () => { try { return JSON.parse(atelier.stored(KEY) ?? "{}"); } catch { return {}; } };
  const changed = () => Object.fromEntries(Object.entries(form ?? {}).filter(([name, value]) => !same(value, kept?.[name])));
  const send = async (last = false) => {
    clearTimeout(timer);
    const values = changed(), names = Object.keys(values);
    if (!names.length) { atelier.store(KEY, "{}"); return; }
    atelier.store(KEY, JSON.stringify(values));
    if (busy && !last) return;
    busy = true;
    try {
      await atelier.ask("api/form", { method: "PATCH", body: JSON.stringify(values), headers: { "Content-Type": "application/json" }, keepalive: last });
      Object.assign(kept, values);
    } catch { timer = setTimeout(send, 3000); return; } finally { busy = false; }
    send();
  };
  const take = () => {
    if (!pending || !kept) return;
    form = pending;
    pending = null;
    atelier.emit("form", form);
    clearTimeout(timer);
    timer = setTimeout(send, 150);
  };
  const named = (names, values) => Object.fromEntries(names.map((name, i) => [name, values[i]]));
  /** Gradio tells of a change; many come at once. */
  atelier.saw = (names, values) => {
    const first = !pending;
    pending = named(names, values);
    if (first) setTimeout(take, 15);
  };
  /** The form has come from the server; what it never got, because it was away, goes back in. */
  atelier.restored = (names, values) => {
    form = kept = named(names, values);
    kept = { ...kept };
    pending = null;
    const lost = unsaved();
    if (Object.keys(lost).length) atelier.fill(lost, { quiet: true });
    atelier.emit("form", form);
  };
  atelier.on("link", (well) => { if (well) send(); });
  addEventListener("pagehide", () => { if (pending) take(); if (form) send(true); });

  // --- comparing ---------------------------------------------------------------------------------------------
  const model = () => atelier.models.models.find((m) => m.name === form?.checkpoint) ?? atelier.models.models.find((m) => !m.problem);
  const standard = (name) => (name === "width" || name === "height" ? model()?.[name] ?? null : defaults[name]);
  const differs = (name) => {
    if (!form || name === "checkpoint" || name === "prompt") return false;
    if ((name === "width" || name === "height") && text(form[name]) === "") return false;  // empty is the model's own
    return !same(form[name], standard(name));
  };
  const reset = (names) => atelier.fill(Object.fromEntries(names.map((name) => [name, standard(name)])), { quiet: true });
  /** To a field, wherever it is: the other tab, all settings and its group are opened for it. */
  const goTo = (name) => {
    const inSight = () => document.getElementById(`field-${name}`)?.offsetParent;
    if (!document.documentElement.dataset.bench) atelier.tab("txt2img");
    if (inSight()) { atelier.focusField(name); return; }
    atelier.allSettings();
    const [part] = name.split("."), group = Object.keys(groups).find((id) => groups[id].includes(part));
    const closed = group && !inSight() && !document.getElementById(`field-${part}`)?.offsetParent;
    if (closed) document.querySelector(`#${group} > button`)?.click();
    setTimeout(() => {
      const field = document.getElementById(`field-${name}`);
      for (let fold = field?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
      field?.scrollIntoView({ block: "nearest" });
      atelier.focusField(name);
    }, closed ? 400 : 150);
  };
  /** A value for people. */
  const tell = (name, value) => {
    if (value === null || value === undefined || value === "") return "–";
    if (typeof value === "boolean") return atelier.t(value ? "yes" : "no");
    if (name === "checkpoint") return atelier.models.models.find((m) => m.name === value)?.title ?? value;
    if (name === "control") return value.length ? value.map((unit) => [unit.model || atelier.t("control.nobody"), unit.weight === undefined || unit.weight === 1 ? "" : `× ${unit.weight}`].filter(Boolean).join(" ")).join(", ") : "–";
    return String(value);
  };
  Object.assign(atelier, { same, differs, reset, goTo, standard, tell, groups, quality, wordFields: WORDS, defaults });
  Object.defineProperty(atelier, "form", { get: () => form });
})();
