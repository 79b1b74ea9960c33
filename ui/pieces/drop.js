// A picture or a recipe dropped anywhere on the page, opened by the button or come as a link, shows what its settings would change in the form.
const { h, t, note } = atelier;
const veil = h("div", { class: "veil", hidden: true }, h("p", {}));
const picker = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/avif,image/gif,application/json,.json", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "open-file" });
document.querySelectorAll("body > .veil, #open-file").forEach((old) => old.remove());
document.body.append(veil, picker);

const read = async (file) => {
  if (!file) return;
  try {
    const way = file.type === "application/json" || /\.json$/i.test(file.name) ? "api/read-recipe" : "api/read-settings";
    const found = await atelier.ask(way, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
    atelier.propose({ ...found, file: file.name });
  } catch (error) {
    if (!error.problem) throw error;
    note(error.problem);
  }
};
/** A link "#recipe=..." is read once the form is there, and leaves the address. */
const follow = async () => {
  const code = /^#recipe=([\w-]{1,8000})$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  while (!(atelier.form && atelier.models.known)) await new Promise((go) => setTimeout(go, 150));
  await read(new File([code], t("recipe.from.link"), { type: "application/json" }));
};
addEventListener("hashchange", follow);
follow();
atelier.openFile = () => { picker.value = ""; picker.click(); };
picker.addEventListener("change", () => read(picker.files[0]));

let depth = 0;
const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const show = (on) => { veil.hidden = !on; veil.firstChild.textContent = t("drop.here"); };
atelier.on("dropped", () => { depth = 0; show(false); });  // somebody else took it
addEventListener("dragenter", (e) => { if (files(e)) { depth++; show(true); } });
addEventListener("dragleave", (e) => { if (files(e) && --depth <= 0) { depth = 0; show(false); } });
addEventListener("dragover", (e) => { if (files(e)) e.preventDefault(); });
addEventListener("drop", (e) => { if (!files(e)) return; e.preventDefault(); depth = 0; show(false); read(e.dataTransfer.files[0]); });
