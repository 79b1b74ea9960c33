// The bar below the gallery while pictures are selected: what can be done with all of them at once.
(() => {
  const atelier = window.atelier, shelf = atelier.shelf;
  const { h, t } = atelier;
  atelier.shapes.compare = "M12 3v18M4 6h5v12H4zM15 6h5v12h-5z";
  atelier.shapes.restore = "M4 12a8 8 0 1 0 2.500-5.800L4 8.500M4 4v4.500h4.500";

  /** A small dialog with the tags that the pictures bear. */
  const tagThem = (ids) => {
    const counts = () => {
      const found = new Map();
      for (const id of ids) for (const tag of shelf.items[shelf.placeOf(id)]?.tags ?? []) found.set(tag, (found.get(tag) ?? 0) + 1);
      return [...found].sort((a, b) => b[1] - a[1]).map(([tag]) => tag);
    };
    const editor = atelier.tags(async (change) => { await atelier.mark(ids, change); editor.show(counts()); });
    const dialog = h("dialog", { class: "sure tagging", "aria-label": t("tags") }, h("p", {}, t(ids.length === 1 ? "tags.of.one" : "tags.of.many", { n: ids.length })), editor,
      h("div", {}, h("button", { type: "button", class: "plain strong", onclick: () => dialog.close() }, t("done"))));
    dialog.addEventListener("close", () => dialog.remove());
    editor.show(counts());
    document.body.append(dialog);
    dialog.showModal();
    editor.querySelector("input").focus();
  };

  /** end: leaves the select mode; spent: told when those that were selected have left the list. */
  atelier.selection = (end, spent) => {
    const bar = h("div", { class: "selection", role: "toolbar", hidden: true });
    let gathering = false;
    const ids = () => [...shelf.selected.keys()];
    const act = (icon, key, press, more = {}) => h("button", { type: "button", class: "plain", title: t(key), "aria-label": t(key), onclick: press, ...more }, atelier.icon(icon), h("span", {}, t(key)));
    const all = () => {
      if (gathering) return h("button", { type: "button", class: "plain quiet", onclick: () => { gathering = false; draw(); } }, t("select.stop", { n: shelf.items.length, of: shelf.total }));
      if (shelf.selected.size >= shelf.total) return null;
      return h("button", { type: "button", class: "plain quiet all", onclick: async () => { gathering = true; draw(); await shelf.chooseAll(() => !gathering); gathering = false; draw(); } }, t("select.all", { n: shelf.total.toLocaleString(atelier.language) }));
    };
    const draw = () => {
      const n = shelf.selected.size;
      bar.hidden = !n && !bar.closest(".gallery")?.classList.contains("selecting");
      if (bar.hidden) { bar.replaceChildren(); return; }
      const focused = [...bar.querySelectorAll("button")].indexOf(document.activeElement);
      const row = atelier.stars((stars) => atelier.mark(ids(), { stars }));
      const values = new Set([...shelf.selected.values()].map((item) => item.stars));
      row.show(values.size === 1 ? [...values][0] : 0);
      const none = { disabled: !n };
      bar.setAttribute("aria-label", t("select.bar"));
      bar.replaceChildren(
        h("b", { role: "status" }, t(n === 1 ? "select.one" : "select.many", { n: n.toLocaleString(atelier.language) })), all() ?? "",
        h("span", { class: "space" }),
        ...(shelf.query.trash
          ? [act("restore", "trash.restore", () => atelier.restore(ids()).then(spent), none), act("trash", "trash.erase", () => atelier.erase(ids()).then(spent), none)]
          : shelf.foreign() ? [act("compare", "compare", () => atelier.compare(...ids()), { disabled: n !== 2 }), act("download", "download", () => atelier.zip(ids()), none)]
          : [row, act("tag", "tags", () => tagThem(ids()), none), act("board", "boards", () => atelier.pinboards.choose(ids()), { ...none, class: "plain pin" }), ...(shelf.query.board ? [act("unpin", "board.take", () => atelier.pinboards.takeOff(ids()).then(spent), none)] : []),
            act("compare", "compare", () => atelier.compare(...ids()), { disabled: n !== 2 }),
            act("download", "download", () => atelier.zip(ids()), none), act("trash", "trash.move", () => atelier.trash(ids()).then(spent), none)]),
        atelier.tool("close", "select.end", end));
      if (focused >= 0) bar.querySelectorAll("button")[focused]?.focus();
    };
    return { bar, draw, ids };
  };
})();
