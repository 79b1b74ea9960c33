// Which of the drawing tabs is open, what each begins with, and pictures on their way between them.
// A way of beginning registers itself: atelier.ways.img2img = {kind: "picture", take: async (blob, image) => …, begin: async () => ({…})}.
// Who takes pictures and is no tab: atelier.takers.control = async (blob, image) => ….
(() => {
  const atelier = window.atelier, { h, tool } = atelier, ways = { txt2img: null }, takers = {};
  const dialog = h("dialog", { class: "menu", id: "send-menu" });
  document.body.append(dialog);
  let now = "txt2img";  // the first tab
  /** "" for a tab without the workbench. */
  const bench = (name) => {
    document.documentElement.dataset.bench = name;
    if (!name) return;
    now = name;
    atelier.store("bench", name);
    atelier.emit("bench", name);
  };
  document.documentElement.dataset.bench = now;

  // --- uploads: the studio knows a picture by its hash ---------------------------------------------------------
  let sent = new WeakMap();
  /** live: only for a look at it. */
  const upload = (blob, { live = false } = {}) => {
    if (!sent.has(blob)) {
      const answer = atelier.ask(live ? "api/pictures?live=true" : "api/pictures", { method: "POST", body: blob, headers: { "Content-Type": "application/octet-stream" } });
      sent.set(blob, answer.then((found) => found.picture));
      answer.catch(() => sent.delete(blob));
    }
    return sent.get(blob);
  };
  atelier.on("answered", ({ problem }) => { if (["picture.missing", "mask.missing", "control.missing"].includes(problem?.code)) sent = new WeakMap(); });  // it was cleared away there
  /** What the form's picture starts from, for Generate; live: for a look. */
  const start = async (how = {}) => {
    const way = ways[now];
    if (!way) return { start: "noise" };
    try { return { start: way.kind, ...(await way.begin(how)) }; } catch (error) {
      if (!error.problem) throw error;
      atelier.note(error.problem);
      return { start: way.kind };
    }
  };

  // --- pictures of the studio into a tab -----------------------------------------------------------------------
  const send = async (name, image) => {
    try {
      const answer = await fetch(`api/images/${image.id}/file`);
      if (!answer.ok) throw Object.assign(new Error("gone"), { problem: (await answer.json()).error });
      const blob = await answer.blob();
      document.querySelectorAll("dialog[open]").forEach((open) => open.close());
      atelier.tab(ways[name] ? name : now);
      await (ways[name]?.take ?? takers[name])(blob, image);
    } catch (error) { atelier.note(error.problem ?? atelier.unreachable); }
  };
  const openMenu = (image, from) => {
    const again = atelier.again.offered(image) ? h("button", { type: "button", class: "again", title: atelier.t("edit.again.help"), onclick: () => { dialog.close(); atelier.again.go(image); } }, atelier.t("edit.again")) : null;
    dialog.replaceChildren(...[again].filter(Boolean), ...[...Object.keys(ways).filter((name) => ways[name]), ...Object.keys(takers)].map((name) => h("button", { type: "button", onclick: () => { dialog.close(); send(name, image); } }, atelier.t(`send.${name}`))));
    dialog.showModal();
    const box = from.getBoundingClientRect();
    dialog.style.left = `${Math.max(8, Math.min(box.left, innerWidth - dialog.offsetWidth - 8))}px`;
    dialog.style.top = `${box.top > dialog.offsetHeight + 12 ? box.top - dialog.offsetHeight - 4 : Math.min(box.bottom + 4, innerHeight - dialog.offsetHeight - 8)}px`;
  };
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  atelier.shapes.send = "M4 12h13m-5-5 5 5-5 5M20 5v14";
  /** The button "Send to" of a picture. */
  const sender = (image) => { const button = tool("send", "send", () => openMenu(image, button), { "aria-haspopup": "menu" }); return button; };

  /** Width and height for a picture: its own shape, of about as many pixels as the model was trained on; exact: as many as it has, up to
      twice as many as that. */
  const fitted = (width, height, exact = false) => {
    const model = atelier.models.models.find((m) => m.name === atelier.models.chosen), area = (model?.width || 512) * (model?.height || 512);
    const scale = exact && width * height <= 2 * area ? 1 : Math.max(Math.sqrt(area / (width * height)), 64 / Math.min(width, height));
    const eight = (n) => Math.min(2048, Math.max(64, Math.round((n * scale) / 8) * 8));
    return { width: eight(width), height: eight(height) };
  };
  Object.assign(atelier, { bench, ways, takers, start, upload, send, sender, fitted });
  Object.defineProperty(atelier, "benched", { get: () => now });
  const last = atelier.stored("bench");
  if (last && last !== now) {  // where the visitor was before a reload
    const open = (tries) => {
      if (document.documentElement.dataset.bench === last || !tries) return;
      if (document.getElementById("generate")) atelier.tab(last);
      setTimeout(open, 250, tries - 1);
    };
    open(60);
  }
})();
