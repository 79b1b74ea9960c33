// "Reproduce": a picture is drawn again by its recipe and judged; and its recipe is saved as a file or copied as a link.
(() => {
  const atelier = window.atelier, { h, t, tool } = atelier;
  atelier.shapes.again = "M20 12a8 8 0 1 1-2.500-5.800L20 8.500M20 4v4.500h-4.500";
  atelier.shapes.recipe = "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h5";
  const LOOK = 600;  // milliseconds between two questions whether it is drawn
  const dialog = h("dialog", { class: "hints reproduce", tabindex: "-1" });
  document.body.append(dialog);
  let turn = 0;
  const show = (title, ...content) => {
    dialog.setAttribute("aria-label", t(title));
    dialog.replaceChildren(h("header", {}, h("h2", {}, t(title)), tool("close", "close", () => dialog.close())), ...content.flat());
    if (!dialog.open) dialog.showModal();
  };
  const told = async (work) => {
    try { return await work(); } catch (error) {
      if (!error.problem) throw error;
      dialog.close();
      atelier.note(error.problem);
      return null;
    }
  };
  const need = ({ kind, name, hash, here }) => h("li", {}, h("span", {}, t(`need.${kind}`)), h("b", {}, name), h("code", {}, hash), h("small", {}, t(here === "other" ? "need.other" : "need.no")));
  const needs = (missing) => h("ul", { class: "needs" }, missing.map(need));
  const value = (text) => text || "–";
  const cause = ({ what, before, now }) => h("li", {}, h("span", {}, t(`cause.${what}`)), what === "unknown" ? "" : h("b", {}, `${value(before)} → ${value(now)}`));
  const verdict = (image, found) => show("reproduce",
    h("p", { class: `verdict ${found.says}`, role: "status" }, h("b", {}, t(`verdict.${found.says}`)), found.psnr === null ? "" : ` ${t("verdict.psnr", { n: found.psnr.toFixed(1) })}`),
    h("p", { class: "subdued" }, t(`verdict.${found.says}.what`)),
    found.says === "identical" ? [] : found.because.length ? [h("h3", {}, t("reproduce.because")), h("ul", { class: "needs" }, found.because.map(cause))] : [h("p", { class: "subdued" }, t("reproduce.no.cause"))],
    found.copy ? h("div", { class: "row" }, h("button", { type: "button", class: "plain strong", onclick: () => { dialog.close(); atelier.compare(image.id, found.copy); } }, t("compare"))) : []);
  atelier.reproduce = async (image) => {
    const mine = ++turn;
    show("reproduce", h("p", { class: "subdued", role: "status" }, t("reproduce.begin")));
    const begun = await told(() => atelier.ask(`api/images/${image.id}/reproduce`, { method: "POST" }));
    if (!begun || mine !== turn) return;
    if (!begun.job) { show("reproduce", h("p", { role: "status" }, t("reproduce.missing")), needs(begun.missing)); return; }
    const stop = h("button", { type: "button", class: "plain", onclick: () => { atelier.cancel(begun.job); dialog.close(); } }, t("reproduce.stop"));
    show("reproduce", h("p", { class: "subdued", role: "status" }, t("reproduce.drawing")), begun.missing.length ? needs(begun.missing) : [], h("div", { class: "row" }, stop));
    atelier.look();
    while (mine === turn && dialog.open) {
      await new Promise((go) => setTimeout(go, LOOK));
      const found = await told(() => atelier.ask(`api/images/${image.id}/reproduce/${begun.job}`, { method: "POST" }));
      if (!found || mine !== turn) return;
      if (found.says) { verdict(image, found); atelier.emit("images", {}); return; }
      if (found.state === "failed" || found.state === "cancelled") { show("reproduce", h("p", { role: "status" }, t("reproduce.ended"))); return; }
    }
  };
  const save = (href) => { const link = h("a", { href, download: "" }); document.body.append(link); link.click(); link.remove(); dialog.close(); };
  atelier.recipe = (image) => {
    turn++;
    const act = (icon, key, press) => h("button", { type: "button", class: "plain", onclick: press }, atelier.icon(icon), h("span", {}, t(key)));
    show("recipe", h("p", { class: "subdued" }, t("recipe.what")), h("div", { class: "choices" },
      act("copy", "recipe.link", async () => {
        const found = await told(() => atelier.ask(`api/images/${image.id}/recipe-link`));
        if (found) { dialog.close(); atelier.copy(location.href.split("#")[0] + found.link); }
      }),
      act("download", "recipe.file", () => save(`api/images/${image.id}/recipe`)),
      (image.by ?? null) === null && (image.values?.picture || image.values?.control?.length) ? act("download", "recipe.file.pictures", () => save(`api/images/${image.id}/recipe?pictures=1`)) : ""));
  };
  dialog.addEventListener("close", () => { turn++; });
  const whole = (image) => !image.trashed && image.infotext && !image.restored;
  (atelier.extras ??= []).push((image) => (whole(image) ? { icon: "again", key: "reproduce", bare: true, act: () => atelier.reproduce(image) } : null),
    (image) => (whole(image) ? { icon: "recipe", key: "recipe", bare: true, act: () => atelier.recipe(image) } : null));
})();
