// What is done with pictures once they are there: stars, tags, the trash and its undo, a zip to take home.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  const MOST = 500;  // ids in one request
  const send = async (path, ids, more = {}) => {
    for (let i = 0; i < ids.length; i += MOST)
      await atelier.ask(`api/images/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ids: ids.slice(i, i + MOST), ...more }) });
  };
  const told = async (work) => {
    try { await work(); return true; } catch (error) {
      if (!error.problem) throw error;
      atelier.note(error.problem);
      return false;
    }
  };
  const many = (key, n) => t(n === 1 ? `${key}.one` : `${key}.many`, { n });

  /** {stars, add: [tags], remove: [tags]} on each of the pictures. */
  atelier.mark = (ids, { stars, add, remove }) => told(async () => {
    await send("change", ids, { stars, add_tags: add, remove_tags: remove });
    for (const image of ids.map((id) => atelier.images.get(id)).filter(Boolean)) {
      if (stars !== undefined) image.stars = stars;
      image.tags = [...new Set([...(image.tags ?? []), ...(add ?? [])])].filter((tag) => !remove?.includes(tag));
    }
    atelier.emit("marked", { ids, stars, add, remove });
  });
  const leave = (ids) => {
    const gone = atelier.shelf.remove(ids);
    for (const id of ids) { atelier.images.delete(id); atelier.emit("images", { deleted: id }); }
    return gone;
  };
  /** Into the trash, with a note that undoes it; `undone` is called when it was. */
  atelier.trash = (ids, undone) => told(async () => {
    await send("trash", ids);
    const gone = leave(ids), trashed = atelier.shelf.query.trash;
    const undo = () => told(async () => {
      await send("restore", ids);
      if (atelier.shelf.query.trash === trashed) atelier.shelf.putBack(gone);
      atelier.emit("images", {});
      undone?.();
    });
    atelier.note(many("trash.moved", ids.length), "", { text: t("trash.undo"), act: undo });
  });
  atelier.restore = (ids) => told(async () => {
    await send("restore", ids);
    leave(ids);
    atelier.emit("images", {});
    atelier.note(many("trash.restored", ids.length));
  });
  /** Deletes for good, after a question; without ids all that lies in the trash. */
  atelier.erase = async (ids) => {
    const n = ids?.length;
    if (!(await atelier.sure(ids ? many("trash.sure", n) : t("trash.sure.all"), t("trash.erase")))) return false;
    return told(async () => {
      if (ids) { await send("empty-trash", ids); leave(ids); return; }
      await atelier.ask("api/images/empty-trash", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
      await atelier.shelf.reload();
    });
  };
  atelier.zip = (ids) => told(async () => {
    if (ids.length === 1) { save(`api/images/${ids[0]}/file?download=1`); return; }
    const { selection } = await atelier.ask("api/images/selection", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ids }) });
    save(`api/images/zip?selection=${encodeURIComponent(selection)}`);
  });
  const save = (href) => { const link = h("a", { href, download: "" }); document.body.append(link); link.click(); link.remove(); };

  /** A question with two answers; Escape is no. */
  atelier.sure = (question, yes) => new Promise((answer) => {
    const end = (said) => { dialog.close(); dialog.remove(); answer(said); };
    const no = h("button", { type: "button", class: "plain", onclick: () => end(false) }, t("delete.keep"));
    const dialog = h("dialog", { class: "sure", "aria-label": question }, h("p", {}, question),
      h("div", {}, no, h("button", { type: "button", class: "plain danger", onclick: () => end(true) }, yes)));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });

  atelier.shapes.star = "M12 3.500l2.600 5.400 5.900.8-4.300 4.100 1 5.900-5.200-2.800-5.200 2.800 1-5.900-4.300-4.100 5.900-.8z";
  atelier.shapes.tag = "M4 4h8l8 8-8 8-8-8zM8.500 8.500h.01";
  /** Five stars that are pressed; the one that is set already takes them away. `show(n)` is a property of the row. */
  atelier.stars = (press) => {
    let value = 0;
    const row = h("div", { class: "stars", role: "group", "aria-label": t("stars") });
    for (let n = 1; n <= 5; n++) row.append(h("button", { type: "button", title: t("stars.key", { n }), "aria-label": many("stars.n", n), onclick: (event) => { event.stopPropagation(); press(n === value ? 0 : n); } }, atelier.icon("star")));
    row.show = (n) => {
      value = n;
      [...row.children].forEach((button, i) => { button.classList.toggle("on", i < n); button.setAttribute("aria-pressed", String(i + 1 === n)); });
    };
    row.show(0);
    return row;
  };

  let known = 0;
  const list = h("datalist", { id: "known-tags" });
  document.body.append(list);
  /** Chips with a field for one more; change({add} | {remove}). `show(tags)` is a property of the editor. */
  atelier.tags = (change) => {
    const chips = h("span", { class: "chosen" });
    const field = h("input", { type: "text", list: "known-tags", maxlength: "60", placeholder: t("tags.add"), "aria-label": t("tags.add"), onfocus: () => suggest() });
    const put = () => {
      const tags = field.value.split(/[,，]/).map((tag) => tag.trim()).filter(Boolean);
      field.value = "";
      if (tags.length) change({ add: tags });
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();  // letters and digits mean other things outside
      if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); put(); }
      if (event.key === "Escape") { event.preventDefault(); field.value = ""; field.blur(); }
    });
    field.addEventListener("change", put);
    const editor = h("div", { class: "tags", role: "group", "aria-label": t("tags") }, chips, field);
    editor.show = (tags) => chips.replaceChildren(...tags.map((tag) => h("span", { class: "tag" }, tag,
      h("button", { type: "button", "aria-label": t("tags.remove", { tag }), title: t("tags.remove", { tag }), onclick: () => change({ remove: [tag] }) }, "×"))));
    return editor;
  };
  const suggest = async () => {
    if (Date.now() - known < 5000) return;
    known = Date.now();
    try { list.replaceChildren(...(await atelier.ask("api/images/facets")).tags.map(({ value }) => h("option", { value }))); } catch { /* it is only a suggestion */ }
  };
})();
