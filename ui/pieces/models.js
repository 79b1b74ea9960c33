// What is to be said about the models: the chosen one's own words, the damaged ones, and none at all.
const { h, t } = atelier;
const unfold = ({ currentTarget: b }) => b.setAttribute("aria-expanded", String(b.getAttribute("aria-expanded") !== "true"));
/** Text, or a link to the licence's words where its address is known and safe; what is not stated is said. */
const licence = ({ licence: name, licence_link: link }) => h("p", { class: "hint licence" }, `${t("models.licence")} `,
  link?.startsWith("https://") ? h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, name) : name || t("models.licence.none"));
const draw = () => {
  const { models } = atelier.models;
  const damaged = models.filter((m) => m.problem);
  const chosen = models.find((m) => m.name === atelier.models.chosen);
  const parts = [];
  const about = chosen?.about && h("button", { type: "button", class: "about", "aria-expanded": "false", onclick: unfold }, chosen.about);
  if (chosen) parts.push(h("div", { class: "own" }, about || "", chosen.problem ? "" : licence(chosen)));
  if (chosen?.instructs) parts.push(h("p", { class: "hint" }, t("models.instructs")));
  if (atelier.models.known && models.length === damaged.length) parts.push(h("p", { class: "warning" }, t("models.none")));
  if (damaged.length)
    parts.push(h("details", { class: "damaged" }, h("summary", {}, t("models.damaged", { n: damaged.length })),
      h("ul", {}, damaged.map((m) => { const told = atelier.explain(m.problem); return h("li", {}, h("b", {}, m.title), ` ${told.message} ${told.remedy ?? ""}`); }))));
  root.replaceChildren(...parts);
};
const take = () => { if (props.value?.models) { atelier.models = { ...props.value, known: true }; atelier.emit("models"); } };
atelier.on("models", draw);
atelier.on("language", draw);
watch("value", take);
take();
