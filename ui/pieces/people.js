// For admins: who has an account, what draws and waits, and what was done. Never what somebody asked for.
(() => {
  const { h, t, tool, json, told } = atelier;
  const ROLES = ["viewer", "artist", "admin"], PARTS = ["people", "load", "audit"];
  const dialog = h("dialog", { class: "sheet-dialog people", tabindex: "-1" });
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  const body = h("div", { class: "body" });
  let part = "people", code = null, timer;

  const change = async (one, changes) => { await told(() => atelier.ask(`api/people/${one.id}`, json("PATCH", changes))); await draw(); };
  const number = (one, name, facts) => {
    const input = h("input", { type: "number", value: one[name] ?? "", "aria-label": `${t(`people.${name}`)}: ${one.name}`, title: t(`people.${name}.help`), placeholder: t("people.no_limit"), ...facts });
    input.addEventListener("change", () => change(one, { [name]: input.value === "" ? null : Number(input.value) }));
    return h("label", {}, t(`people.${name}`), input);
  };
  const row = (one) => {
    const mine = one.id === atelier.me.id;
    const role = h("select", { "aria-label": `${t("people.role")}: ${one.name}`, disabled: mine, onchange: () => change(one, { role: role.value }) }, ROLES.map((name) => h("option", { value: name, selected: name === one.role }, t(`account.role.${name}`))));
    const state = one.disabled ? t("people.disabled") : one.has_password ? "" : t("people.waits");
    return h("li", { class: one.disabled ? "off" : "" },
      h("div", { class: "who" }, h("b", {}, one.name), state ? h("span", { class: "subdued" }, state) : null),
      h("label", {}, t("people.role"), role),
      number(one, "weight", { min: "0.1", max: "100", step: "0.1", required: true }), number(one, "jobs_waiting", { min: "1", max: "10000" }), number(one, "cost_per_day", { min: "0" }),
      h("div", { class: "acts" },
        h("button", { type: "button", class: "plain", disabled: mine, onclick: async () => { const made = await told(() => atelier.ask(`api/people/${one.id}/code`, { method: "POST" })); if (made) { code = { name: one.name, code: made.code }; draw(); } } }, t("people.code")),
        h("button", { type: "button", class: "plain", disabled: mine, onclick: () => change(one, { disabled: !one.disabled }) }, t(one.disabled ? "people.enable" : "people.disable"))));
  };
  const parts = {
    async people() {
      const found = await told(() => atelier.ask("api/people"));
      if (!found) return [];
      const form = h("form", { class: "adding", onsubmit: async (event) => {
        event.preventDefault();
        const { name, role } = form.elements;
        const made = await told(() => atelier.ask("api/people", json("POST", { name: name.value, role: role.value })));
        if (made) { code = { name: made.person.name, code: made.code }; draw(); }
      } },
        h("label", {}, t("people.name"), h("input", { name: "name", type: "text", maxlength: "64", required: true, autocomplete: "off" })),
        h("label", {}, t("people.role"), h("select", { name: "role" }, ROLES.map((name) => h("option", { value: name, selected: name === "artist" }, t(`account.role.${name}`))))),
        h("button", { class: "plain strong" }, t("people.add")));
      return [form, code ? atelier.once(code.code, t("people.code.once", { name: code.name })) : null, h("ul", { class: "plain-list persons" }, found.people.map(row))];
    },
    async load() {
      const found = await told(() => atelier.ask("api/people/load"));
      if (!found) return [];
      const gib = (bytes) => (bytes / 2 ** 30).toLocaleString(atelier.language, { maximumFractionDigits: 1 });
      const fact = (name, text) => [h("dt", {}, name), h("dd", {}, text)];
      timer = setTimeout(() => { if (dialog.open && part === "load") draw(); }, 3000);
      return [
        h("dl", { class: "facts" }, fact(t("people.worker"), [found.device, t(found.ready ? "people.ready" : "people.not_ready")].filter(Boolean).join("  ·  ")), fact(t("people.queue"), t("people.queue.counts", { running: found.running, waiting: found.waiting })),
          fact(t("people.disk"), t("people.disk.free", { free: gib(found.disk.free), total: gib(found.disk.total), reserve: gib(found.disk.reserve) }))),
        h("meter", { min: 0, max: found.disk.total, value: found.disk.total - found.disk.free, "aria-label": t("people.disk") }),
        found.by.length ? h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, t("people.name")), h("th", {}, t("people.running")), h("th", {}, t("people.waiting")))),
          h("tbody", {}, found.by.map((one) => h("tr", {}, h("td", {}, one.name ?? t("people.nobody")), h("td", {}, String(one.running)), h("td", {}, String(one.waiting)))))) : h("p", { class: "subdued" }, t("people.idle"))];
    },
    async audit() {
      const did = (what) => (atelier.has(`people.did.${what}`) ? t(`people.did.${what}`) : what);
      const found = await told(() => atelier.ask("api/people/audit?limit=200"));
      if (!found) return [];
      return [h("table", { class: "log" }, h("thead", {}, h("tr", {}, ["when", "who", "what", "target", "address", "result"].map((name) => h("th", {}, t(`people.log.${name}`))))),
        h("tbody", {}, found.entries.map((one) => h("tr", {}, [atelier.when(one.at), one.who, did(one.what), one.target, one.address, did(one.result)].map((text) => h("td", {}, text))))))];
    },
  };
  const draw = async () => {
    clearTimeout(timer);
    const asked = part, found = (await parts[part]()).filter(Boolean);
    if (asked !== part) return;
    dialog.setAttribute("aria-label", t("people.title"));
    const tabs = h("div", { role: "tablist", "aria-label": t("people.title") }, PARTS.map((name) => h("button", { type: "button", role: "tab", "aria-selected": String(name === part), onclick: () => { part = name; code = null; draw(); } }, t(`people.tab.${name}`))));
    dialog.replaceChildren(h("header", {}, h("h2", {}, t("people.title")), tool("close", "close", () => dialog.close())), tabs, body);
    body.replaceChildren(...found);
    if (!dialog.open) dialog.showModal();
    if (!dialog.contains(document.activeElement)) dialog.focus();
  };
  atelier.openPeople = () => { code = null; draw(); };
  atelier.on("language", () => { if (dialog.open) draw(); });
})();
