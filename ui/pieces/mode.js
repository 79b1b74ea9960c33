// Simple or all settings, presets, and everything back to its default.
const { h, t, tool } = atelier;
atelier.shapes.bookmark = "M6 4h12v16l-6-4.500L6 20Z";
const html = document.documentElement;
const simple = () => html.classList.contains("simple");
const set = (on) => { html.classList.toggle("simple", on); atelier.store("mode", on ? "simple" : "full"); draw(); atelier.emit("mode", on); };
const all = h("button", { type: "button", class: "tool", id: "reset-all", onclick: () => atelier.reset(changed()) }, atelier.icon("reset"));
const changed = () => Object.keys(atelier.defaults).filter((name) => name !== "negative_prompt" && atelier.differs(name));
const choice = (on, key) => h("button", { type: "button", class: "choice", "aria-pressed": String(simple() === on), onclick: () => set(on) }, t(key));
const mark = () => { all.disabled = !changed().length; };
const draw = () => {
  all.title = t("reset.all");
  all.setAttribute("aria-label", t("reset.all"));
  root.replaceChildren(h("div", { class: "modes" },
    h("div", { class: "switch", id: "mode", role: "group", "aria-label": t("mode") }, choice(true, "mode.simple"), choice(false, "mode.full")),
    all, tool("bookmark", "presets", () => atelier.openPresets(), { id: "open-presets" })));
  mark();
};
atelier.allSettings = () => set(false);
atelier.on("models", () => html.classList.toggle("one-model", atelier.models.models.filter((m) => !m.problem).length < 2));
atelier.on("form", mark);
atelier.on("language", draw);
draw();
