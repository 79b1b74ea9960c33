// The data set of a training: chosen or made, its pictures with captions that are edited where they stand.
(() => {
  const atelier = window.atelier, { plan } = atelier;
  const { h, t } = atelier;
  const at = (set, rest) => `api/training/datasets/${encodeURIComponent(set)}/${rest}`;

  /** The step "Pictures". check: what the scan says (training-check.js); it is told of each change. */
  atelier.pictures = (check) => {
    let sets = null, pictures = [], total = 0, shownOf = null, turn = 0, sending = false;
    const shelf = h("div", { class: "sets", role: "radiogroup" }), progress = h("div", { class: "progress" }), head = h("div", { class: "sethead" }), grid = h("div", { class: "pictures" }), more = h("div", { class: "more" });
    const datalist = h("datalist", { id: "training-sets" });
    const node = h("div", { class: "step-pictures" }, shelf, progress, h("div", { class: "twosides" }, h("div", { class: "side-pictures" }, head, grid, more), check.node), datalist);

    const list = async () => {
      try { sets = await atelier.ask("api/training/datasets"); } catch (error) { if (!error.problem) throw error; sets ??= []; atelier.note(error.problem); }
      datalist.replaceChildren(...sets.map((s) => h("option", { value: s.name })));
      if (plan.state.set && !sets.some((s) => s.name === plan.state.set.name)) plan.use(null);
      draw();
      if (plan.state.set && shownOf !== plan.state.set.name) await read();
    };
    const choose = async (set) => {
      pictures = []; total = 0;
      plan.use({ name: set.name, folder: set.name, captions: [] });
      draw();
      await read();
    };
    /** The first pictures of the data set that is chosen. */
    const read = async () => {
      const set = plan.state.set?.name;
      shownOf = set; pictures = []; total = 0;
      if (set) await further(++turn);
      if (set !== plan.state.set?.name) return;
      remember();
      check.changed();
    };
    const remember = () => { if (plan.state.set) plan.use({ ...plan.state.set, count: total, captions: pictures.slice(0, 60).map((p) => p.caption ?? "") }); };
    const further = async (mine) => {
      try {
        const found = await atelier.ask(at(shownOf, `pictures?offset=${pictures.length}`));
        if (mine !== turn) return;
        pictures.push(...found.pictures);
        total = found.total;
      } catch (error) { if (!error.problem) throw error; if (mine === turn) atelier.note(error.problem); }
      drawPictures();
    };

    // --- bringing pictures -------------------------------------------------------------------------------------
    const bring = async (files, into) => {
      if (sending || !files.length) return;
      sending = true;
      const zips = [...files].filter((f) => /\.zip$/i.test(f.name)), taken = (sets ?? []).map((s) => s.name);
      const name = into && !zips.length ? into : atelier.bring.nameFor(files, taken);
      const arrived = await atelier.bring.send(files, name, progress).finally(() => { sending = false; });
      await list();
      const made = sets.find((s) => s.name === (arrived?.name ?? name));
      if (made) { shownOf = null; await choose(made); }
    };
    atelier.bringPictures = bring;
    const opened = { file: (into) => () => atelier.bring.files((files) => bring(files, into)), folder: (into) => () => atelier.bring.folder((files) => bring(files, into)) };
    let depth = 0;
    const holds = (event) => node.offsetParent && [...(event.dataTransfer?.types ?? [])].includes("Files");
    // Before the page's own reader of settings: what is dropped here is to be learned.
    for (const kind of ["dragenter", "dragleave", "dragover", "drop"]) window.addEventListener(kind, async (event) => {
      if (!holds(event)) return;
      event.preventDefault(); event.stopImmediatePropagation();
      if (kind === "dragenter") depth++;
      if (kind === "dragleave") depth--;
      if (kind === "drop") depth = 0;
      node.classList.toggle("over", depth > 0);
      if (kind === "drop") { const own = event.target.closest?.(".twosides") && plan.state.set ? plan.state.set.name : null; const files = await atelier.bring.dropped(event.dataTransfer); bring(files, own); }
    }, true);

    // --- what is seen -------------------------------------------------------------------------------------------
    const draw = () => {
      const chosen = plan.state.set?.name;
      shelf.setAttribute("aria-label", t("training.sets"));
      node.classList.toggle("empty", !sets?.length);
      const fresh = h("div", { class: "set fresh" }, atelier.icon("import"), h("b", {}, t(sets?.length ? "training.set.new" : "training.set.first")), sets?.length ? "" : h("p", {}, t("training.set.drop")),
        h("span", {}, h("button", { type: "button", class: "plain small", onclick: opened.file(null) }, t("training.set.files")), h("button", { type: "button", class: "plain small", onclick: opened.folder(null) }, t("training.set.folder"))));
      if (sets === null) { shelf.replaceChildren(h("div", { class: "set ghost" }), h("div", { class: "set ghost" })); return; }
      shelf.replaceChildren(...sets.map((s) => h("button", { type: "button", class: "set", role: "radio", "aria-checked": String(s.name === chosen), onclick: () => choose(s) },
        s.thumbnail ? h("img", { src: s.thumbnail, alt: "", loading: "lazy" }) : h("i", {}), h("span", {}, h("b", { title: s.name }, s.name), h("small", {}, t(s.pictures === 1 ? "training.pictures.one" : "training.pictures", { n: s.pictures }))))), fresh);
      drawPictures();
    };
    const drawPictures = () => {
      const set = plan.state.set;
      head.hidden = !set; node.classList.toggle("none", !set); more.hidden = !set || pictures.length >= total;
      if (!set) { head.replaceChildren(); grid.replaceChildren(...(sets?.length ? [h("p", { class: "invite" }, t("training.set.choose"))] : [])); return; }
      head.replaceChildren(h("h3", { title: set.name }, set.name), h("span", { class: "subdued" }, total ? t(total === 1 ? "training.pictures.one" : "training.pictures", { n: total }) : ""), h("span", { class: "space" }),
        h("button", { type: "button", class: "plain small", onclick: opened.file(set.name) }, atelier.icon("plus"), h("span", {}, t("training.set.add"))),
        h("button", { type: "button", class: "plain small", disabled: !pictures.length, onclick: () => atelier.editTags(set, counted(), plan.word(), applied) }, atelier.icon("reuse"), h("span", {}, t("training.tags"))));
      const known = new Map([...grid.children].map((n) => [n.dataset?.key, n]));
      grid.replaceChildren(...pictures.map((p) => { const key = `${set.name}/${p.name}`, old = known.get(key); if (old && (old.caption === (p.caption ?? "") || old.contains(document.activeElement))) return old; return card(p, key); }));
      more.replaceChildren(h("button", { type: "button", class: "plain", onclick: () => further(++turn) }, t("training.more", { n: total - pictures.length })));
    };
    const card = (picture, key) => {
      const text = h("textarea", { class: "textarea", rows: 3, "aria-label": t("training.caption", { name: picture.name }), placeholder: t("training.caption.none"), spellcheck: "false" }), mark = h("i", { class: "saved", hidden: true }, atelier.icon("check"));
      text.value = picture.caption ?? "";
      const save = async () => {
        if (text.value === (picture.caption ?? "")) return;
        const before = picture.caption;
        picture.caption = text.value;
        try {
          await atelier.ask(at(shownOf, "captions"), { method: "PUT", body: JSON.stringify({ changes: [{ name: picture.name, caption: text.value }] }), headers: { "Content-Type": "application/json" } });
          mark.hidden = false; setTimeout(() => { mark.hidden = true; }, 1600);
          one.caption = text.value;
          remember(); check.changed();
        } catch (error) { picture.caption = before; if (!error.problem) throw error; atelier.note(error.problem); }
      };
      text.addEventListener("blur", save);
      text.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); text.blur(); } if (event.key === "Escape") { text.value = picture.caption ?? ""; text.blur(); } });
      const one = h("div", { class: "picture", "data-key": key }, h("div", { class: "frame" }, h("img", { src: picture.thumbnail, alt: picture.caption || picture.name, loading: "lazy", draggable: "false", onerror: (event) => event.currentTarget.replaceWith(atelier.icon("warn")) }), mark), text);
      one.caption = picture.caption ?? "";
      one.title = picture.name;
      return one;
    };
    const counted = () => {
      const found = new Map();
      for (const { caption } of pictures) for (const tag of new Set((caption ?? "").split(",").map((s) => s.trim()).filter(Boolean))) found.set(tag, (found.get(tag) ?? 0) + 1);
      return [...found].sort((a, b) => b[1] - a[1]);
    };
    const applied = async () => {
      await read();
      atelier.note(t("training.tags.done"), null, { text: t("trash.undo"), act: async () => {
        try { await atelier.ask("api/training/scan/undo", { method: "POST" }); } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); }
        read();
      } });
    };
    check.again = read;
    return { node, list, draw, title: () => (plan.state.set ? `${plan.state.set.name}${plan.state.set.count ? ` · ${t(plan.state.set.count === 1 ? "training.pictures.one" : "training.pictures", { n: plan.state.set.count })}` : ""}` : t("training.step.pictures.none")) };
  };
})();
