// What is said over a picture that the safety checker held back, wherever it is shown.
(() => {
  const atelier = window.atelier, { h, t, icon } = atelier;
  atelier.shapes.veil = "M4 4l16 16M10 10a3 3 0 0 0 4 4M6.500 6.800C4.600 8.100 3.200 10 2.500 12c1.400 3.600 5 6.500 9.500 6.500 1.600 0 3.100-.4 4.400-1M10 5.700c.6-.1 1.300-.2 2-.2 4.500 0 8.100 2.900 9.500 6.500-.5 1.200-1.200 2.300-2.100 3.200";
  const listed = (some) => new Intl.ListFormat(atelier.language, { type: "conjunction" }).format(some.map(String));
  /** Why, in words. held: {concepts, special}, as the API tells it. */
  atelier.why = ({ concepts, special }) => (special.length ? t("held.why.special", { concepts: listed(concepts), special: listed(special) }) : t("held.why", { concepts: listed(concepts) }));
  /** A label to lie over the picture; small: only its sign, for tiles. */
  atelier.heldLabel = (held, small = false) => h("span", { class: small ? "held small" : "held", title: `${t("held")}: ${atelier.why(held)}` }, icon("veil"), small ? null : h("span", {}, h("b", {}, t("held")), h("small", {}, atelier.why(held))));
})();
