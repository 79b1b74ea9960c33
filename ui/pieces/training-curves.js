// The curves of a run from its events: loss, held-out loss with its error and advice, learning rates.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  /** A running mean that begins at the first losses and not above them: [[step, loss]]. */
  atelier.smoothed = (steps) => {
    const keep = 1 - 1 / Math.min(100, Math.max(8, steps.length / 25));
    let sum = 0, weight = 0;
    return steps.map((s) => {
      if (Number.isFinite(s.loss)) { sum = keep * sum + (1 - keep) * s.loss; weight = keep * weight + 1 - keep; }
      return [s.step, weight ? sum / weight : NaN];
    });
  };
  atelier.curves = () => {
    const loss = atelier.plot("loss", () => t("training.loss")), rate = atelier.plot("rate", () => t("training.rate")), held = atelier.plot("held", () => t("training.held")), advice = h("p", { class: "advice", role: "status" });
    const node = h("section", { class: "curves" }, loss.node, h("div", { class: "column" }, held.node, rate.node)), whole = h("div", {}, node, advice);
    /** steps: [{step, loss, smooth, rates}]; measured: [{step, held_out, train, change, error, best, advice}]. */
    const show = (steps, measured) => {
      loss.show([
        { name: t("training.loss.raw"), colour: "--quiet", look: "faint", points: steps.map((s) => [s.step, s.loss]) },
        { name: t("training.loss.smooth"), colour: "--accent", look: "line", points: atelier.smoothed(steps) },
      ]);
      const rows = measured.filter((m) => m.held_out !== null && m.held_out !== undefined);
      held.node.hidden = !rows.length;
      held.show([
        { name: t("training.held.out"), colour: "--sea", look: "points", points: rows.map((m) => [m.step, m.held_out, m.error ?? 0]) },
        { name: t("training.held.train"), colour: "--quiet", look: "line", points: rows.filter((m) => m.train !== null && m.train !== undefined).map((m) => [m.step, m.train]) },
      ]);
      const parts = [...new Set(steps.flatMap((s) => Object.keys(s.rates ?? {})))];
      rate.show(parts.map((part, i) => ({ name: parts.length > 1 ? part.replaceAll("_", " ") : t("training.rate"), colour: ["--accent", "--sea", "--quiet"][i % 3], look: "line", points: steps.filter((s) => part in (s.rates ?? {})).map((s) => [s.step, s.rates[part]]) })));
      tell(rows);
    };
    const tell = (rows) => {
      const last = rows.at(-1);
      advice.hidden = !last;
      if (!last) return;
      const said = last.advice === "overfitting" ? t("training.advice.overfitting", { n: (last.best ?? 0).toLocaleString(atelier.language) }) : last.advice === "still learning" ? t("training.advice.learning") : last.best !== null && last.best !== undefined && rows.length > 1 ? t("training.advice.best", { n: last.best.toLocaleString(atelier.language) }) : "";
      const change = last.change !== null && last.change !== undefined && last.step > 0 ? t("training.advice.change", { change: `${last.change > 0 ? "+" : "−"}${Math.abs(last.change).toPrecision(2)}`, error: last.error ? `± ${last.error.toPrecision(2)}` : "" }) : "";
      advice.classList.toggle("warn", last.advice === "overfitting");
      advice.replaceChildren(...[said, change].filter(Boolean).map((text) => h("span", {}, text)));
      advice.hidden = !said && !change;
    };
    return { node: whole, show };
  };
})();
