// The last look before a training: model, name, samples, what it will take, and every parameter for who wants them.
(() => {
  const atelier = window.atelier, { plan } = atelier;
  const { h, t } = atelier;
  const headers = { "Content-Type": "application/json" };
  const bytes = (n) => (n >= 2 ** 30 ? `${(n / 2 ** 30).toFixed(1)} GiB` : `${Math.max(1, Math.round(n / 2 ** 20))} MiB`);
  const hours = (s) => (s >= 5400 ? t("training.hours", { n: (s / 3600).toFixed(1) }) : atelier.seconds(s));
  Object.assign(atelier.plan, { bytes, hours });

  /** check: the scan; started(id): a run has begun. */
  atelier.ready = (check, started) => {
    const base = h("div", {}), name = h("div", {}), prompts = h("div", {}), facts = h("dl", { class: "facts" }), remedies = h("ul", { class: "remedies" }), note = h("p", { class: "note-line" }), reason = h("p", { class: "reason", role: "status" });
    const start = h("button", { type: "button", class: "plain strong start", onclick: () => begin() }), measure = h("button", { type: "button", class: "plain small", onclick: () => dry() });
    const expert = plan.expert(), heading = h("h3", {});
    const node = h("div", { class: "step-ready" }, h("div", { class: "twosides" }, h("div", { class: "chosen" }, h("div", { class: "pair" }, base, name), prompts), h("aside", { class: "estimate-card" }, heading, facts, remedies, h("div", { class: "measuring" }, note, measure), start, reason)), expert);
    let estimate = null, refusal = null, asked = 0, timer = 0, trial = null, busy = false, last = "";

    const look = async () => {
      const mine = ++asked, values = plan.values();
      last = JSON.stringify(values);
      if (!plan.state.goal || !plan.value("concepts").length) { estimate = null; tell(); return; }
      node.classList.add("estimating");
      try {
        const found = await atelier.ask("api/training/estimate", { method: "POST", body: JSON.stringify({ values }), headers });
        if (mine === asked) { estimate = found; refusal = null; }
      } catch (error) {
        if (!error.problem) throw error;
        if (mine === asked) { refusal = error.problem; estimate = null; }
      }
      if (mine !== asked) return;
      node.classList.remove("estimating");
      tell();
    };
    const changed = () => { clearTimeout(timer); timer = setTimeout(look, 400); };
    const begin = async () => {
      busy = true; tell();
      try {
        const { id } = await atelier.ask("api/training", { method: "POST", body: JSON.stringify({ values: plan.values() }), headers });
        started(id);
      } catch (error) { if (!error.problem) throw error; refusal = error.problem; } finally { busy = false; tell(); }
    };
    /** Two real steps: what they took stands in the next estimate. */
    const dry = async () => {
      try {
        trial = (await atelier.ask("api/training/dryrun", { method: "POST", body: JSON.stringify({ values: plan.values() }), headers })).id;
        tell();
        for (;;) {
          await new Promise((done) => setTimeout(done, 1200));
          const run = await atelier.ask(`api/training/${trial}`);
          if (!["new", "waiting", "running", "paused"].includes(run.status)) { if (run.problem) atelier.note(run.problem); break; }
        }
      } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); }
      trial = null;
      await look();
    };
    const why = () => {
      if (!plan.state.goal) return t("training.why.goal");
      return check.why() || (refusal ? plan.explain(refusal).text : "");
    };
    const tell = () => {
      const blocked = why();
      start.disabled = Boolean(blocked) || busy || Boolean(trial);
      start.textContent = t(plan.busy ? "training.start.later" : "training.start");
      reason.textContent = blocked;
      reason.hidden = !blocked;
      reason.classList.toggle("quietly", check.state === "looking" || check.state === "none");
      heading.textContent = t("training.estimate");
      const e = estimate;
      facts.replaceChildren(...(e ? [
        [t("training.takes.time"), e.seconds === null || e.seconds === undefined ? t("training.takes.unknown") : t("training.takes.about", { time: hours(e.seconds) })],
        [t("training.takes.memory"), e.memory ? bytes(e.memory) : t("training.takes.unknown")], [t("training.takes.disk"), e.disk ? bytes(e.disk) : "–"],
        [t("training.takes.steps"), e.steps?.toLocaleString(atelier.language) ?? "–"], [t("training.takes.pictures"), e.pictures?.toLocaleString(atelier.language) ?? "–"],
      ] : []).flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]));
      facts.hidden = !e; heading.hidden = !e;
      remedies.hidden = !e?.remedies?.length;
      remedies.replaceChildren(...(e?.remedies ?? []).map((r) => {
        const values = r.values && typeof r.values === "object" ? r.values : null, text = typeof r === "string" ? r : atelier.has(`training.remedy.${r.code}`) ? t(`training.remedy.${r.code}`) : r.message ?? r.text ?? r.code;
        return h("li", {}, h("span", {}, text), values ? h("button", { type: "button", class: "link", onclick: () => { for (const [n, v] of Object.entries(values)) plan.set(n, v); } }, t("training.remedy.take")) : "");
      }));
      note.textContent = trial ? t("training.measure.going") : e ? t(e.measured ? "training.measure.done" : "training.measure.why") : "";
      measure.textContent = t("training.measure");
      measure.hidden = !e || Boolean(trial) || check.state !== "ready";
      node.classList.toggle("trying", Boolean(trial));
      expert.complain(refusal?.field, refusal ? plan.explain(refusal).text : "");
    };
    const own = [];
    const field = (box, name, options) => { const one = plan.field(name, options); box.replaceChildren(one); own.push(one); };
    const draw = (anew) => {
      if (!plan.schema) return;
      if (anew || !own.length) {
        own.length = 0;
        field(base, "checkpoint", { help: false }); field(name, "name", { help: false }); field(prompts, "prompts");
      } else for (const one of own) if (!one.contains(document.activeElement) || document.activeElement.tagName !== "TEXTAREA") if (!one.contains(document.activeElement) || document.activeElement.classList.contains("back")) one.draw();
      expert.draw();
      tell();
      if (JSON.stringify(plan.values()) !== last) changed();
    };
    check.listeners.push(tell);
    return { node, draw, changed, title: () => (check.state === "errors" || check.state === "failed" ? t("training.step.ready.errors") : plan.state.goal && check.state === "ready" ? (estimate?.seconds ? t("training.takes.about", { time: hours(estimate.seconds) }) : t("training.step.ready.ready")) : t("training.step.ready.none")) };
  };
})();
