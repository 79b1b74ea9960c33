// Back to the default: a quiet arrow beside the name of each control that differs, and a count on each folded group.
(() => {
  const { h, t, icon, on } = atelier;
  atelier.shapes.reset = "M5 12a7 7 0 1 0 2.200-5.100L4 9.500M4 5v4.500h4.500";
  const arrows = new Map();
  /** Right behind the name, wherever that ends in this language. */
  const place = (field, arrow) => {
    const name = field.querySelector("[data-testid=block-info], .label-text");
    if (!name?.offsetParent) return;
    const range = document.createRange(), own = field.getBoundingClientRect();
    range.selectNodeContents(name);
    const box = range.getBoundingClientRect();
    arrow.style.left = `${Math.round(box.right - own.left + 3)}px`;
    arrow.style.top = `${Math.round(box.top - own.top + box.height / 2)}px`;
  };
  const sized = new ResizeObserver((seen) => { for (const { target } of seen) if (arrows.has(target)) place(target, arrows.get(target)); });
  const mark = (field) => {
    const name = field.id.slice(6);
    if (atelier.wordFields.includes(name) || name === "checkpoint") return;
    let arrow = field.querySelector(":scope > .reset");
    if (!atelier.differs(name)) {
      if (arrow) { const had = arrow === document.activeElement; arrow.remove(); arrows.delete(field); sized.unobserve(field); if (had) atelier.focusField(name); }
      return;
    }
    if (!arrow) {
      arrow = h("button", { type: "button", class: "reset", onclick: () => atelier.reset([name]) }, icon("reset"));
      field.append(arrow);
      arrows.set(field, arrow);
      sized.observe(field);
    }
    const words = t("reset.one", { label: atelier.label(name), value: atelier.tell(name, atelier.standard(name)) });
    if (arrow.title !== words) { arrow.title = words; arrow.setAttribute("aria-label", words); }
    place(field, arrow);
  };
  const count = () => {
    for (const [id, names] of Object.entries(atelier.groups)) {
      const button = document.querySelector(`#${id} > button`), n = names.filter(atelier.differs).length;
      if (!button) continue;
      const units = names[0] === "control" ? atelier.control.filled() : 0;
      if (units) button.dataset.changed = t(units === 1 ? "control.count.one" : "control.count", { n: units });
      else if (n) button.dataset.changed = t(n === 1 ? "group.changed.one" : "group.changed", { n });
      else delete button.dataset.changed;
    }
  };
  const draw = () => { document.querySelectorAll("#settings .field[id^=field-]").forEach(mark); count(); };
  on("form", draw);
  on("models", draw);
  on("language", () => setTimeout(draw, 250));  // Gradio's names change a little later
  /** Controls of a group come into being when it is opened. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#settings .group > button");
    if (button) setTimeout(draw, 120);
  });
})();
