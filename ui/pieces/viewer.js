// The viewer: one picture in the whole window, with all that made it beside it; `atelier.details` is its door.
(() => {
  const atelier = window.atelier;
  const { h, t, tool } = atelier;
  Object.assign(atelier.shapes, { info: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 11v5M12 8h.01", plus: "M12 5v14M5 12h14", minus: "M5 12h14", fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" });
  const dialog = h("dialog", { class: "viewer", tabindex: "-1" });
  const view = h("div", { class: "view" }), sheet = h("aside", { class: "sheet" }), top = h("div", { class: "top" }), actions = h("div", { class: "actions", role: "toolbar" });
  const number = h("span", { class: "number", role: "status" }), percent = h("button", { type: "button", class: "tool text percent", onclick: () => (camera.percent() === 100 ? camera.fit() : camera.full()) });
  dialog.append(top, view, sheet, actions);
  document.body.append(dialog);
  const camera = atelier.camera({ moved: () => { percent.textContent = `${camera.percent()} %`; }, swiped: (step) => go(step) });
  let list = [], at = -1, image = null, opener = null, neighbours = {}, marked = null, turn = 0;

  const say = (error) => { if (!error.problem) throw error; atelier.note(error.problem); };
  const go = async (step) => {
    const to = at + step;
    if (to < 0) return;
    if (to >= list.length && step > 0) { const longer = await neighbours.more?.(); if (longer) list = longer; }
    if (to < list.length) { at = to; await draw(); }
  };
  /** The picture went away: the one after it comes, or the one before. */
  const gone = () => {
    list = list.filter((id) => id !== image.id);
    if (!list.length) { dialog.close(); return; }
    at = Math.min(at, list.length - 1);
    draw();
  };
  const bin = async () => {
    if (!mine()) return;
    const { id } = image, back = at;
    if (image.trashed) { if (await atelier.erase([id])) gone(); return; }
    if (await atelier.trash([id], () => { if (dialog.open) { list = [...list.slice(0, back), id, ...list.slice(back)]; at = back; draw(); } })) gone();
  };
  const use = (values) => { dialog.close(); atelier.tab("txt2img"); atelier.fill(values); };
  const compare = () => {
    if (marked && marked !== image.id) { atelier.compare(marked, image.id); return; }
    marked = marked ? null : image.id;
    if (marked) atelier.note(t("compare.marked"), t("compare.marked.help"));
    labels();
  };
  const inform = () => { const on = !dialog.classList.contains("informed"); dialog.classList.toggle("informed", on); atelier.store("viewer.info", on ? "on" : "off"); info.setAttribute("aria-pressed", String(on)); };

  // --- what stands around the picture ------------------------------------------------------------------------
  const act = (icon, key, press, more = {}) => h("button", { type: "button", class: "plain", title: t(key), "aria-label": t(key), onclick: press, ...more }, atelier.icon(icon), h("span", {}, t(key)));
  const mine = () => (image.by ?? null) === null;
  const rate = (n) => { if (image && !image.trashed && mine()) atelier.mark([image.id], { stars: n }); };
  let stars, tags, info, before, after;
  /** Buttons of one language; they act on the picture that is shown. */
  const furnish = () => {
    stars = atelier.stars(rate);
    tags = atelier.tags((change) => atelier.mark([image.id], change));
    info = tool("info", "viewer.info", inform, { "aria-pressed": String(dialog.classList.contains("informed")) });
    before = tool("left", "previous", () => go(-1), { class: "tool turn before" });
    after = tool("right", "next", () => go(1), { class: "tool turn after" });
    percent.title = t("viewer.full");
    top.replaceChildren(number, h("span", { class: "zoom", role: "group", "aria-label": t("viewer.zoom") }, tool("minus", "viewer.out", () => camera.by(1 / 1.25)), percent, tool("plus", "viewer.in", () => camera.by(1.25)), tool("fit", "viewer.fit", () => camera.fit())),
      h("span", { class: "ends" }, info, tool("close", "close", () => dialog.close(), { class: "tool leave" })));
    view.replaceChildren(before, after);
    actions.setAttribute("aria-label", t("viewer.actions"));
  };
  const labels = () => {
    const trashed = Boolean(image.trashed), other = marked && marked !== image.id;
    const focused = [...actions.querySelectorAll("button, a")].indexOf(document.activeElement);
    actions.replaceChildren(...(trashed
      ? [act("restore", "trash.restore", async () => { if (await atelier.restore([image.id])) gone(); }, { class: "plain strong" }), h("span", { class: "space" }), act("trash", "trash.erase", bin)]
      : [mine() ? stars : "", h("span", { class: "space" }), act("reuse", "reuse.settings", () => use(image.values), { class: "plain strong" }), act("dice", "reuse.seed", () => use({ seed: image.seed })),
        atelier.sender(image), ...extras(), act("copy", "copy.settings", () => atelier.copy(image.infotext)),
        h("a", { class: "plain", href: `api/images/${image.id}/file?download=1`, download: "", title: t("download"), "aria-label": t("download") }, atelier.icon("download"), h("span", {}, t("download"))),
        act("compare", other ? "compare.now" : "compare", compare, { "aria-pressed": String(marked === image.id) }),
        ...(mine() ? [act("board", "boards", () => atelier.pinboards.choose([image.id]), { class: "plain pin" }), h("span", { class: "space" }), act("trash", "trash.move", bin)] : [h("span", { class: "space" })])]));
    if (focused >= 0) actions.querySelectorAll("button, a")[focused]?.focus();
  };
  /** Other pieces' actions: `atelier.extras` holds functions of a picture that answer {icon, key, act, bare} or null; bare: only the icon. */
  const extras = () => (atelier.extras ?? []).map((offer) => offer(image)).filter(Boolean).map((extra) => (extra.bare ? tool(extra.icon, extra.key, extra.act) : act(extra.icon, extra.key, extra.act)));
  const row = (key, value) => (value === null || value === undefined || value === "" ? [] : [h("dt", {}, t(key)), h("dd", {}, String(value))]);
  const OWN = new Set(["prompt", "negative_prompt", "width", "height", "checkpoint", "sampler", "schedule", "steps", "guidance", "seed", "clip_skip", "checkpoint_hash", "start", "count"]);
  const tell = () => {
    const v = image.values ?? {};
    const other = Object.entries(v).filter(([name, value]) => !OWN.has(name) && atelier.has(`field.${name}.label`) && value !== null && value !== "" && value !== false && value !== 0 && value?.length !== 0);
    sheet.setAttribute("aria-label", t("viewer.info"));
    sheet.replaceChildren(h("h2", {}, image.prompt || t("no.prompt")),
      v.negative_prompt ? h("p", { class: "negative" }, h("span", {}, t("field.negative_prompt.label")), v.negative_prompt) : "",
      mine() ? "" : h("p", { class: "from" }, image.by ? t("board.by", { name: image.by }) : t("board.by.somebody")),
      ...(image.trashed || !mine() ? [] : [tags]),
      h("dl", {}, row("details.size", `${image.width} × ${image.height}`), row("field.checkpoint.label", image.checkpoint), row("field.sampler.label", image.sampler), row("field.schedule.label", v.schedule),
        row("field.steps.label", image.steps), row("field.guidance.label", v.guidance), row("field.seed.label", image.seed), row("field.clip_skip.label", v.clip_skip),
        row("held", image.held && atelier.why(image.held)), row("details.restored", image.restored), row("details.seconds", image.seconds ? atelier.seconds(image.seconds) : null), row("details.created", atelier.when(image.created))),
      atelier.lineage(image),
      other.length ? h("details", {}, h("summary", {}, t("details.more")), h("dl", {}, other.flatMap(([name, value]) => [h("dt", {}, atelier.label(name)), h("dd", {}, atelier.tell(name, value))]))) : "",
      h("details", {}, h("summary", {}, t("details.infotext")), h("pre", {}, image.infotext)));
  };

  // --- the picture -------------------------------------------------------------------------------------------
  const draw = async () => {
    const mine = ++turn, id = list[at];
    let found;
    try { found = await atelier.image(id); } catch (error) { if (mine === turn) { dialog.close(); say(error); } return; }
    if (mine !== turn) return;
    image = found;
    const film = h("img", { src: `api/images/${id}/thumbnail`, alt: image.prompt || t("no.prompt"), draggable: "false" }), whole = new Image();
    whole.src = `api/images/${id}/file`;
    whole.decode().then(() => { if (film.isConnected) film.src = whole.src; }).catch(() => lost(mine, id));  // the small one stays until then
    view.querySelectorAll(".film, .lost, .held").forEach((old) => old.remove());
    view.prepend(film);
    if (image.held) film.after(atelier.heldLabel(image.held));
    camera.clear();
    camera.add(view, film, image.width, image.height);
    camera.fit();
    dialog.setAttribute("aria-label", image.prompt || t("no.prompt"));
    number.textContent = list.length > 1 ? `${(at + 1).toLocaleString(atelier.language)} / ${(neighbours.total?.() ?? list.length).toLocaleString(atelier.language)}` : "";
    before.hidden = at === 0;
    after.hidden = at === list.length - 1 && (neighbours.total?.() ?? 0) <= list.length;
    stars.show(image.stars ?? 0);
    tags.show(image.tags ?? []);
    labels();
    tell();
    for (const near of [at + 1, at - 1]) if (list[near]) new Image().src = `api/images/${list[near]}/file`;
    if (dialog.open && !dialog.contains(document.activeElement)) dialog.focus();  // the button that was pressed is gone
  };
  /** The file cannot be shown: the reason stands over the small picture. */
  const lost = async (mine, id) => {
    try { await atelier.ask(`api/images/${id}/file`); } catch (error) {
      if (!error.problem) throw error;
      const { message, remedy } = atelier.explain(error.problem);
      if (mine === turn && dialog.open) view.append(h("p", { class: "lost", role: "status" }, `${message} ${remedy ?? ""}`));
    }
  };
  /** Opens picture `id`. ids: its neighbours for the arrow keys; around: {more(), total(), left(id)} of a list that goes on. */
  atelier.details = async (id, ids, around = {}) => {
    opener = document.activeElement;
    if (!Array.isArray(ids)) {
      try { ids = (await atelier.page(null, 48)).images.map((i) => i.id); } catch { ids = []; }
      if (!ids.includes(id)) ids = [id];
    }
    neighbours = around;
    list = [...ids]; at = list.indexOf(id);
    dialog.classList.toggle("informed", (atelier.stored("viewer.info") ?? (innerWidth > 900 ? "on" : "off")) === "on");
    furnish();
    if (!dialog.open) dialog.showModal();
    dialog.focus();
    await draw();
  };
  atelier.on("marked", ({ ids }) => { if (dialog.open && image && ids.includes(image.id)) { stars.show(image.stars ?? 0); tags.show(image.tags ?? []); } });
  dialog.addEventListener("close", () => {
    turn++;
    view.querySelector(".film")?.remove();
    camera.clear();
    if (neighbours.left && image && list.includes(image.id)) neighbours.left(image.id);
    else if (opener?.isConnected) opener.focus();
    marked = null;
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea") || !image) return;
    const pans = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.shiftKey && pans[event.key]) { event.preventDefault(); camera.pan(...pans[event.key]); return; }
    if (event.target.closest(".sheet") && /^(Arrow|Page|Home|End)/.test(event.key)) return;
    const press = {
      ArrowLeft: () => go(-1), ArrowRight: () => go(1), "+": () => camera.by(1.25), "=": () => camera.by(1.25), "-": () => camera.by(1 / 1.25), f: () => camera.fit(), z: () => camera.full(),
      i: inform, c: compare, d: () => atelier.zip([image.id]), Delete: bin,
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? (/^[0-5]$/.test(event.key) ? () => rate(Number(event.key)) : null);
    if (press) { event.preventDefault(); press(); }
  });
})();
