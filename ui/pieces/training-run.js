// The page of one run: where it stands, its curves and samples, what it can be told, and its way into generation.
(() => {
  const atelier = window.atelier, { plan } = atelier;
  const { h, t, tool, ask } = atelier;
  const headers = { "Content-Type": "application/json" };
  const GOES = ["new", "waiting", "running", "paused"];
  const MOST = 4000;  // steps that are asked for at once; twice as many are kept
  atelier.shapes.more = "M5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M17 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0";
  const post = (path, body = {}) => ask(path, { method: "POST", body: JSON.stringify(body), headers });

  /** changed(): something of the list may differ now; gone(): the run was deleted; again(values): plan another like it. */
  atelier.runPage = ({ changed, gone, again }) => {
    const name = h("h2", {}), badge = h("span", { class: "badge" }), facts = h("p", { class: "runfacts" }), tools = h("div", { class: "runtools" }), bar = h("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, h("i", {})), line = h("p", { class: "runline", role: "status" }), trouble = h("div", { class: "trouble" });
    const curves = atelier.curves(), samples = atelier.samples((step) => use(step)), settings = h("details", { class: "settings" });
    const node = h("article", { class: "run" }, h("header", {}, h("div", { class: "runname" }, h("div", {}, name, badge), facts), tools), h("div", { class: "runprogress" }, bar, line), trouble, curves.node, samples.node, settings);
    let id = null, about = null, from = 0, turn = 0, timer = 0, confirming = null, busy = null, history = null;
    const clear = () => { from = 0; history = { steps: [], measured: [], samples: [], doing: null, began: null, warned: [], exported: null, saved: null }; };

    const take = (events) => {
      for (const e of events) {
        if (e.kind === "step") { while (history.steps.length && history.steps.at(-1).step >= e.step) history.steps.pop(); history.steps.push(e); }  // it went on from an earlier state
        else if (e.kind === "measured") { history.measured = [...history.measured.filter((m) => m.step < e.step), e]; }
        else if (e.kind === "sampled") { history.samples = [...history.samples.filter((s) => s.step !== e.step), e]; }
        else if (e.kind === "doing") history.doing = e;
        else if (e.kind === "began") history.began = e;
        else if (e.kind === "exported") history.exported = e;
        else if (e.kind === "warned") history.warned.push(e.problem);
        else if (e.kind === "saved") history.saved = e;
      }
      if (history.steps.length > 2 * MOST) history.steps = history.steps.filter((e, i, all) => i % 2 === 0 || e === all.at(-1));
    };
    const look = async () => {
      clearTimeout(timer);
      const mine = turn, wanted = id;
      if (!wanted || !node.offsetParent || document.hidden) { timer = setTimeout(look, 1500); return; }
      try {
        const answer = await ask(`api/training/${wanted}`), told = answer.queued ? { ...answer, status: "waiting" } : answer;
        const found = await ask(`api/training/${wanted}/events?from=${from}&steps=${MOST}`);
        if (mine !== turn) return;
        const was = about?.status, fresh = found.events.length > 0 || told.status !== was || !about;
        about = told; from = found.next;
        take(found.events);
        if (fresh) draw();
        if (was && was !== told.status) changed();
      } catch (error) {
        if (mine !== turn) return;
        if (error.problem && error.problem.code !== "unreachable") { id = null; gone(); return; }
      }
      timer = setTimeout(look, about && GOES.includes(about.status) ? 900 : 4000);
    };
    const show = (next) => {
      if (next !== id) { id = next; turn++; about = null; confirming = busy = null; clear(); for (const part of [tools, facts, trouble, line, settings]) part.replaceChildren(); name.textContent = ""; badge.textContent = ""; curves.show([], []); samples.show(id, [], []); }
      look();
    };

    // --- what it can be told --------------------------------------------------------------------------------------
    const act = async (what, does) => {
      busy = what; drawTools();
      try { await does(); } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); }
      busy = confirming = null;
      await look(); drawTools(); changed();
    };
    const command = (what) => () => act(what, () => post(`api/training/${id}/command`, { command: what }));
    const start = () => act("start", () => post(`api/training/${id}/start`));
    const remove = () => act("delete", async () => { await ask(`api/training/${id}`, { method: "DELETE" }); const was = id; id = null; turn++; gone(was); });
    /** Into models/, and into the prompt or the choice of the model of "Text to image". */
    const use = (step) => act("use", async () => {
      const made = await post(`api/training/${id}/use`, { step });
      document.getElementById("refresh")?.click();
      const prompt = atelier.form?.prompt ?? "", add = (text) => (prompt.includes(text) ? prompt : `${prompt}${prompt.trim() ? (/[,\s]$/.test(prompt) ? "" : ", ") : ""}${text}`);
      await new Promise((done) => setTimeout(done, 250));  // the lists of models come first
      if (made.kind === "lora") atelier.fill({ prompt: add(`<lora:${made.name}:1>`) }, { quiet: true });
      else if (made.kind === "embedding") atelier.fill({ prompt: add(made.name) }, { quiet: true });
      else if (made.kind === "checkpoint") atelier.fill({ checkpoint: made.name }, { quiet: true });
      atelier.tab("txt2img");
      atelier.note(t(`training.used.${made.kind}`, { name: made.name }));
      atelier.emit("used", made);
    });

    // --- what is seen ---------------------------------------------------------------------------------------------
    const values = () => about?.values ?? {};
    const total = () => about?.total ?? history.began?.total ?? 0;
    const stepNow = () => Math.max(about?.step ?? 0, history.steps.at(-1)?.step ?? history.began?.step ?? 0);
    const plain = (key, press, more = {}) => h("button", { type: "button", class: "plain", disabled: busy !== null, onclick: press, ...more }, t(key));
    const drawTools = () => {
      if (!about) return;
      const s = about.status, parts = [];
      if (confirming) {
        const [key, yes, does] = { stop: ["training.stop.sure", "training.stop.yes", command("stop")], delete: ["training.delete.sure", "delete.yes", remove] }[confirming];
        tools.replaceChildren(h("span", { class: "sure" }, t(key)), plain(yes, does, { class: "plain danger" }), plain("delete.keep", () => { confirming = null; drawTools(); }));
        return;
      }
      const newest = history.exported ? "final" : history.saved?.step > 0 ? history.saved.step : null;  // what there is to use
      if (s === "running") parts.push(plain("training.pause", command("pause")));
      if (s === "paused") parts.push(plain("training.resume", command("resume"), { class: "plain strong" }));
      if (["crashed", "stopped", "failed"].includes(s)) parts.push(plain("training.resume", start, { class: s === "crashed" ? "plain strong" : "plain" }));
      if (["running", "paused", "waiting", "new"].includes(s)) parts.push(plain("stop", () => { confirming = "stop"; drawTools(); }));
      if (newest !== null && s !== "running") parts.push(plain("training.use", () => use(newest), { class: s === "crashed" ? "plain" : "plain strong", "data-act": "use" }));
      const menu = [];
      if (s === "running") menu.push(["training.save", command("save")], ["training.sample", command("sample")]);
      if (s === "running" && history.measured.length) menu.push(["training.measure.now", command("measure")]);
      menu.push(["training.again", () => again(values())]);
      if (!GOES.includes(s)) menu.push(["training.delete", () => { confirming = "delete"; drawTools(); }]);
      if (s === "running") for (const [key, press] of menu.splice(0, 2)) parts.push(plain(key, press, { class: "plain quiet wide" }));
      if (history.steps.length) parts.push(h("a", { class: "tool", href: `api/training/${id}/report?language=${atelier.language}`, target: "_blank", rel: "noopener", title: t("training.report"), "aria-label": t("training.report") }, atelier.icon("file")));
      parts.push(menuButton(s === "running" ? [["training.save", command("save"), "narrow"], ["training.sample", command("sample"), "narrow"], ...menu] : menu));
      tools.replaceChildren(...parts);
    };
    const menuButton = (items) => {
      const box = h("div", { class: "menu", role: "menu", popover: "auto" }, items.map(([key, press, kind]) => h("button", { type: "button", role: "menuitem", class: kind ?? null, onclick: () => { box.hidePopover(); press(); } }, t(key))));
      const button = tool("more", "training.more.acts", () => {
        box.togglePopover();
        const r = button.getBoundingClientRect();
        box.style.top = `${r.bottom + 6}px`;
        box.style.left = `${Math.max(8, Math.min(innerWidth - box.offsetWidth - 8, r.right - box.offsetWidth))}px`;
      }, { "aria-haspopup": "menu" });
      return h("span", {}, button, box);
    };
    const draw = () => {
      const v = values(), s = about.status, step = stepNow(), all = total();
      name.textContent = about.name ?? v.name ?? "";
      badge.textContent = t(`training.status.${s}`); badge.className = `badge ${s}`;
      facts.textContent = [t(`training.method.${about.method ?? v.method}`), plan.modelTitle(about.base ?? v.checkpoint), about.created ? atelier.when(about.created) : null].filter(Boolean).join("  ·  ");
      node.dataset.status = s;
      bar.hidden = s === "finished" || !all; bar.firstChild.style.transform = `scaleX(${all ? step / all : 0})`;
      bar.setAttribute("aria-label", t("progress")); bar.setAttribute("aria-valuenow", String(all ? Math.round((100 * step) / all) : 0));
      line.textContent = status(s, step, all);
      drawTrouble(s);
      curves.node.hidden = !history.steps.length;
      curves.show(history.steps, history.measured);
      samples.show(id, v.prompts ?? [], history.samples, s === "running");
      const sign = `${tools.childElementCount ? "" : "new"} ${s} ${history.steps.length > 0} ${Boolean(history.exported)} ${history.saved?.step > 0} ${history.measured.length > 0} ${atelier.language}`;
      if (tools.dataset.sign !== sign && !tools.querySelector(":popover-open")) { tools.dataset.sign = sign; drawTools(); }
      drawSettings(v);
    };
    const status = (s, step, all) => {
      const doing = history.doing, parts = [];
      if (s === "running" && doing && doing.doing !== "training") parts.push(t(`training.doing.${doing.doing}`) + (doing.of ? ` ${doing.done}/${doing.of}` : ""));
      if (s === "waiting" || s === "new") parts.push(t("training.waiting.text"));
      if (all) parts.push(t("training.step.of", { i: step.toLocaleString(atelier.language), n: all.toLocaleString(atelier.language) }));
      const recent = history.steps.slice(-50).map((e) => e.seconds).filter((n) => n > 0).sort((a, b) => a - b), pace = recent[recent.length >> 1];
      if (s === "running" && all && step < all && (about.eta || pace)) parts.push(t("state.left", { time: plan.hours(about.eta || pace * (all - step)) }));
      if (pace) parts.push(pace > 1 ? t("training.pace.slow", { n: pace.toFixed(1) }) : t("training.pace", { n: (1 / pace).toFixed(1) }));
      const last = history.steps.at(-1);
      if (last) parts.push(`${t("training.loss")} ${atelier.smoothed(history.steps).at(-1)[1].toPrecision(3)}`);
      return parts.join("  ·  ");
    };
    const drawTrouble = (s) => {
      const rows = [], words = about.last_words;
      if (s === "crashed") rows.push(h("div", { class: "card problem" }, atelier.icon("warn"), h("div", {}, h("b", {}, t("training.crashed")), h("p", {}, t("training.crashed.text")), words ? h("details", {}, h("summary", {}, t("training.last.words")), h("pre", {}, words)) : "")));
      else if (s === "failed") {
        const told = about.problem ? plan.explain(about.problem) : { message: t("training.failed"), remedy: "" };
        rows.push(h("div", { class: "card problem" }, atelier.icon("warn"), h("div", {}, h("b", {}, told.message), h("p", {}, told.remedy ?? ""), words ? h("details", {}, h("summary", {}, t("training.last.words")), h("pre", {}, words)) : "")));
      }
      const kinds = new Map(history.warned.map((p) => [p.code, p]));
      for (const problem of [...kinds.values()].slice(-3)) rows.push(h("p", { class: "warning" }, plan.explain(problem).text));
      const sign = rows.map((r) => r.textContent).join("");
      if (trouble.dataset.sign !== sign) { trouble.dataset.sign = sign; trouble.replaceChildren(...rows); }
    };
    const drawSettings = (v) => {
      const sign = `${id} ${atelier.language}`;
      if (settings.dataset.sign === sign || !plan.schema) return;
      settings.dataset.sign = sign;
      const rows = Object.entries(v).filter(([n, value]) => value !== null && value !== "" && (!n.includes(".") || n.startsWith(`${v.method}.`)) && n !== "checkpoint_hash" && JSON.stringify(value) !== JSON.stringify(plan.table().get(n)?.default));
      settings.replaceChildren(h("summary", {}, t("training.settings")), h("dl", {}, rows.flatMap(([n, value]) => [h("dt", {}, plan.label(n)), h("dd", {}, n === "checkpoint" ? plan.modelTitle(value) : plan.told(n, value))])));
    };
    document.addEventListener("visibilitychange", () => { if (!document.hidden && id) look(); });
    atelier.on("language", () => { if (about) { settings.dataset.sign = tools.dataset.sign = trouble.dataset.sign = ""; draw(); } });
    clear();
    return { node, show, get id() { return id; } };
  };
  plan.modelTitle = (name) => atelier.models.models.find((m) => m.name === name)?.title ?? (name || null);
})();
