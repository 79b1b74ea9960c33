// The samples of a run: prompts down, checkpoints across, growing while it learns; one opens large, two side by side.
(() => {
  const atelier = window.atelier;
  const { h, t, tool } = atelier;
  const dialog = h("dialog", { class: "samplesheet", tabindex: "-1" });
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  /** use(step): put that state to use. */
  atelier.samples = (use) => {
    const scroller = h("div", { class: "scroller", tabindex: "0" }), title = h("h3", {}), size = h("input", { type: "range", class: "zoom", min: "64", max: "320", step: "8" }), node = h("section", { class: "samples" }, h("header", {}, title, h("span", { class: "space" }), size), scroller);
    let run = null, steps = [], prompts = [], files = new Map(), helds = new Map(), followed = [], drawn = 0, opened = null, beside = false, left = 0;
    let zoom = Number(atelier.stored("training.zoom")) || 128;
    size.value = zoom;
    size.addEventListener("input", () => { zoom = Number(size.value); atelier.store("training.zoom", String(zoom)); scroller.style.setProperty("--size", `${zoom}px`); });
    const url = (step, p) => `api/training/${run}/sample/${step}/${files.get(step)[p].split("/").at(-1)}`;
    /** What the samples of a prompt follow, where a ControlNet is trained. */
    const condition = (p) => (followed[p] ? h("img", { class: "condition", src: `api/training/${run}/condition/${followed[p].split("/").at(-1)}`, alt: t("training.followed"), title: t("training.followed"), loading: "lazy", draggable: "false" }) : "");
    const promptOf = (p) => prompts[p] || t("no.prompt");
    const heldOver = (step, p, small = false) => { const held = helds.get(step)?.[p]; return held ? atelier.heldLabel(held, small) : ""; };
    const cell = (step, p) => h("button", { type: "button", class: "sample", "aria-label": `${promptOf(p)}, ${t("training.step", { n: step })}`, title: `${promptOf(p)} · ${t("training.step", { n: step })}`, onclick: () => open(steps.indexOf(step), p) }, h("img", { src: url(step, p), alt: "", loading: "lazy", draggable: "false" }), heldOver(step, p, true));
    const head = (step) => h("th", { scope: "col" }, h("span", {}, step === 0 ? t("training.untrained") : t("training.step", { n: step.toLocaleString(atelier.language) })));
    /** next: [{step, files}] in order; a step drawn twice counts the last time. */
    const show = (id, asked, next, drawing) => {
      const fresh = new Map(next.map((s) => [s.step, s.files])), order = [...fresh.keys()].sort((a, b) => a - b);
      const rows = Math.max(0, ...[...fresh.values()].map((f) => f.length)), sign = `${id} ${rows} ${atelier.language} ${asked.join("\n")} ${next.at(-1)?.conditions ?? ""}`;
      node.hidden = !order.length && !drawing && !asked.length;
      title.textContent = t("training.samples"); size.setAttribute("aria-label", t("grid.zoom")); size.title = t("grid.zoom"); size.hidden = !order.length;
      scroller.style.setProperty("--size", `${zoom}px`);
      const grows = sign === scroller.sign && drawn && order.length >= drawn && steps.every((s, i) => order[i] === s) && next.length - order.length === scroller.twice;
      const atEnd = scroller.scrollLeft + scroller.clientWidth > scroller.scrollWidth - 40;
      [run, prompts, files, followed] = [id, asked, fresh, next.at(-1)?.conditions ?? []];
      helds = new Map(next.map((s) => [s.step, s.held ?? []]));
      if (grows && order.length === drawn) return;
      const news = grows ? order.slice(drawn) : order;
      steps = order; drawn = order.length; scroller.twice = next.length - order.length;
      if (!order.length) { scroller.sign = ""; scroller.replaceChildren(h("p", { class: "invite" }, t(asked.length ? "training.samples.soon" : "training.samples.none"))); return; }
      if (grows) { const table = scroller.querySelector("table"); table.tHead.rows[0].append(...news.map(head)); [...table.tBodies[0].rows].forEach((row, p) => row.append(...news.map((s) => h("td", {}, files.get(s)[p] ? cell(s, p) : "")))); } else {
        scroller.sign = sign;
        scroller.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, h("th", { class: "corner" }), order.map(head))), h("tbody", {}, Array.from({ length: rows }, (_, p) => h("tr", {}, h("th", { scope: "row", title: promptOf(p) }, h("span", {}, promptOf(p)), condition(p)), order.map((s) => h("td", {}, files.get(s)[p] ? cell(s, p) : "")))))));
      }
      if (atEnd || !grows) scroller.scrollLeft = scroller.scrollWidth;
      if (dialog.open && opened) drawLarge();
    };

    // --- large ---------------------------------------------------------------------------------------------------
    const open = (at, p) => { opened = { at, p }; left = Math.min(left, steps.length - 1); drawLarge(); if (!dialog.open) dialog.showModal(); dialog.focus(); };
    const figure = (at, other) => h("figure", {}, h("img", { src: url(steps[at], opened.p), alt: promptOf(opened.p), draggable: "false" }), heldOver(steps[at], opened.p), h("figcaption", {}, stepper(at, other)));
    const stepper = (at, other) => {
      const go = (to) => { if (to < 0 || to >= steps.length) return; if (other) left = to; else opened.at = to; drawLarge(); };
      const slider = h("input", { type: "range", class: "zoom", min: "0", max: String(steps.length - 1), value: String(at), "aria-label": t("training.checkpoint"), oninput: () => go(Number(slider.value)) });
      return [h("b", {}, steps[at] === 0 ? t("training.untrained") : t("training.step", { n: steps[at].toLocaleString(atelier.language) })), steps.length > 1 ? slider : ""];
    };
    const drawLarge = () => {
      const { at, p } = opened, focus = [...dialog.querySelectorAll("input")].indexOf(document.activeElement);
      dialog.setAttribute("aria-label", promptOf(p));
      dialog.classList.toggle("two", beside);
      dialog.replaceChildren(h("header", {}, h("p", {}, promptOf(p)), h("span", { class: "space" }), tool("beside", "training.beside", () => { beside = !beside; left = 0; drawLarge(); }, { "aria-pressed": String(beside) }), tool("close", "close", () => dialog.close())),
        h("div", { class: "panes" }, followed[p] ? h("figure", { class: "followed" }, condition(p), h("figcaption", {}, t("training.followed"))) : "", beside ? figure(left, true) : "", figure(at, false)),
        h("footer", {}, h("span", { class: "subdued" }, t("training.arrows")), h("span", { class: "space" }), steps[at] > 0 ? h("button", { type: "button", class: "plain", onclick: () => { dialog.close(); use(steps[at]); } }, t("training.use.step", { n: steps[at].toLocaleString(atelier.language) })) : ""));
      if (focus >= 0) dialog.querySelectorAll("input")[focus]?.focus();
    };
    dialog.addEventListener("keydown", (event) => {
      if (!opened || !node.isConnected || event.target.closest("input")) return;
      const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0, down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
      if (!across && !down) return;
      event.preventDefault();
      const at = opened.at + across, p = opened.p + down;
      if (at >= 0 && at < steps.length && files.get(steps[at])[p]) { opened = { at, p }; drawLarge(); }
    });
    return { node, show };
  };
})();
