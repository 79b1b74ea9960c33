// The latest pictures in a row below the stage; a press puts one on the stage.
const { h, t } = atelier;
const LATEST = 30;
const row = h("div", { class: "strip", role: "group" });
root.replaceChildren(row);
const mark = () => {
  for (const button of row.children) {
    const here = atelier.shown?.id === button.dataset.id;
    button.setAttribute("aria-pressed", String(here));
  }
};
const draw = async () => {
  row.setAttribute("aria-label", t("strip"));
  let found;
  try { found = await atelier.page(null, LATEST); } catch { return; }
  const kept = new Map([...row.children].map((node) => [node.dataset.id, node]));
  row.replaceChildren(...found.images.map((image) => kept.get(image.id) ?? h("button", { type: "button", class: "thumb", "data-id": image.id,
    title: image.prompt, "aria-label": image.prompt || t("no.prompt"), onclick: () => atelier.emit("pick", image.id) },
    h("img", { src: `api/images/${image.id}/thumbnail`, alt: "", loading: "lazy", draggable: "false" }))));
  row.hidden = !found.images.length;
  mark();
};
row.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const buttons = [...row.children], next = buttons[buttons.indexOf(document.activeElement) + step];
  if (next) { event.preventDefault(); next.focus(); next.click(); }
});
atelier.on("images", draw);
atelier.on("shown", mark);
draw();
