// A few prompts that the chosen model draws well, one press away.
const { h, t } = atelier;
const draw = () => {
  const model = atelier.models.models.find((m) => m.name === atelier.models.chosen) ?? atelier.models.models.find((m) => !m.problem);
  const examples = (model?.examples ?? []).slice(0, 6);
  root.replaceChildren();
  if (!examples.length) return;
  root.append(h("div", { class: "chips", role: "group", "aria-label": t("examples") },
    examples.map((text) => h("button", { type: "button", class: "chip", title: text, onclick: () => atelier.fill({ prompt: text }, { quiet: true }) }, text))));
};
atelier.on("models", draw);
atelier.on("language", draw);
draw();
