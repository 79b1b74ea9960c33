// One picture, large, with all that made it: a dialog that both tabs open.
(() => {
  const { h, t, tool } = atelier;
  const dialog = h("dialog", { class: "details", tabindex: "-1" });
  document.body.append(dialog);
  let list = [], at = -1, opener = null, confirming = false;

  const row = (key, value) => (value === null || value === undefined || value === "" ? [] : [h("dt", {}, t(key)), h("dd", {}, String(value))]);
  const close = () => dialog.close();
  const go = async (step) => {
    const next = at + step;
    if (confirming || next < 0) return;
    if (next >= list.length && step > 0) await atelier.more?.().then((longer) => { if (longer) list = longer; });
    if (next < list.length) { at = next; draw(list[at]); }
  };
  const removeForGood = async (id) => {
    try { await atelier.forget(id); } catch (error) { atelier.note(error.problem); return; }
    confirming = false;
    list = list.filter((other) => other !== id);
    if (!list.length) { close(); return; }
    at = Math.min(at, list.length - 1);
    draw(list[at]);
  };

  const foot = (image) => {
    if (confirming) {
      const no = h("button", { type: "button", class: "plain", onclick: () => { confirming = false; draw(image.id); } }, t("delete.keep"));
      setTimeout(() => no.focus());
      return h("div", { class: "actions confirm", role: "alertdialog", "aria-label": t("delete.sure") }, h("p", {}, t("delete.sure")),
        h("button", { type: "button", class: "plain danger", onclick: () => removeForGood(image.id) }, t("delete.yes")), no);
    }
    const use = (values) => () => { close(); atelier.tab("txt2img"); atelier.fill(values); };
    return h("div", { class: "actions" },
      h("button", { type: "button", class: "plain strong", onclick: use(image.values) }, atelier.icon("reuse"), t("reuse.settings")),
      h("button", { type: "button", class: "plain", onclick: use({ seed: image.seed }) }, atelier.icon("dice"), t("reuse.seed")),
      h("button", { type: "button", class: "plain", onclick: () => atelier.made(image) }, atelier.icon("steps"), t("made.title")),
      h("a", { class: "plain", href: `api/images/${image.id}/file?download=1`, download: "" }, atelier.icon("download"), t("download")),
      h("button", { type: "button", class: "plain", onclick: () => atelier.copy(image.infotext) }, atelier.icon("copy"), t("copy.settings")),
      h("button", { type: "button", class: "plain quiet", onclick: () => { confirming = true; draw(image.id); } }, atelier.icon("trash"), t("delete")));
  };
  const draw = async (id) => {
    let image;
    try { image = await atelier.image(id); } catch (error) { close(); atelier.note(error.problem); return; }
    const v = image.values ?? {};
    const grow = image.width < 256 ? 5 : 2;
    const picture = h("img", { src: `api/images/${id}/file`, alt: image.prompt, width: image.width, height: image.height,
      style: `--ratio:${image.width / image.height}; --most:${image.width * grow}px` });
    dialog.setAttribute("aria-label", image.prompt || t("no.prompt"));
    dialog.replaceChildren(
      h("div", { class: "mat" }, picture,
        at > 0 ? tool("left", "previous", () => go(-1), { class: "tool turn before" }) : null,
        at < list.length - 1 || atelier.hasMore?.() ? tool("right", "next", () => go(1), { class: "tool turn after" }) : null),
      h("div", { class: "sheet" }, tool("close", "close", close, { class: "tool leave" }),
        h("h2", {}, image.prompt || t("no.prompt")),
        v.negative_prompt ? h("p", { class: "negative" }, h("span", {}, t("field.negative_prompt.label")), v.negative_prompt) : null,
        h("dl", {}, row("details.size", `${image.width} × ${image.height}`), row("field.checkpoint.label", image.checkpoint), row("field.sampler.label", image.sampler),
          row("field.schedule.label", v.schedule), row("field.steps.label", image.steps), row("field.guidance.label", v.guidance), row("field.seed.label", image.seed),
          row("field.clip_skip.label", v.clip_skip), row("details.seconds", image.seconds ? atelier.seconds(image.seconds) : null), row("details.created", atelier.when(image.created))),
        h("details", {}, h("summary", {}, t("details.infotext")), h("pre", {}, image.infotext)),
        foot(image)));
    if (dialog.open && !dialog.contains(document.activeElement)) dialog.focus();  // the button that was pressed is gone
  };

  /** Opens picture `id`; `ids` are its neighbours for the arrow keys. */
  atelier.details = async (id, ids) => {
    if (!ids) {
      try { ids = (await atelier.page(null, 48)).images.map((i) => i.id); } catch { ids = []; }
      if (!ids.includes(id)) ids = [id];
    }
    opener = document.activeElement;
    list = [...ids]; at = list.indexOf(id); confirming = false;
    await draw(id);
    if (!dialog.open) dialog.showModal();
  };
  dialog.addEventListener("cancel", (event) => { if (confirming) { event.preventDefault(); confirming = false; draw(list[at]); } });
  dialog.addEventListener("close", () => opener?.isConnected && opener.focus());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") go(-1);
    if (event.key === "ArrowRight") go(1);
  });
})();
