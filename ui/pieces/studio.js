// What all pieces of the page share: words, the visitor's choices, the state of the jobs, icons and small builders.
(() => {
  if (window.atelier) return;
  const dictionary = JSON.parse(document.getElementById("atelier-words").textContent);
  const limits = JSON.parse(document.getElementById("atelier-limits").textContent);
  document.documentElement.dataset.closed = limits.closed.join(" ");  // what a demo leaves out: see theme.css
  const stored = (key) => { try { return localStorage.getItem(`atelier.${key}`); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(`atelier.${key}`, value); } catch { /* private window */ } };

  // Before anything is drawn: a first visit begins with the few things that everybody needs.
  document.documentElement.classList.toggle("simple", stored("mode") !== "full");

  // --- words -------------------------------------------------------------------------------------------------
  const wished = stored("language") ?? navigator.language ?? "en";
  let language = wished.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values?.[name] ?? whole);
  const has = (key) => key in dictionary[language];
  const t = (key, values) => fill(dictionary[language][key] ?? dictionary.en[key] ?? key, values);
  /** Of a parameter, or of one of a control unit's: "control.1.weight" is the second's. */
  const label = (name) => {
    const [, unit, value] = /^control\.(\d+)(?:\.(\w+))?$/.exec(name) ?? [];
    if (unit) return [t("control.unit", { n: Number(unit) + 1 }), value && t(`control.field.${value}.label`)].filter(Boolean).join(": ");
    return has(`field.${name}.label`) ? t(`field.${name}.label`) : name;
  };

  /** A Problem in the visitor's language; the English text where a code has no translation. */
  const explain = (problem) => {
    const values = { ...problem.values };
    if (problem.field) values.label = label(problem.field);
    const say = (part) => {
      const text = has(`error.${problem.code}.${part}`) && t(`error.${problem.code}.${part}`, values);
      return text && !/\{\w+\}/.test(text) ? text : null;  // a gap that no value fills: the English is better
    };
    const message = language === "en" ? problem.message : say("message") || problem.message;
    const remedy = language === "en" ? problem.remedy : say("remedy") || problem.remedy;
    return { message, remedy, field: problem.field };
  };

  // Gradio chooses by the browser's language and offers no call to change it; its own module does (a test holds it).
  const core = performance.getEntriesByType("resource").map((e) => e.name).find((n) => /\/assets\/core-[\w-]+\.js/.test(n));
  const speak = () => {
    document.documentElement.lang = language;
    if (core) import(core).then((module) => module.changeLocale?.(language)).catch(() => {});
  };
  const setLanguage = (next) => { language = next; store("language", next); speak(); emit("language", next); };

  // --- light and dark ----------------------------------------------------------------------------------------
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (stored("theme") ? stored("theme") === "dark" : system.matches);
  const paint = () => {
    document.documentElement.style.colorScheme = dark() ? "dark" : "light";
    if (document.body.classList.contains("dark") !== dark()) document.body.classList.toggle("dark", dark());
  };
  const setDark = (on) => { store("theme", on ? "dark" : "light"); paint(); emit("theme", on); };
  new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  system.addEventListener("change", () => { paint(); emit("theme", dark()); });

  // --- events between the pieces -----------------------------------------------------------------------------
  const ears = {};
  const on = (name, ear) => { (ears[name] ??= []).push(ear); };
  const emit = (name, data) => { for (const ear of ears[name] ?? []) ear(data); };

  // --- the server --------------------------------------------------------------------------------------------
  /** JSON of an answer; throws an Error with `problem` when the server refuses. */
  const ask = async (path, options) => {
    let answer;
    // A file that the server would refuse is not sent at all: while it is on its way, no answer would be seen.
    if (options?.body instanceof Blob && options.body.size > limits.file) throw broken("error.picture.large", { most: limits.file / 2 ** 20 });
    try { answer = await fetch(path, options); } catch { throw broken("error.unreachable"); }
    if (answer.status === 204) return null;
    const body = await answer.json().catch(() => null);
    if (answer.ok) return body;
    if (body?.error?.code === "people.sign_in") location.replace("sign-in");  // signed out, here or elsewhere
    throw Object.assign(new Error("refused"), { problem: body?.error ?? broken("error.unreachable").problem });
  };
  const broken = (key, values = {}) => Object.assign(new Error(key), {
    problem: { code: key.slice(6), message: fill(dictionary.en[`${key}.message`], values), remedy: fill(dictionary.en[`${key}.remedy`], values), values },
  });

  const images = new Map();
  const remember = (image) => {
    images.delete(image.id);
    images.set(image.id, image);
    if (images.size > 2000) images.delete(images.keys().next().value);  // who scrolls through a hundred thousand
    return image;
  };
  const image = async (id) => images.get(id) ?? remember(await ask(`api/images/${id}`));
  const page = async (before, limit) => {
    const query = new URLSearchParams({ limit });
    if (before) query.set("before", before);
    const found = await ask(`api/images?${query}`);
    found.images.forEach(remember);
    return found;
  };

  // --- jobs: one stream while something of this visitor is active, a cheap look now and then otherwise --------
  let snapshot = null, stream = null, reachable = true;
  const seen = new Set();
  const active = (job) => job.state === "queued" || job.state === "running";
  const take = (next) => {
    const first = snapshot === null;
    snapshot = next;
    link(true);
    let fresh = false;
    for (const job of next.jobs) for (const picture of job.pictures)
      if (picture.image && !seen.has(picture.image)) { seen.add(picture.image); fresh = true; }
    document.body.classList.toggle("atelier-active", next.jobs.some(active));
    emit("state", next);
    if (fresh && !first) emit("images", {});
    if (next.jobs.some(active)) follow();
  };
  const link = (well) => { if (well !== reachable) { reachable = well; emit("link", well); } };
  const follow = () => {
    if (stream || document.hidden) return;
    stream = new EventSource("api/state");
    stream.onmessage = (message) => take(JSON.parse(message.data));
    stream.addEventListener("idle", leave);
    stream.onerror = () => { leave(); setTimeout(look, 1500); };
  };
  const leave = () => { stream?.close(); stream = null; };
  const look = async () => {
    try { take(await ask("api/now")); } catch { link(false); }
  };
  const cancel = async (id) => { try { await ask(`api/jobs/${id}/cancel`, { method: "POST" }); } catch (e) { note(e.problem); } look(); };
  const stop = () => {
    emit("stop");
    if (!reachable) { note(broken("error.unreachable").problem); return; }
    const jobs = (snapshot?.jobs ?? []).filter(active);
    const job = jobs.find((j) => j.state === "running") ?? jobs[0];
    if (job) cancel(job.id);
  };
  const stopAll = () => {
    emit("stop");
    for (const job of (snapshot?.jobs ?? []).filter(active).reverse()) cancel(job.id);  // the one at work last: none begins
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else look(); });
  window.addEventListener("focus", () => { if (!stream) look(); });
  window.addEventListener("pagehide", leave);
  setInterval(() => { if (!document.hidden && !stream) look(); }, 3000);

  // --- builders ----------------------------------------------------------------------------------------------
  /** h("button", {class: "x", onclick: f}, "text", node): strings become text nodes, never markup. */
  const h = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
  };
  const SHAPES = {
    download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
    dice: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1ZM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01",
    grid: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
    copy: "M9 9h11v11H9zM15 9V4H4v11h5",
    close: "M6 6l12 12M18 6 6 18",
    trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
    sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
    moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
    open: "M4 7V5a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-2M3 12h11m-4-4 4 4-4 4",
    reuse: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
    left: "M15 5l-7 7 7 7",
    right: "M9 5l7 7-7 7",
    warn: "M12 4 2.5 20h19L12 4ZM12 10v4.5M12 17.5h.01",
    brush: "M20 4c-5 2-9 6-10.5 9.5M9.5 13.5c-3 0-4 2-4 4 0 1.200-1 2-2 2.500 4 1 8 0 8-3.500 0-1.500-.8-2.700-2-3ZM9.500 13.500c1 .3 1.800 1.200 2 2.500",
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.classList.add("icon");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", SHAPES[name]);
    svg.append(path);
    return svg;
  };
  /** A button with an icon; its text is read aloud and shown as a tooltip. */
  const tool = (name, key, onclick, extra = {}) => h("button", { type: "button", class: "tool", title: t(key), "aria-label": t(key), onclick, ...extra }, icon(name));
  const seconds = (s) => (s >= 90 ? t("time.minutes", { n: Math.round(s / 60) }) : t("time.seconds", { n: s < 10 ? s.toFixed(1) : Math.round(s) }));
  const when = (unix) => new Date(unix * 1000).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
  /** width, sampler, steps … in one line. */
  const summary = (i) => [i.held ? t("held") : null, `${i.width} × ${i.height}`, i.outside === 0 ? t("outside.none") : i.outside > 0 ? t("outside.some", { n: i.outside }) : null, i.sampler, t(i.steps === 1 ? "result.step" : "result.steps", { n: i.steps }), t("result.seed", { n: i.seed }), i.checkpoint].filter(Boolean).join("  ·  ");

  const notes = h("div", { class: "notes", role: "status", "aria-live": "polite" });
  document.body.append(notes);
  const uppermost = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  const place = () => {
    const host = uppermost();
    host.append(notes);
    kept.disconnect();
    kept.observe(host, { childList: true });
  };
  const kept = new MutationObserver(() => { if (!notes.isConnected) place(); });  // a dialog that is drawn anew
  document.addEventListener("close", place, true);  // they do not close with a dialog
  /** A passing note: a text, or a Problem; `action` is a button in it: {text, act}. */
  const note = (what, detail, action) => {
    const told = typeof what === "string" ? { message: what, remedy: detail } : explain(what);
    const card = h("div", { class: "note" }, h("div", {}, h("p", {}, told.message), told.remedy ? h("p", { class: "subdued" }, told.remedy) : null),
      action ? h("button", { type: "button", class: "plain", onclick: () => { card.remove(); action.act(); } }, action.text) : null, tool("close", "close", () => card.remove()));
    place();  // else an open dialog would cover it
    notes.append(card);
    setTimeout(() => card.remove(), 9000);
  };
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = h("textarea", { class: "unseen" });  // a page that came over plain http has no clipboard
      area.value = text; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    note(t("note.copied"));
  };
  /** On a narrow page Gradio moves the last tabs into a menu, where they have no name but their words. */
  const tab = (name) => {
    const words = ["en", "zh-CN"].map((one) => dictionary[one][`tab.${name}`]), own = document.getElementById(`tab-${name}-button`);
    (own ?? [...document.querySelectorAll("#tabs .overflow-menu button")].find((button) => words.includes(button.textContent.trim())))?.click();
  };
  const focusField = (name) => { const field = document.getElementById(`field-${name}`); (field?.querySelector("textarea, input") ?? field)?.focus(); };

  // Doors for the pieces. keys: `atelier.keys.push(["Ctrl + Enter", "key.generate"])` lists a key in the dialog "?", its
  // word in both languages. form, differs, reset and saved come from form.js; setSize from aspects.js.
  window.atelier = { shapes: SHAPES, limits, t, has, label, explain, on, emit, ask, image, remember, page, look, cancel, stop, stopAll, keys: [], active, h, icon, tool, seconds, when,
    summary, note, copy, tab, focusField, setLanguage, setDark, dark, stored, store, images,
    get language() { return language; }, get snapshot() { return snapshot; }, get reachable() { return reachable; },
    unreachable: broken("error.unreachable").problem, models: { models: [] }, shown: null, fill: () => {}, lastSeed: () => null };

  // --- keys and tooltips -------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const generate = document.getElementById("generate");
    if (!generate?.offsetParent && getComputedStyle(generate ?? document.body).position !== "fixed") return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const field = document.activeElement;
    field?.blur();  // a number is handed on only when its field is left
    setTimeout(() => { generate.click(); field?.focus(); }, 40);
  }, true);
  document.addEventListener("pointerover", (event) => {
    const button = event.target.closest?.("button.iconic");
    if (button) button.title = button.textContent.trim();
  });

  paint();
  speak();
  look();
})();
