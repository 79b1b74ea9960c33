// Who is there: their name in the header, their own password and tokens, and for those who only look, what is left out.
(() => {
  const { h, t, tool } = atelier;
  atelier.shapes.person = "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 20c0-3.500 3.600-5.500 8-5.500s8 2 8 5.500";
  const json = (method, body) => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  /** Answers false, and says why, when the server refuses. */
  const told = async (work) => { try { return (await work()) ?? true; } catch (error) { if (!error.problem) throw error; atelier.note(error.problem); return false; } };
  Object.assign(atelier, { me: null, json, told });

  const field = (name, facts) => { const input = h("input", { name, required: true, ...facts }); return h("label", {}, t(`account.${name}`), input); };
  const dialog = h("dialog", { class: "sheet-dialog account", tabindex: "-1" });
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  const password = () => {
    const form = h("form", { onsubmit: async (event) => {
      event.preventDefault();
      const { old, fresh } = form.elements;
      if (!(await told(() => atelier.ask("api/people/me/password", json("POST", { old: old.value, new: fresh.value }))))) return;
      form.reset();
      atelier.note(t("account.password.set"));
      draw();
    } },
      h("input", { type: "text", autocomplete: "username", value: atelier.me.name, hidden: true, readonly: true }),
      field("old", { type: "password", autocomplete: "current-password" }),
      field("fresh", { type: "password", autocomplete: "new-password", minlength: "10" }),
      h("p", { class: "subdued" }, t("account.password.help")),
      h("button", { class: "plain" }, t("account.password.go")));
    return h("details", {}, h("summary", {}, t("account.password")), form);
  };

  const tokens = (listed, fresh) => {
    const scopes = ["look", "draw", ...(atelier.me.role === "admin" ? ["admin"] : [])].slice(0, atelier.me.role === "viewer" ? 1 : 3);
    const form = h("form", { onsubmit: async (event) => {
      event.preventDefault();
      const { name, scope, days } = form.elements;
      const made = await told(() => atelier.ask("api/people/me/tokens", json("POST", { name: name.value, scope: scope.value, days: days.value ? Number(days.value) : null })));
      if (made) draw(made.token);
    } },
      field("name", { type: "text", maxlength: "80", placeholder: t("account.name.example") }),
      h("div", { class: "pair" },
        h("label", {}, t("account.scope"), h("select", { name: "scope" }, scopes.map((scope) => h("option", { value: scope, selected: scope === "draw" }, t(`account.scope.${scope}`))))),
        h("label", {}, t("account.days"), h("input", { name: "days", type: "number", min: "1", max: "3650", placeholder: t("account.days.never") }))),
      h("button", { class: "plain" }, t("account.token.go")));
    const rows = listed.map((one) => h("li", {},
      h("div", {}, h("b", {}, one.name), h("span", { class: "subdued" }, [t(`account.scope.${one.scope}`), one.expires ? t("account.until", { when: atelier.when(one.expires) }) : null, one.used ? t("account.used", { when: atelier.when(one.used) }) : t("account.unused")].filter(Boolean).join("  ·  "))),
      h("button", { type: "button", class: "plain quiet", onclick: async () => { if (await told(() => atelier.ask(`api/people/me/tokens/${one.id}`, { method: "DELETE" }))) draw(); } }, t("account.token.end"))));
    return h("details", { open: Boolean(fresh) }, h("summary", {}, t("account.tokens")), h("p", { class: "subdued" }, t("account.tokens.help")),
      fresh ? atelier.once(fresh, t("account.token.once")) : null, rows.length ? h("ul", { class: "plain-list" }, rows) : null, form);
  };
  /** A secret that is told this once, with a button that copies it. */
  atelier.once = (secret, about) => h("div", { class: "once" }, h("p", {}, about), h("code", {}, secret), h("button", { type: "button", class: "plain", onclick: () => atelier.copy(secret) }, t("account.copy")));

  const draw = async (fresh) => {
    const found = await told(() => atelier.ask("api/people/me/tokens"));
    if (!found) return;
    dialog.setAttribute("aria-label", t("account.title"));
    dialog.replaceChildren(
      h("header", {}, h("h2", {}, atelier.me.name), tool("close", "close", () => dialog.close())),
      h("div", { class: "body" }, h("p", { class: "subdued" }, t(`account.role.${atelier.me.role}.about`)),
        atelier.me.role === "admin" ? h("button", { type: "button", class: "plain", id: "open-people", onclick: () => { dialog.close(); atelier.openPeople(); } }, t("people.title")) : null,
        password(), tokens(found.tokens, fresh), atelier.me.role === "viewer" ? null : atelier.belongings(),
        h("button", { type: "button", class: "plain", id: "sign-out", onclick: signOut }, t("account.sign_out"))));
    if (!dialog.open) dialog.showModal();
    dialog.focus();
  };
  const signOut = async () => { if (await told(() => atelier.ask("api/people/me/sign-out", { method: "POST" }))) location.replace("sign-in"); };
  atelier.openAccount = () => draw();

  /** Who only looks has no tools to draw with: the gallery, and a sentence that says why. */
  const looking = (tries = 0) => {
    const gallery = document.getElementById("tab-gallery");
    atelier.tab("gallery");
    if (!gallery && tries < 100) { setTimeout(() => looking(tries + 1), 100); return; }
    if (!document.getElementById("looking")) gallery.prepend(h("p", { id: "looking", role: "note" }, t("account.looking")));
  };
  const meet = async () => {
    try { atelier.me = await atelier.ask("api/people/me"); } catch { setTimeout(meet, 3000); return; }
    document.documentElement.classList.toggle("accounts", atelier.me.accounts);
    document.documentElement.classList.toggle("viewer", atelier.me.role === "viewer");
    if (atelier.me.role === "viewer") looking();
    atelier.emit("me", atelier.me);
  };
  atelier.on("language", () => { const note = document.getElementById("looking"); if (note) note.textContent = t("account.looking"); if (dialog.open) draw(); });
  if (!atelier.limits.demo) meet();  // nobody has an account in a demo, and it would ask for ever
})();
