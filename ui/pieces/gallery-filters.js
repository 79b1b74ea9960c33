// The gallery's filters: a panel with counts beside the pictures, and chips that take each of them away again.
(() => {
  const atelier = window.atelier, shelf = atelier.shelf;
  const { h, t } = atelier;
  const SECTIONS = { model: "models", sampler: "samplers", size: "sizes", tag: "tags" };  // a filter's name -> its facet
  const LABELS = { q: "filter.q", model: "filter.model", sampler: "filter.sampler", size: "filter.size", tag: "filter.tag", since: "filter.since", until: "filter.until", seed: "filter.seed", stars: "filter.stars" };
  const day = (back) => { const date = new Date(Date.now() - back * 864e5); return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-"); };

  atelier.filters = () => {
    const panel = h("aside", { class: "filters", id: "gallery-filters" });
    const chips = h("div", { class: "active" });
    const open = new Set(["model", "sampler", "size", "tag"]);
    let facets = {}, turn = 0;

    const toggle = (name, value) => {
      const now = shelf.query[name];
      if (name === "size") shelf.set({ size: now === value ? "" : value });
      else shelf.set({ [name]: now.includes(value) ? now.filter((v) => v !== value) : [...now, value] });
    };
    const count = async () => {
      const mine = ++turn;
      try {
        const found = await atelier.ask(`api/images/facets?${shelf.parameters()}`);
        if (mine === turn) facets = found;
      } catch { return; }
      if (mine === turn) draw();
    };
    const option = (name) => ({ value, count: n }) => {
      const on = [shelf.query[name]].flat().includes(value);
      return h("button", { type: "button", class: "option", "aria-pressed": String(on), "data-filter": name, "data-value": value, title: value, onclick: () => toggle(name, value) },
        h("span", {}, value || t("filter.none")), h("i", {}, n.toLocaleString(atelier.language)));
    };
    const section = (name) => {
      const found = [...(facets[SECTIONS[name]] ?? [])];
      for (const value of [shelf.query[name]].flat()) if (value && !found.some((f) => f.value === value)) found.unshift({ value, count: 0 });
      if (!found.length) return null;
      const details = h("details", { open: open.has(name) }, h("summary", {}, t(LABELS[name])), h("div", {}, found.map(option(name))));
      details.addEventListener("toggle", () => { if (details.open) open.add(name); else open.delete(name); });
      return details;
    };
    const field = (name, type) => {
      const input = h("input", { type, name, "aria-label": t(LABELS[name]), ...(type === "text" ? { inputmode: "numeric", placeholder: t("filter.seed.any") } : {}) });
      input.value = shelf.query[name];
      input.addEventListener("change", () => { if (input.value.trim() !== shelf.query[name]) shelf.set({ [name]: input.value.trim() }); });
      return input;
    };
    const draw = () => {
      const typing = panel.contains(document.activeElement) ? document.activeElement : null;
      const same = typing && (typing.name ? `[name="${typing.name}"]` : typing.dataset.filter ? `[data-filter="${typing.dataset.filter}"][data-value="${CSS.escape(typing.dataset.value)}"]` : null);
      const stars = atelier.stars((n) => shelf.set({ stars: n }));
      stars.show(shelf.query.stars);
      const quick = [["filter.today", 0], ["filter.week", 6], ["filter.month", 29]].map(([key, back]) => h("button", { type: "button", class: "chip", "aria-pressed": String(shelf.query.since === day(back) && !shelf.query.until),
        "data-filter": "since", "data-value": key, onclick: () => shelf.set(shelf.query.since === day(back) ? { since: "", until: "" } : { since: day(back), until: "" }) }, t(key)));
      const at = panel.scrollTop;
      panel.setAttribute("aria-label", t("filters"));
      panel.replaceChildren(
        h("div", { class: "top" }, h("h2", {}, t("filters")), shelf.filtered() ? h("button", { type: "button", class: "plain quiet", onclick: () => shelf.set({ ...shelf.none }) }, t("filter.clear")) : null,
          atelier.tool("close", "close", () => atelier.emit("filters", false), { class: "tool leave" })),
        atelier.pinboards.section(),
        h("section", {}, h("h3", {}, t("filter.stars")), stars),
        ...["model", "sampler", "size", "tag"].map(section).filter(Boolean),
        h("section", {}, h("h3", {}, t("filter.date")), h("div", { class: "quick" }, quick), h("div", { class: "dates" }, field("since", "date"), h("span", { "aria-hidden": "true" }, "–"), field("until", "date"))),
        h("section", {}, h("h3", {}, t("filter.seed")), field("seed", "text")));
      panel.scrollTop = at;
      if (same) panel.querySelector(same)?.focus();
    };
    const chip = (name, value, words) => h("button", { type: "button", class: "chip", "aria-label": t("filter.remove", { what: `${t(LABELS[name])}: ${words}` }), title: t("filter.remove", { what: words }),
      onclick: () => { if (Array.isArray(shelf.query[name])) toggle(name, value); else shelf.set({ [name]: shelf.none[name] }); } }, h("span", {}, t(LABELS[name])), ` ${words} `, h("b", { "aria-hidden": "true" }, "×"));
    const drawChips = () => chips.replaceChildren(...Object.keys(SECTIONS).flatMap((name) => [shelf.query[name]].flat().filter(Boolean).map((value) => chip(name, value, value))),
      ...["since", "until", "seed"].filter((name) => shelf.query[name]).map((name) => chip(name, null, shelf.query[name])),
      ...(shelf.query.stars ? [chip("stars", null, `≥ ${shelf.query.stars}`)] : []));
    return { panel, chips, draw: () => { draw(); drawChips(); }, count };
  };
})();
