// Boards beside the gallery's filters: one's own to fill and share, those of others to look at; text, never markup.
(() => {
  const atelier = window.atelier, shelf = atelier.shelf;
  const { h, t } = atelier;
  const DRAGGED = "application/x-atelier-pictures";
  atelier.shapes.board = "M4 5h16v14H4zM8 9h8M8 13h5";
  atelier.shapes.unpin = "M4 5h16v14H4zM9 12h6";
  atelier.shapes.people = "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM3 19c0-3.300 2.700-5 6-5s6 1.700 6 5M16 11a3 3 0 1 0-1-5.800M17 14c2.400.4 4 2 4 5";
  const json = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  let known = { boards: [], mine: 0, shared: 0 };

  const told = async (work) => {
    try { return (await work()) ?? true; } catch (error) {
      if (!error.problem) throw error;
      atelier.note(error.problem);
      return false;
    }
  };
  const load = async () => {
    if (atelier.limits.closed.includes("boards")) return;
    try { known = await atelier.ask("api/boards"); } catch { return; }  // the list says what is wrong
    atelier.emit("pinboards", known);
  };
  const current = () => known.boards.find((board) => board.id === shelf.query.board);
  /** Whether what is listed belongs to somebody else, and is only looked at. */
  shelf.foreign = () => Boolean(shelf.query.shared || (shelf.query.board && current()?.mine === false));
  const whose = (board) => (board.mine ? t(board.shared ? "board.is.shared" : "board.is.mine") : board.by ? t("board.by", { name: board.by }) : t("board.by.somebody"));

  const put = (board, ids) => told(async () => {
    const { changed } = await atelier.ask(`api/boards/${board.id}/add`, json("POST", { ids }));
    atelier.note(changed ? t(changed === 1 ? "board.added.one" : "board.added.many", { n: changed, name: board.name }) : t("board.added.none", { name: board.name }));
    await load();
  });
  const take = (board, ids) => told(async () => {
    await atelier.ask(`api/boards/${board.id}/remove`, json("POST", { ids }));
    if (shelf.query.board === board.id) shelf.remove(ids);
    await load();
  });
  /** A line of text, asked for; null when somebody thought better of it. */
  const named = (title, text = "") => new Promise((answer) => {
    const field = h("input", { type: "text", maxlength: "80", "aria-label": t("board.name"), placeholder: t("board.name"), value: text });
    const end = (said) => { dialog.close(); dialog.remove(); answer(said); };
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); if (field.value.trim()) end(field.value.trim()); } }, h("p", {}, title), field,
      h("div", {}, h("button", { type: "button", class: "plain", onclick: () => end(null) }, t("board.cancel")), h("button", { type: "submit", class: "plain strong" }, t("done"))));
    const dialog = h("dialog", { class: "sure naming", "aria-label": title }, form);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(null); });
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  });
  /** Asks for a name and makes it; answers the board, or null. */
  const make = async () => {
    const name = await named(t("board.new"));
    if (!name) return null;
    const made = await told(() => atelier.ask("api/boards", json("POST", { name })));
    await load();
    return made ? known.boards.find((board) => board.id === made.id) : null;
  };
  const rename = async (board) => {
    const name = await named(t("board.rename"), board.name);
    if (name && await told(() => atelier.ask(`api/boards/${board.id}`, json("PATCH", { name })))) await load();
  };
  const share = async (board, shared) => {
    if (!(await told(() => atelier.ask(`api/boards/${board.id}`, json("PATCH", { shared }))))) return;
    await load();
    if (shared) atelier.note(t("board.now.shared", { name: board.name }), t("board.now.shared.what"), { text: t("trash.undo"), act: () => share(board, false) });
  };
  const remove = async (board) => {
    if (!(await atelier.sure(t("board.sure", { name: board.name }), t("board.delete")))) return;
    if (!(await told(() => atelier.ask(`api/boards/${board.id}`, { method: "DELETE" })))) return;
    await load();
    shelf.set({ board: "", shared: "" });
  };

  const option = (key, words, n, on, press, more = "") => {
    const button = h("button", { type: "button", class: "option", "aria-pressed": String(on), "data-filter": "board", "data-value": key, title: more ? `${words}: ${more}` : words, onclick: press },
      h("span", {}, words, more ? h("small", {}, more) : ""), h("i", {}, n.toLocaleString(atelier.language)));
    return button;
  };
  const line = (board) => {
    const button = option(board.id, board.name, board.pictures, shelf.query.board === board.id, () => shelf.set({ board: shelf.query.board === board.id ? "" : board.id, shared: "" }), board.mine ? (board.shared ? t("board.shared") : "") : whose(board));
    if (!board.mine) return button;
    const over = (event) => [...event.dataTransfer.types].includes(DRAGGED);
    button.addEventListener("dragover", (event) => { if (over(event)) { event.preventDefault(); button.classList.add("over"); } });
    button.addEventListener("dragleave", () => button.classList.remove("over"));
    button.addEventListener("drop", (event) => {
      if (!over(event)) return;
      event.preventDefault();
      button.classList.remove("over");
      put(board, JSON.parse(event.dataTransfer.getData(DRAGGED)));
    });
    return button;
  };

  atelier.pinboards = {
    load, make, put,
    dragged: (event, ids) => { event.dataTransfer.setData(DRAGGED, JSON.stringify(ids)); event.dataTransfer.effectAllowed = "copy"; },
    /** The list at the head of the filters. */
    section: () => {
      const others = known.boards.some((board) => !board.mine), none = !shelf.query.board && !shelf.query.shared;
      return h("section", { class: "boards" }, h("h3", {}, t("boards")), h("div", {},
        option("", t(others ? "boards.mine" : "boards.all"), known.mine, none, () => shelf.set({ board: "", shared: "" })),
        others ? option("shared", t("boards.shared"), known.shared, Boolean(shelf.query.shared), () => shelf.set({ board: "", shared: "1" })) : "",
        known.boards.map(line)),
        h("button", { type: "button", class: "plain quiet new", onclick: make }, atelier.icon("plus"), h("span", {}, t("board.new"))));
    },
    /** What stands above the pictures of a board. */
    strip: (node) => {
      const board = current(), alike = shelf.query.alike;
      if (alike) {
        node.hidden = false;
        node.replaceChildren(h("img", { src: `api/images/${alike}/thumbnail`, alt: "" }), h("p", {}, h("b", {}, t("alike")), " ", h("span", {}, t("alike.what"))), h("span", { class: "space" }),
          h("button", { type: "button", class: "plain quiet", onclick: () => shelf.set({ alike: "" }) }, t("alike.leave")));
        return;
      }
      node.hidden = !board && !shelf.query.shared;
      if (node.hidden) { node.replaceChildren(); return; }
      const act = (key, press) => h("button", { type: "button", class: "plain quiet", onclick: press }, t(key));
      node.replaceChildren(atelier.icon(board && board.mine && !board.shared ? "board" : "people"), h("p", {}, h("b", {}, board ? board.name : t("boards.shared")), " ", h("span", {}, board ? whose(board) : t("boards.shared.what"))), h("span", { class: "space" }),
        ...(board?.mine ? [act(board.shared ? "board.unshare" : "board.share", () => share(board, !board.shared)), act("board.rename", () => rename(board)), act("board.delete", () => remove(board))] : []),
        act("board.leave", () => shelf.set({ board: "", shared: "" })));
    },
    /** A dialog in which pictures are laid on one's boards or taken off them. */
    choose: async (ids) => {
      await load();
      let on = new Set();
      if (ids.length === 1) { const found = await told(() => atelier.ask(`api/images/${ids[0]}`)); if (!found) return; on = new Set(found.boards); }
      const list = h("div", { class: "choices" });
      const draw = () => list.replaceChildren(...known.boards.filter((board) => board.mine).map((board) => {
        const box = h("input", { type: "checkbox", checked: on.has(board.id), onchange: async () => {
          if (box.checked) { await put(board, ids); on.add(board.id); } else { await take(board, ids); on.delete(board.id); }
        } });
        return h("label", {}, box, h("span", {}, board.name), board.shared ? h("small", {}, t("board.is.shared")) : "");
      }));
      const dialog = h("dialog", { class: "sure choosing", "aria-label": t("boards") }, h("p", {}, t(ids.length === 1 ? "boards.of.one" : "boards.of.many", { n: ids.length })), list,
        h("div", {}, h("button", { type: "button", class: "plain", onclick: async () => { const board = await make(); if (board) { await put(board, ids); on.add(board.id); draw(); } } }, t("board.new")),
          h("button", { type: "button", class: "plain strong", onclick: () => dialog.close() }, t("done"))));
      dialog.addEventListener("close", () => dialog.remove());
      draw();
      document.body.append(dialog);
      dialog.showModal();
      (list.querySelector("input") ?? dialog.querySelector("button")).focus();
    },
    /** Off the board that is looked at. */
    takeOff: (ids) => { const board = current(); return board?.mine ? take(board, ids) : Promise.resolve(false); },
  };
  atelier.shapes.alike = "M4 4h9v9H4zM11 11h9v9h-9z";
  (atelier.extras ??= []).push((image) => (image.trashed ? null : { icon: "alike", key: "alike", bare: true, act: () => {
    document.querySelector("dialog.viewer[open]")?.close();
    atelier.tab("gallery");
    shelf.set({ ...shelf.none, alike: image.id, trash: false });
  } }));
  atelier.on("images", () => { clearTimeout(due); due = setTimeout(load, 800); });
  let due = setTimeout(load, 1200);
})();
