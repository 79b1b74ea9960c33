// LoRAs and embeddings: a dialog to choose them from; what is worn is read off the prompt, and written back into it.
(() => {
  const { h, t, tool } = atelier;
  atelier.shapes.layers = "M12 3 3 8l9 5 9-5-9-5ZM3 12.500l9 5 9-5M3 16.500l9 5 9-5";
  const TAG = /<(?:lora|lyco):([^:>]+)((?::[^:>]*)*)>/gi;
  const dialog = h("dialog", { class: "sheet-dialog loras" });
  const search = h("input", { type: "search", autocomplete: "off", id: "lora-search" });
  const list = h("ul", {}), kinds = h("div", { class: "kinds", role: "group" });
  document.body.append(dialog);
  let kind = "loras", known = { loras: [], embeddings: [] }, wish = null;

  const read = (name) => wish?.[name] ?? document.querySelector(`#field-${name} textarea`)?.value ?? "";
  /** The form follows in a moment; until then this is what stands there. */
  const write = (name, text) => {
    wish = { ...wish, [name]: text };
    setTimeout(() => { wish = null; }, 1500);
    atelier.fill({ [name]: text }, { quiet: true });
    draw();
  };
  const same = (a, b) => a.trim().toLowerCase() === b.trim().toLowerCase();
  const called = (one) => [one.name, one.word, ...one.also];
  const NAMES = [(one) => [one.name], (one) => [one.word], (one) => one.also];
  /** Those that a name means: whose whole name it is, or their word, or a name that they bear themselves. */
  const meant = (name) => NAMES.map((names) => known.loras.filter((one) => names(one).some((other) => same(other, name)))).find((found) => found.length) ?? [];
  /** Its tags in the prompt, each with its strength, null where it says more than one. */
  const tags = (one) => [...read("prompt").matchAll(TAG)].filter((m) => meant(m[1]).includes(one))
    .map((m) => ({ text: m[0], weight: m[2] === "" ? 1 : /^:-?[\d.]+$/.test(m[2]) ? Number(m[2].slice(1)) : null }));
  /** What stands in the prompt for it: short, where that is no other's. */
  const spelt = (one) => (meant(one.word).length > 1 ? one.name : one.word);
  const tidy = (text) => text.replace(/[ \t]{2,}/g, " ").replace(/\s*,(\s*,)+/g, ",").replace(/^[\s,]+/, "").trim();
  const joined = (text, more) => (text.trim() ? `${text.trim().replace(/,$/, "")}${more.startsWith("<") ? " " : ", "}${more}` : more);
  const says = (text, words) => text.toLowerCase().includes(words.toLowerCase());
  const bare = (text) => text.replace(TAG, " ");

  const putOn = (one) => {
    let text = read("prompt");
    for (const words of one.triggers) if (!says(bare(text), words)) text = joined(text, words);
    write("prompt", joined(text, `<lora:${spelt(one)}:${one.weight ?? 1}>`));
  };
  const takeOff = (one) => {
    let text = read("prompt");
    for (const tag of tags(one)) text = text.replace(tag.text, "");
    write("prompt", tidy(text));
  };
  const weigh = (one, weight) => {
    const [tag] = tags(one);
    if (tag && Number.isFinite(weight)) write("prompt", read("prompt").replace(tag.text, `<lora:${spelt(one)}:${Math.round(weight * 100) / 100}>`));
  };
  const whole = (word) => new RegExp(`(^|[^\\p{L}\\p{N}_])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}_])`, "iu");
  const spoken = (one, field) => [one.word, ...one.also].some((word) => whole(word).test(read(field)));
  const say = (one, field) => {
    const text = read(field);
    write(field, spoken(one, field) ? tidy([one.word, ...one.also].reduce((left, word) => left.replace(whole(word), "$1"), text)) : joined(text, one.word));
  };

  // --- drawing -------------------------------------------------------------------------------------------------
  const face = (one) => (one.picture ? h("img", { src: `api/${kind}/picture?name=${encodeURIComponent(one.name)}`, alt: "", loading: "lazy", draggable: "false" })
    : h("i", { "aria-hidden": "true" }, [...(one.title || one.word)][0]));
  const facts = (one) => [kind === "loras" ? [one.methods.join(", "), one.rank ? t("loras.rank", { n: one.rank }) : ""].filter(Boolean).join(" ") : t(one.vectors === 1 ? "loras.vector" : "loras.vectors", { n: one.vectors }),
    one.title && one.title !== one.name ? one.name : ""].filter(Boolean).join(" · ");
  const words = (one) => (one.triggers.length + one.tags.length === 0 ? null : h("span", { class: "triggers" }, ...[...one.triggers, ...one.tags].map((word) =>
    h("button", { type: "button", class: "trigger", "aria-pressed": String(says(bare(read("prompt")), word)), title: t("loras.insert", { word }),
      onclick: () => { if (!says(bare(read("prompt")), word)) write("prompt", joined(read("prompt"), word)); } }, word))));
  const strength = (one, tag) => {
    const slide = h("input", { type: "range", min: -1, max: 2, step: 0.05, value: tag.weight, "aria-label": t("loras.weight", { name: one.word }) });
    const number = h("output", {}, tag.weight.toFixed(2));
    slide.addEventListener("input", () => { number.textContent = Number(slide.value).toFixed(2); });
    slide.addEventListener("change", () => weigh(one, Number(slide.value)));
    return h("span", { class: "strength" }, slide, number);
  };
  const row = (one) => {
    const title = h("span", { class: "name" }, h("b", {}, one.title || one.name), h("small", {}, one.problem ? "" : facts(one)));
    if (one.problem) {
      const { message, remedy } = atelier.explain(one.problem);
      return h("li", { class: "broken" }, h("div", { class: "entry" }, face(one), h("span", { class: "name" }, h("b", {}, one.name), h("small", {}, `${message} ${remedy}`))));
    }
    if (kind === "embeddings") {
      const choose = (field, key) => h("button", { type: "button", class: "plain", "aria-pressed": String(spoken(one, field)), onclick: () => say(one, field) }, t(key));
      return h("li", { class: spoken(one, "prompt") || spoken(one, "negative_prompt") ? "on" : "" }, h("div", { class: "entry" }, face(one), title, h("span", { class: "places" }, choose("prompt", "loras.prompt"), choose("negative_prompt", "loras.negative"))));
    }
    const worn = tags(one), on = worn.length > 0;
    return h("li", { class: on ? "on" : "" }, h("button", { type: "button", class: "entry", "aria-pressed": String(on), onclick: () => (on ? takeOff(one) : putOn(one)) }, face(one), title),
      on && worn[0].weight !== null ? strength(one, worn[0]) : null, on ? words(one) : null);
  };
  const matches = (one) => { const text = [...called(one), one.title, ...one.triggers, ...one.tags].join(" ").toLowerCase(); return search.value.toLowerCase().split(/\s+/).every((part) => text.includes(part)); };
  const draw = () => {
    if (!dialog.open) return;
    const focus = document.activeElement, at = list.contains(focus) ? [...list.querySelectorAll("button, input")].indexOf(focus) : -1;
    kinds.replaceChildren(...["loras", "embeddings"].map((name) => h("button", { type: "button", "aria-pressed": String(kind === name), onclick: () => { kind = name; draw(); } }, t(`loras.${name}`), h("small", {}, String(known[name].length)))));
    const found = known[kind].filter(matches);
    list.replaceChildren(...found.map(row));
    if (!found.length) list.replaceChildren(h("p", {}, known[kind].length ? t("loras.nothing") : t(`loras.none.${kind}`)));
    if (at >= 0) list.querySelectorAll("button, input")[at]?.focus();
  };
  const load = async () => {
    try {
      const [loras, embeddings] = await Promise.all([atelier.ask("api/loras"), atelier.ask("api/embeddings")]);
      known = { ...loras, ...embeddings };
      draw();
    } catch (error) { if (error.problem) atelier.note(error.problem); else throw error; }
  };
  const show = async () => {
    search.value = "";
    search.placeholder = t("loras.search");
    for (const [node, key] of [[search, "loras.search"], [dialog, "loras.choose"]]) node.setAttribute("aria-label", t(key));
    dialog.replaceChildren(h("header", {}, h("h2", {}, t("loras.choose")), tool("close", "close", () => dialog.close())), h("div", { class: "find" }, search, kinds), list);
    if (!dialog.open) dialog.showModal();
    search.focus();
    await load();
  };
  search.addEventListener("input", draw);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  addEventListener("focus", () => { if (dialog.open) load(); });  // a file was put into the folder meanwhile
  atelier.loras = { show };
})();
