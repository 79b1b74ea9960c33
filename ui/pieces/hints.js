// "Why does this look wrong?": hints of the server's rules over one picture, each with its remedy and a button that sets it.
(() => {
  const atelier = window.atelier, { h, t, tool } = atelier;
  atelier.shapes.hint = "M9.500 18h5M10.500 21h3M12 3a6 6 0 0 0-3.800 10.700c.8.7 1.300 1.500 1.300 2.300h5c0-.8.5-1.600 1.300-2.300A6 6 0 0 0 12 3Z";
  const dialog = h("dialog", { class: "hints", tabindex: "-1" });
  document.body.append(dialog);
  const set = (hint) => {
    atelier.fill({ [hint.field]: hint.values.to });
    atelier.note(t("hints.done", { label: atelier.label(hint.field), to: hint.values.to }));
  };
  const row = (hint) => {
    const told = atelier.explain(hint), ready = hint.field in atelier.defaults && hint.values.to !== undefined;
    return h("li", {}, h("p", {}, told.message), h("p", { class: "subdued" }, told.remedy),
      ready ? h("button", { type: "button", class: "plain", onclick: (event) => { set(hint); event.currentTarget.disabled = true; } }, t("hints.set", { label: atelier.label(hint.field), to: hint.values.to })) : null);
  };
  const show = (...content) => dialog.replaceChildren(h("header", {}, h("h2", {}, t("hints.title")), tool("close", "close", () => dialog.close())), ...content);
  atelier.hints = async (image) => {
    dialog.setAttribute("aria-label", t("hints.title"));
    show(h("p", { class: "subdued", role: "status" }, t("hints.looking")));
    if (!dialog.open) dialog.showModal();
    try {
      const { hints } = await atelier.ask(`api/images/${image.id}/hints`);
      show(hints.length ? h("ul", {}, hints.map(row)) : h("p", { class: "subdued", role: "status" }, t("hints.none")));
      dialog.querySelector("li button")?.focus();
    } catch (error) {
      if (!error.problem) throw error;
      dialog.close();
      atelier.note(error.problem);
    }
  };
  (atelier.extras ??= []).push((image) => (image.trashed ? null : { icon: "hint", key: "hints.title", bare: true, act: () => atelier.hints(image) }));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => event.stopPropagation());  // the picture's own dialog lies below
})();
