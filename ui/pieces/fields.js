// A control of our own for one parameter, in the look of Gradio's: a tick, a choice, or a slider with its number.
(() => {
  const { h } = atelier;
  const shown = (number) => String(Math.round(number * 1000) / 1000);
  const tick = ({ id, label, help }, value, set) => {
    const box = h("input", { type: "checkbox", id, class: "box-to-tick", onchange: () => set(box.checked) });
    box.checked = value;
    return h("label", { class: "start-field tick", title: help }, box, label);
  };
  const choice = ({ id, label, help, choices }, value, set) => {
    const select = h("select", { class: "select", id, onchange: () => set(select.value) }, choices.map(([name, words, disabled, why]) => h("option", { value: name, disabled, title: why }, words)));
    select.value = value;
    return h("label", { class: "start-field", title: help }, h("span", {}, label), select);
  };
  const range = ({ id, label, help, type, high, ...known }, value, set) => {
    const step = known.step ?? (type === "int" ? 1 : 0.01), low = known.low || (type === "int" || known.zero ? 0 : step);
    const slider = h("input", { type: "range", id, min: low, max: high, step, "aria-label": label });
    const number = h("input", { type: "number", class: "figure", min: low, max: high, step: "any", "aria-label": label });
    let now = value;
    const paint = () => { number.value = shown(now); slider.value = now; slider.style.setProperty("--range_progress", `${((slider.value - low) / (high - low)) * 100}%`); };
    const change = (text) => { const next = Number(text); if (text !== "" && Number.isFinite(next)) set(now = Math.min(high, Math.max(low, type === "int" ? Math.round(next) : next))); paint(); };
    slider.addEventListener("input", () => change(slider.value));
    number.addEventListener("change", () => change(number.value));
    paint();
    return h("div", { class: "start-field ranged", title: help }, h("span", {}, h("label", { for: id }, label), number), slider);
  };
  /** known: {id, label, help, type, low, high, step, choices: [[value, words, disabled, why]], zero: 0 can be chosen where a step is a fraction}. */
  atelier.field = (known, value, set) => (known.type === "bool" ? tick : known.choices?.length ? choice : range)(known, value, set);
})();
