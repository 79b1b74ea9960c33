// What the scan of the pictures found: each with its files, its remedy and, where a machine can do it, a button.
(() => {
  const atelier = window.atelier, { plan } = atelier;
  const { h, t } = atelier;
  const SIGNS = { error: "halt-sign", warning: "warn", note: "info" };
  atelier.shapes["halt-sign"] = "M8 3h8l5 5v8l-5 5H8l-5-5V8l5-5ZM12 8v5M12 16.500h.01";
  const headers = { "Content-Type": "application/json" };

  atelier.check = () => {
    const node = h("aside", { class: "check-side" }), list = h("div", { class: "findings" }), line = h("p", { class: "verdict", role: "status" });
    node.append(line, list);
    let report = null, state = "none", asked = 0, timer = 0, problem = null, last = "";
    const relevant = () => JSON.stringify(["concepts", "resolution", "buckets", "bucket_step", "upscale", "hold_out", "masks", "trigger", "prefix", "suffix", "batch", "checkpoint", "method"].map((name) => plan.value(name)));
    const self = { node, again: () => {}, listeners: [], get report() { return report; }, get state() { return state; }, get problem() { return problem; } };
    const tell = () => { draw(); for (const ear of self.listeners) ear(); };
    const run = async () => {
      const mine = ++asked;
      last = relevant();
      if (!plan.state.set && !plan.value("concepts").length) { report = null; state = "none"; tell(); return; }
      state = "looking"; problem = null; tell();
      try {
        const found = await atelier.ask("api/training/scan", { method: "POST", body: JSON.stringify({ values: plan.values() }), headers });
        if (mine !== asked) return;
        report = found; state = found.ready ? "ready" : "errors";
      } catch (error) {
        if (mine !== asked) return;
        if (!error.problem) throw error;
        problem = error.problem; state = "failed"; report = null;
      }
      tell();
    };
    /** The pictures or captions changed, or what they are asked for. */
    self.changed = () => { clearTimeout(timer); timer = setTimeout(run, 350); for (const button of list.querySelectorAll("button")) button.disabled = true; };
    /** A refusal may be about any parameter. */
    self.unlessKnown = () => { if (state === "failed" || relevant() !== last) self.changed(); };
    self.why = () => {
      if (state === "none") return t("training.why.pictures");
      if (state === "looking") return t("training.why.looking");
      if (state === "failed") return plan.explain(problem).text;
      if (state !== "errors") return "";
      const n = report.findings.filter((f) => f.severity === "error").length;
      return t(n === 1 ? "training.why.error" : "training.why.errors", { n });
    };
    const fix = async (finding, index, button) => {
      button.disabled = true;
      try {
        await atelier.ask("api/training/scan/fix", { method: "POST", body: JSON.stringify({ values: plan.values(), code: finding.code, index }), headers });
        atelier.note(t("training.fix.done"), null, { text: t("trash.undo"), act: async () => {
          try { await atelier.ask("api/training/scan/undo", { method: "POST" }); } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); }
          self.again();
        } });
        self.again();
      } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); self.changed(); }
    };
    const name = (file) => String(file).split(/[\\/]/).at(-1);
    const draw = () => {
      node.hidden = state === "none";
      node.classList.toggle("looking", state === "looking");
      line.className = `verdict ${state}`;
      if (state === "looking") line.replaceChildren(t("training.scan.looking"));
      else if (state === "failed") line.replaceChildren(plan.explain(problem).text);
      else if (report) {
        const c = { error: 0, warning: 0, note: 0 };
        for (const f of report.findings) c[f.severity]++;
        line.replaceChildren(atelier.icon(c.error ? "halt-sign" : c.warning ? "warn" : "check"), h("span", {}, c.error ? t(c.error === 1 ? "training.scan.error" : "training.scan.errors", { n: c.error }) : c.warning ? t(c.warning === 1 ? "training.scan.warning" : "training.scan.warnings", { n: c.warning }) : t("training.scan.fine")));
      }
      if (state === "failed" || state === "none") { list.replaceChildren(); return; }
      if (!report) return;
      const { totals = {}, buckets = [] } = report;
      list.replaceChildren(...report.findings.map((f, index) => {
        const { message, remedy } = atelier.explain(f), files = f.files ?? [];
        const button = f.fix ? h("button", { type: "button", class: "plain small", onclick: () => fix(f, index, button) }, t(`training.fix.${f.fix.replaceAll(" ", "_")}`)) : null;
        return h("article", { class: `finding sev-${f.severity}`, "data-code": f.code }, atelier.icon(SIGNS[f.severity]), h("div", {}, h("p", { class: "what" }, message), h("p", { class: "remedy" }, remedy ?? ""),
          files.length > 1 || f.details?.length ? h("details", {}, h("summary", {}, t(files.length === 1 ? "training.file.one" : "training.file.many", { n: files.length })), h("ul", {}, files.slice(0, 100).map((file, i) => h("li", {}, h("b", {}, name(file)), f.details?.[i] ? ` ${f.details[i]}` : "")))) : null, button));
      }), buckets.length ? h("details", { class: "buckets" }, h("summary", {}, t(buckets.length === 1 ? "training.buckets.one" : "training.buckets", { n: buckets.length })), h("ul", {}, buckets.map((b) => h("li", {}, h("b", {}, `${b.width ?? b.size?.width ?? b.size?.[0]} × ${b.height ?? b.size?.height ?? b.size?.[1]}`), ` ${t(b.pictures === 1 ? "training.pictures.one" : "training.pictures", { n: b.pictures })}`)))) : "",
      totals.train !== undefined ? h("p", { class: "totals" }, [t("training.totals.train", { n: totals.train }), totals.validation ? t("training.totals.held", { n: totals.validation }) : null, totals.prior ? t("training.totals.prior", { n: totals.prior }) : null, t("training.totals.captioned", { n: totals.captioned })].filter(Boolean).join(" · ")) : "");
    };
    self.draw = draw;
    draw();
    return self;
  };
})();
