// "Send to" with one thing more: a finished picture stays as it is, and only what a detector finds in it is redrawn.
(() => {
  const atelier = window.atelier, { ask, t } = atelier;
  /** The first detector that can be used, by its name; "" where there is none. */
  const usual = async () => (await ask("api/detectors").catch(() => ({ detectors: [] }))).detectors.find((one) => !one.problem)?.name ?? "";
  atelier.takers.detail = async (blob) => {
    const chosen = atelier.form?.detailer_model || await usual();
    if (!chosen) { atelier.note(t("detailer.none"), t("detailer.none.remedy")); return; }
    atelier.tab("img2img");
    await atelier.ways.img2img.take(blob);
    atelier.fill({ detailer_model: chosen, detailer_only: true }, { quiet: true });
    atelier.goTo("detailer_prompt");
  };
})();
