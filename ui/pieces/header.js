// The first line of the page: what draws, how much waits, and the visitor's choices.
const { h, t, tool } = atelier;
const status = h("span", { class: "device", role: "status" });
const choices = h("div", { class: "choices" }), person = h("span", {});
const mark = h("span", { class: "mark", "aria-hidden": "true" });
root.replaceChildren(h("header", { class: "masthead" }, h("h1", {}, mark, "Atelier"), h("div", { class: "aside" }, status, person, choices)));

const tell = () => {
  const state = atelier.snapshot;
  status.classList.toggle("lost", !atelier.reachable);
  if (!atelier.reachable) { status.textContent = t("device.lost"); return; }
  if (!state) return;
  const parts = [state.device];
  if (!state.ready) parts.push(state.problem ? atelier.explain(state.problem).message : t("device.starting"));
  if (state.waiting) parts.push(t("device.waiting", { n: state.waiting }));
  const text = parts.filter(Boolean).join(" · "), [name, ...more] = (state.device ?? "").split(" · ");
  if (status.textContent === text) return;
  const about = more.length ? h("span", { class: "about" }, ` · ${more.join(" · ")}`) : "";
  status.replaceChildren(name, about, text.slice((state.device ?? "").length));
};
const draw = () => {
  const other = atelier.language === "en" ? "zh-CN" : "en";
  choices.replaceChildren(
    tool("open", "open.settings", () => atelier.openFile(), { id: "open-settings" }),
    h("button", { type: "button", class: "tool text", id: "language", lang: other, title: t("language.switch"), "aria-label": t("language.switch"),
      onclick: () => atelier.setLanguage(other) }, other === "en" ? "EN" : "中"),
    tool("help", "keys.open", () => atelier.openKeys(), { id: "open-keys" }),
    tool(atelier.dark() ? "sun" : "moon", atelier.dark() ? "theme.light" : "theme.dark", () => atelier.setDark(!atelier.dark()), { id: "theme" }),
  );
  const me = atelier.me;
  if (me?.accounts) person.replaceChildren(h("button", { type: "button", class: "tool person", id: "account", title: t("account.open", { name: me.name }), "aria-label": t("account.open", { name: me.name }), onclick: () => atelier.openAccount() }, atelier.icon("person"), h("span", {}, me.name)));
  tell();
};
atelier.on("me", draw);
atelier.on("state", tell);
atelier.on("link", tell);
/** Gradio translates a tab's name when the tab was opened once; until then we do, in its own text node. */
const tabs = () => setTimeout(() => {
  for (const name of ["txt2img", "img2img", "inpaint", "sketch", "gallery", "grid", "training"]) {
    const texts = document.createTreeWalker(document.getElementById(`tab-${name}-button`) ?? root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) if (texts.currentNode.data.trim() && texts.currentNode.parentElement.closest("[id^=tab-]")) texts.currentNode.data = t(`tab.${name}`);
  }
}, 300);
atelier.on("language", draw);
atelier.on("language", tabs);
atelier.on("theme", draw);
draw();
