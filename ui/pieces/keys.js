// "?": all keys of the page in a dialog. Pieces add theirs to atelier.keys.
(() => {
  const { h, t, tool } = atelier;
  atelier.shapes.help = "M9 9a3 3 0 1 1 4.200 2.700c-.8.400-1.200 1-1.200 1.800v.5M12 17.500h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z";
  atelier.keys.push(["Ctrl + Enter", "key.generate"], ["↑", "key.history"], ["↑ ↓", "key.menu"], ["Esc", "key.escape"],
    ["← →", "key.turn"], ["?", "key.help"]);
  const dialog = h("dialog", { class: "sheet-dialog keys", tabindex: "-1" });
  document.body.append(dialog);
  atelier.openKeys = () => {
    const rows = new Map(atelier.keys.map(([keys, word]) => [word, keys]));
    dialog.setAttribute("aria-label", t("keys.title"));
    dialog.replaceChildren(
      h("header", {}, h("h2", {}, t("keys.title")), tool("close", "close", () => dialog.close())),
      h("dl", {}, [...rows].map(([word, keys]) => [
        h("dt", {}, keys.split(" + ").flatMap((part, i) => [i ? "+" : null, ...part.split(" ").map((key) => h("kbd", {}, key))])), h("dd", {}, t(word))])
        .flat()));
    if (!dialog.open) dialog.showModal();
    dialog.focus();
  };
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, [contenteditable]")) return;
    event.preventDefault();
    atelier.openKeys();
  });
})();
