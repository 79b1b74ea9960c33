// Everything of one's own: taken home as a zip, or erased, on the server and in this browser.
(() => {
  const { h, t } = atelier;
  const DATABASES = ["atelier-begin", "atelier-canvas", "atelier-restore"], STAYS = ["atelier.language", "atelier.theme", "atelier.mode"];

  /** Before any piece opens its database: then what this browser keeps can go. The value is what is said of it. */
  const erased = sessionStorage.getItem("atelier.erased");
  if (erased) {
    for (const name of DATABASES) indexedDB.deleteDatabase(name);
    for (const key of Object.keys(localStorage)) if (key.startsWith("atelier.") && !STAYS.includes(key)) localStorage.removeItem(key);
    sessionStorage.removeItem("atelier.erased");
    atelier.on("me", () => atelier.note(t(erased === "1" ? "belongings.erased.one" : "belongings.erased", { n: erased })));
  }

  atelier.belongings = () => {
    const name = h("input", { name: "name", type: "text", required: true, autocomplete: "off", placeholder: atelier.me.name });
    const sure = () => name.value.trim() === atelier.me.name, go = h("button", { class: "plain danger", disabled: true }, t("belongings.erase"));
    name.addEventListener("input", () => { go.disabled = !sure(); });
    const form = h("form", { onsubmit: async (event) => {
      event.preventDefault();
      if (!sure()) return;
      const told = await atelier.told(() => atelier.ask("api/people/me/erase", atelier.json("POST", { confirm: "erase everything" })));
      if (!told) return;
      sessionStorage.setItem("atelier.erased", String(told.pictures));
      location.reload();
    } }, h("p", { class: "subdued" }, t("belongings.erase.help")), h("label", {}, t("belongings.name"), name), go);
    return h("details", { id: "belongings" }, h("summary", {}, t("belongings.title")), h("p", { class: "subdued" }, t("belongings.help")),
      h("a", { class: "plain", href: "api/people/me/export", download: "" }, t("belongings.take")), form);
  };
})();
