// A quiet line for newcomers: how to bring a model of one's own; in a demo, what it is and how far it goes.
const { h, t, tool } = atelier;
const draw = () => {
  root.replaceChildren();
  const demo = atelier.limits.demo;
  if (demo) return root.append(h("aside", { class: "welcome" }, h("p", {}, h("b", {}, t("demo.title")), " ", t("demo.about", demo))));
  if (atelier.stored("welcome") === "seen") return;
  root.append(h("aside", { class: "welcome" }, h("p", {}, h("b", {}, t("welcome.title")), " ", t("welcome.text")),
    tool("close", "close", () => { atelier.store("welcome", "seen"); draw(); })));
};
atelier.on("language", draw);
draw();
