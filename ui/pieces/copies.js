// Copies of one picture to carry away: as it is, signed, or clean; what each of them holds is said before it is pressed.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  atelier.shapes.copies = "M12 4 5.500 6.500v5c0 4.200 2.700 7 6.500 8.500 3.800-1.500 6.500-4.300 6.500-8.500v-5L12 4Zm-3 7.800 2.200 2.200 4-4.300";

  /** A saved file, or the reason why there is none. */
  const save = async (image, kind, button) => {
    button.disabled = true;
    try {
      const answer = await fetch(`api/images/${image.id}/copy?kind=${kind}`);
      if (!answer.ok) { atelier.note((await answer.json()).error); return; }
      const link = h("a", { href: URL.createObjectURL(await answer.blob()), download: /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    } catch { atelier.note(atelier.unreachable); } finally { button.disabled = false; }
  };

  atelier.copies = (image) => {
    const dialog = h("dialog", { class: "sure copies", "aria-label": t("copies.title") });
    const one = (kind, help, more = {}) => {
      const button = h("button", { type: "button", class: "plain", "data-kind": kind, onclick: () => save(image, kind, button), ...more }, atelier.icon("download"), h("span", {}, t(`copies.${kind}`)));
      return h("li", {}, button, h("p", {}, t(help)));
    };
    const kept = h("a", { class: "plain", href: `api/images/${image.id}/file?download=1`, download: "" }, atelier.icon("download"), h("span", {}, t("copies.kept")));
    dialog.append(h("h2", {}, t("copies.title")), h("ul", {}, h("li", {}, kept, h("p", {}, t("copies.kept.help"))),
      one("signed", image.imported ? "copies.signed.not" : "copies.signed.help", { disabled: image.imported }), one("clean", "copies.clean.help")),
      h("div", {}, h("button", { type: "button", class: "plain strong", onclick: () => dialog.close() }, t("done"))));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  (atelier.extras ??= []).push((image) => ({ icon: "copies", key: "copies", act: () => atelier.copies(image) }));
})();
