// What a picture was made of, and what that was made of, as a small tree; any two of it are compared.
(() => {
  const atelier = window.atelier, { h, t } = atelier;
  /** Fills itself once the server has answered; empty where nothing is known. */
  atelier.lineage = (image) => {
    const node = h("section", { class: "lineage", hidden: true }), known = new Map();
    let chosen = image.id;  // the first of two; at first the picture itself, so that one press compares with it
    const source = (one) => (one.id ? `api/images/${one.id}/thumbnail` : `api/images/${one.of}/given/${one.digest}`);
    /** As the compare view takes it: by id, or a picture that is not in the gallery, as small as it is kept for lists. */
    const whole = ({ one, img }) => one.id ?? { file: img.src, width: img.naturalWidth || 1, height: img.naturalHeight || 1, values: {}, prompt: t(`parent.${one.role}`) };
    const key = (one) => one.id ?? `${one.of}/${one.digest}`;
    const mark = () => { for (const [name, { button }] of known) button.setAttribute("aria-pressed", String(name === chosen)); };
    const press = (name) => {
      if (chosen === name) chosen = null;
      else if (chosen === null) chosen = name;
      else atelier.compare(whole(known.get(name)), whole(known.get(chosen)));
      mark();
    };
    const face = (one) => {
      const label = t(`parent.${one.role}`), img = h("img", { src: source(one), alt: "", loading: "lazy" });
      const button = h("button", { type: "button", title: `${label}. ${t("lineage.help")}`, onclick: () => press(key(one)) }, img, h("span", {}, label));
      img.addEventListener("error", () => { known.delete(key(one)); button.closest("li").remove(); node.hidden = known.size < 2; });  // it was cleared away
      known.set(key(one), { one, img, button });
      return button;
    };
    const branch = (one, all) => {
      const parents = one.id ? all.filter(({ of }) => of === one.id) : [];
      return h("li", {}, face(one), parents.length ? h("ul", {}, parents.map((parent) => branch(parent, all))) : "");
    };
    const draw = (all) => {
      node.hidden = !all.length;
      known.clear();
      node.replaceChildren(h("h3", {}, t("details.lineage")), h("ul", {}, branch({ id: image.id, role: "self" }, all)), h("p", { class: "hint" }, t("lineage.help")));
      mark();
    };
    if (image.lineage) draw(image.lineage);
    else atelier.ask(`api/images/${image.id}`).then((found) => { image.lineage = found.lineage; draw(found.lineage); }).catch(() => {});
    return node;
  };
})();
