// In the simple mode: what is set and not in sight, one by one, to see and to take back.
const { h, t } = atelier;
const IN_SIGHT = new Set(["prompt", "width", "height", "count", "checkpoint"]);
let open = false;
const hidden = () => Object.keys(atelier.defaults).filter((name) => !IN_SIGHT.has(name) && atelier.differs(name)
  && !(name === "steps" && atelier.quality.includes(Number(atelier.form.steps))));
const draw = () => {
  const names = atelier.form ? hidden() : [];
  if (!names.length) { open = false; root.replaceChildren(); return; }
  const fold = h("button", { type: "button", class: "fold", "aria-expanded": String(open), onclick: () => { open = !open; draw(); } },
    t(names.length === 1 ? "further.one" : "further", { n: names.length }));
  root.replaceChildren(h("section", { class: "further" }, h("header", {}, fold,
    h("button", { type: "button", class: "link", onclick: () => atelier.reset(names) }, t("further.reset"))),
    open ? h("ul", {}, names.map((name) => h("li", {}, h("span", {}, atelier.label(name)), h("b", { title: atelier.tell(name, atelier.form[name]) }, atelier.tell(name, atelier.form[name])),
      h("button", { type: "button", class: "reset", title: t("reset.one", { label: atelier.label(name), value: atelier.tell(name, atelier.standard(name)) }),
        "aria-label": t("reset.one", { label: atelier.label(name), value: atelier.tell(name, atelier.standard(name)) }), onclick: () => atelier.reset([name]) }, atelier.icon("reset"))))) : null,
    open ? h("button", { type: "button", class: "link", onclick: () => atelier.allSettings() }, t("further.show")) : null));
};
for (const event of ["form", "models", "language", "mode"]) atelier.on(event, draw);
draw();
