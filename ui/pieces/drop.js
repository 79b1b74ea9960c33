// A picture dropped anywhere on the page, or opened by the button, shows what its settings would change in the form.
const { h, t, note } = atelier;
const veil = h("div", { class: "veil", hidden: true }, h("p", {}));
const picker = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/avif,image/gif", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "open-file" });
document.querySelectorAll("body > .veil, #open-file").forEach((old) => old.remove());
document.body.append(veil, picker);

const read = async (file) => {
  if (!file) return;
  try {
    const found = await atelier.ask("api/read-settings", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
    atelier.propose({ ...found, file: file.name });
  } catch (error) {
    if (!error.problem) throw error;
    note(error.problem);
  }
};
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
