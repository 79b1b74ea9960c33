// The first question: what shall be learned, and how much time may it take.
(() => {
  const atelier = window.atelier, { plan } = atelier;
  const { h, t } = atelier;
  Object.assign(atelier.shapes, {
    check: "M5 12.500l4.500 4.500L19 7.500", beside: "M4 5h7v14H4zM13 5h7v14h-7z", file: "M6 3h8l4 4v14H6zM14 3v4h4",
    subject: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.500 20.500c.8-4 3.800-6 7.500-6s6.700 2 7.500 6", style: "M4 20c3 0 4.500-1 4.500-3.200a2.300 2.300 0 0 0-4.600 0C3.900 18.500 3 19 2.500 19.500M8 15 18.500 4.200a1.900 1.900 0 0 1 2.700 2.700L10.500 17",
    word: "M4 18 9 6l5 12M5.700 14h6.600M17 8v10M15 18h4M15 8h4", model: "M12 3 4 7.500v9L12 21l8-4.500v-9L12 3ZM4 7.500l8 4.500 8-4.500M12 12v9",
  });
  atelier.goal = () => {
    const cards = h("div", { class: "goals", role: "radiogroup" }), qualities = h("div", { class: "qualities", role: "radiogroup" }), about = h("p", { class: "about" }), word = h("div", { class: "wordfield" }), title = h("h3", {}), second = h("h3", {});
    const node = h("div", { class: "step-goal" }, title, cards, second, qualities, about, word);
    const draw = () => {
      if (!plan.schema) return;
      const { goal, quality } = plan.state;
      title.textContent = t("training.goal.ask"); second.textContent = t("training.quality.ask");
      cards.setAttribute("aria-label", title.textContent); qualities.setAttribute("aria-label", second.textContent);
      const focused = document.activeElement?.closest?.(".goal, .quality")?.dataset.key;
      cards.replaceChildren(...plan.schema.goals.map((g) => h("button", { type: "button", class: "goal", role: "radio", "data-key": g.key, "aria-checked": String(g.key === goal), onclick: () => plan.choose(g.key, quality) },
        atelier.icon(g.key), h("b", {}, t(`training.goal.${g.key}`)), h("span", {}, t(`training.goal.${g.key}.text`)), h("small", {}, t(`training.goal.${g.key}.needs`)))));
      for (const part of [second, qualities, about, word]) part.hidden = !goal;
      if (!goal) return;
      const own = plan.schema.goals.find((g) => g.key === goal).qualities;
      qualities.replaceChildren(...Object.keys(own).map((key) => h("button", { type: "button", class: "quality", role: "radio", "data-key": key, "aria-checked": String(key === quality), onclick: () => plan.choose(goal, key) }, h("b", {}, t(`training.quality.${key}`)), h("span", {}, facts(own[key])))));
      about.textContent = t(`training.quality.${quality}.text`);
      if (!word.contains(document.activeElement)) drawWord();
      if (focused) node.querySelector(`[data-key="${focused}"]`)?.focus();
    };
    /** What a preset sets, in a line. */
    const facts = (values) => [values.length ? t(values.unit === "epochs" ? "training.epochs" : "training.steps", { n: Number(values.length).toLocaleString(atelier.language) }) : null, values["lora.rank"] ? t("training.rank", { n: values["lora.rank"] }) : null, values.resolution ? `${values.resolution} px` : null].filter(Boolean).join(" · ");
    const drawWord = () => {
      const name = plan.wordOf(), input = h("input", { type: "text", id: "training-word", autocomplete: "off", spellcheck: "false", placeholder: t(`training.word.${plan.state.goal}.example`), oninput: () => plan.set(name, input.value.trim()) });
      input.value = plan.word();
      word.hidden = plan.state.goal === "model";
      word.replaceChildren(h("label", { for: "training-word" }, t("training.word")), input, h("p", { class: "help" }, t(name === "trigger" ? "training.word.trigger" : "training.word.token")));
    };
    return { node, draw, title: () => (plan.state.goal ? `${t(`training.goal.${plan.state.goal}`)} · ${t(`training.quality.${plan.state.quality}`)}` : t("training.step.goal.none")) };
  };
})();
