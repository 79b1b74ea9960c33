// What a picture was made of, as small pictures beside it; a press compares both.
(() => {
  const atelier = window.atelier, { h, t } = atelier;
  /** Fills itself once the server has answered; empty where nothing is known. */
  atelier.parents = (image) => {
    const node = h("section", { class: "parents", hidden: true });
    const draw = (parents) => {
      node.hidden = !parents.length;
      node.replaceChildren(h("h3", {}, t("details.parents")), ...parents.map(({ role, id }) => h("button", { type: "button", title: `${t(`parent.${role}`)}. ${t("compare")}`, "aria-label": `${t(`parent.${role}`)}. ${t("compare")}`,
        onclick: () => atelier.compare(id, image.id) }, h("img", { src: `api/images/${id}/thumbnail`, alt: "" }), h("span", {}, t(`parent.${role}`)))));
    };
    if (image.parents) draw(image.parents);
    else atelier.ask(`api/images/${image.id}`).then((found) => { image.parents = found.parents; draw(found.parents); }).catch(() => {});
    return node;
  };
})();
