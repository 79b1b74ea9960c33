// One's own queue in a dialog: what is drawn, what waits and when it starts, what is paused; each moved, paused or cancelled.
(() => {
  const { h, t, tool, ask, note } = atelier;
  Object.assign(atelier.shapes, {
    up: "M12 19V5m-6 6 6-6 6 6", down: "M12 5v14m-6-6 6 6 6-6", front: "M5 4h14M12 20V9m-5 5 5-5 5 5",
    pause: "M8 5v14M16 5v14", play: "M8 5v14l11-7L8 5Z",
  });
  const dialog = h("dialog", { class: "sheet-dialog queue", tabindex: "-1", "aria-labelledby": "queue-title" });
  const title = h("h2", { id: "queue-title" }), told = h("p", { class: "told", role: "status" });
  const all = h("div", { class: "all" }), list = h("ol", {}), nothing = h("p", { class: "nothing" });
  document.body.append(dialog);
  const rows = new Map();
  let heard = 0, language = null;  // when the state came; which words stand in the dialog

  const mine = () => (atelier.snapshot?.jobs ?? []).filter((job) => !job.finished && !job.live);
  const tell = async (path, body) => {
    try {
      await ask(`api/jobs/${path}`, { method: "POST", ...(body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {}) });
    } catch (refused) { note(refused.problem); }
    await atelier.look();
  };
  /** Seconds until it starts, run down since the state came; null where nobody knows. */
  const left = (job) => (job.starts_in === null || job.starts_in === undefined ? null : Math.max(0, job.starts_in - (Date.now() - heard) / 1000));
  const starts = (job) => {
    const seconds = left(job);
    if (seconds === null) return null;
    if (seconds < 1) return t("queue.soon");
    return t("queue.starts", { time: seconds >= 90 ? t("time.minutes", { n: Math.round(seconds / 60) }) : t("time.seconds", { n: Math.ceil(seconds) }) });
  };
  atelier.starts = starts;
  const facts = (job) => {
    if (job.state === "paused") return t("queue.paused");
    if (job.state === "queued") return [job.position ? t("state.waiting", { n: job.position }) : t("state.next"), starts(job)].filter(Boolean).join(" · ");
    const of = job.pictures.reduce((sum, p) => sum + p.of, 0), at = job.pictures.reduce((sum, p) => sum + p.step, 0);
    return job.doing === "loading" ? t("state.loading") : t("queue.drawing", { share: of ? Math.floor((100 * at) / of) : 0 });
  };
  const move = (id, before) => tell(`${id}/move`, before ? { before } : {});

  const make = (id) => {
    const sight = h("span", { class: "sight", "aria-hidden": "true" }), words = h("div", {}, h("p", { class: "prompt" }), h("p", { class: "facts" }));
    const waiting = () => mine().filter((job) => job.state === "queued").map((job) => job.id);
    const buttons = {
      front: tool("front", "queue.front", () => move(id)),
      up: tool("up", "queue.up", () => { const order = waiting(); move(id, order[order.indexOf(id) - 1]); }),
      down: tool("down", "queue.down", () => { const order = waiting(), next = order[order.indexOf(id) + 1]; if (next) move(next, id); }),
      pause: tool("pause", "queue.pause", () => tell(`${id}/pause`)),
      play: tool("play", "queue.resume", () => tell(`${id}/resume`)),
      cancel: tool("close", "cancel", () => { const at = [...list.children].indexOf(row.node); tell(`${id}/cancel`).then(() => (list.children[at] ?? list.lastElementChild ?? dialog).querySelector?.(".tool:last-child")?.focus()); }),
    };
    const row = { node: h("li", { "data-job": id }, sight, words, h("div", { class: "ends" }, ...Object.values(buttons))), sight, words, buttons };
    return row;
  };
  const show = (row, job, order) => {
    const at = order.indexOf(job.id), preview = job.pictures.map((p) => (p.image ? `api/images/${p.image}/thumbnail` : p.preview)).find(Boolean);
    row.node.dataset.state = job.state;
    if (preview && row.preview !== preview) { row.preview = preview; row.sight.replaceChildren(h("img", { src: preview, alt: "" })); }
    else if (!preview && !row.sight.firstChild) row.sight.replaceChildren(atelier.icon("brush"));
    row.sight.style.aspectRatio = `${job.width} / ${job.height}`;
    const [prompt, line] = row.words.children;
    prompt.textContent = job.kind === "restore" ? t("tab.restore") : job.prompt || t("no.prompt");
    const text = [facts(job), job.count > 1 ? t("queue.pictures", { n: job.count }) : null].filter(Boolean).join(" · ");
    if (line.textContent !== text) line.textContent = text;
    const { front, up, down, pause, play } = row.buttons;
    for (const button of [front, up, down]) button.hidden = at < 0;
    front.disabled = up.disabled = at === 0;
    down.disabled = at === order.length - 1;
    pause.hidden = job.state !== "queued";
    play.hidden = job.state !== "paused";
  };
  const draw = () => {
    if (!dialog.open) return;
    if (language !== atelier.language) { language = atelier.language; rows.clear(); list.replaceChildren(); build(); }
    const jobs = mine(), order = jobs.filter((job) => job.state === "queued").map((job) => job.id);
    const held = document.activeElement;  // moving a row takes the focus away from what is in it
    for (const [id, row] of rows) if (!jobs.some((job) => job.id === id)) { row.node.remove(); rows.delete(id); }
    jobs.forEach((job, at) => {
      if (!rows.has(job.id)) rows.set(job.id, make(job.id));
      const row = rows.get(job.id);
      show(row, job, order);
      if (list.children[at] !== row.node) list.insertBefore(row.node, list.children[at] ?? null);
    });
    if (held && held !== document.activeElement && dialog.contains(held)) {
      if (held.disabled || held.hidden) [...held.parentElement.children].find((one) => !one.disabled && !one.hidden)?.focus();
      else held.focus();
    }
    const paused = jobs.filter((job) => job.state === "paused").length, others = (atelier.snapshot?.waiting ?? 0) - order.length;
    const text = [t("queue.mine", { n: order.length }), paused ? t("queue.aside", { n: paused }) : null, others > 0 ? t("queue.others", { n: others }) : null].filter(Boolean).join(" · ");
    if (told.textContent !== text) told.textContent = text;
    nothing.hidden = jobs.length > 0;
    told.hidden = !jobs.length;
    all.children[0].hidden = !order.length;
    all.children[1].hidden = !paused;
    all.children[2].hidden = !jobs.length;
  };
  const build = () => {
    title.textContent = t("queue.title");
    nothing.textContent = t("queue.nothing");
    const plain = (id, key, press) => h("button", { type: "button", class: "plain small", id, onclick: press }, t(key));
    all.replaceChildren(plain("queue-pause", "queue.pause.all", () => tell("pause")), plain("queue-resume", "queue.resume.all", () => tell("resume")),
      plain("queue-cancel", "queue.cancel.all", () => { atelier.emit("stop"); tell("cancel"); }));
    dialog.replaceChildren(h("header", {}, title, tool("close", "close", () => dialog.close())), told, all, list, nothing);
  };
  atelier.openQueue = () => { if (!dialog.open) dialog.showModal(); draw(); dialog.focus(); };
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  atelier.on("state", () => { heard = Date.now(); draw(); });
  atelier.on("language", draw);
  setInterval(draw, 1000);
  atelier.keys.push(["Q", "key.queue"]);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "q" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]")) return;
    event.preventDefault();
    atelier.openQueue();
  });
})();
