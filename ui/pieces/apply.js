// What a picture's settings would change in the form, each with a tick; and what of them cannot be used here.
const { h, t, tool, note } = atelier;
const PROMPTS = ["prompt", "negative_prompt"];
document.querySelectorAll("dialog.apply").forEach((old) => old.remove());
const dialog = h("dialog", { class: "apply", "aria-labelledby": "apply-title" });
document.body.append(dialog);
let found = null, chosen = new Set();

const shown = (name, value) => {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return t("apply.empty");
  if (typeof value === "boolean") return t(value ? "apply.on" : "apply.off");
  if (name === "control") return atelier.tell(name, value);
  if (name === "checkpoint") return atelier.models.models.find((m) => m.name === value)?.title ?? String(value);
  return Array.isArray(value) ? value.join(", ") : String(value);
};
const long = (row) => [row.old, row.new].some((value) => String(value ?? "").length > 28);
const take = (names) => {
  const values = Object.fromEntries(found.changes.filter((row) => names.includes(row.name)).map((row) => [row.name, row.new]));
  dialog.close();
  atelier.tab("txt2img");
  atelier.fill(values);
};
const apply = () => { if (chosen.size) take([...chosen]); };

const count = h("p", { class: "count", "aria-live": "polite" });
const go = h("button", { type: "button", class: "plain strong", onclick: apply });
const tally = () => {
  const of = found.changes.filter((row) => !row.same).length;
  count.textContent = of ? t("apply.changes", { n: chosen.size, of }) : t("apply.nothing");
  go.disabled = !chosen.size;
  const lost = Object.keys(found.left).length;
  if (lost) count.append("  ·  ", h("button", { type: "button", class: "link lost", onclick: () => dialog.querySelector(".body").scrollTo({ top: dialog.querySelector(".left").offsetTop - 12, behavior: "smooth" }) },
    t("apply.lost", { n: lost })));
};
const tick = (row) => {
  const box = h("input", { type: "checkbox", name: row.name, onchange: () => { chosen[box.checked ? "add" : "delete"](row.name); tally(); } });
  box.checked = chosen.has(row.name);
  return h("label", { class: long(row) ? "change long" : "change" }, box, h("span", { class: "name" }, atelier.label(row.name)),
    h("span", { class: "old" }, h("span", { class: "aloud" }, `${t("apply.now")} `), shown(row.name, row.old)), h("span", { class: "arrow", "aria-hidden": "true" }, "→"),
    h("span", { class: "new" }, h("span", { class: "aloud" }, `${t("apply.then")} `), shown(row.name, row.new)));
};
const draw = () => {
  const changes = found.changes.filter((row) => !row.same), same = found.changes.filter((row) => row.same);
  const left = Object.entries(found.left);
  const every = (on) => () => { chosen = new Set(on ? changes.map((row) => row.name) : []); draw(); };
  const only = (key, names) => {
    const here = names.filter((name) => found.changes.some((row) => row.name === name));
    return h("button", { type: "button", class: "plain", disabled: !here.length, onclick: () => take(here) }, t(key));
  };
  go.textContent = t("apply.do");
  dialog.replaceChildren(
    h("header", {}, h("div", {}, h("h2", { id: "apply-title" }, t("apply.title")),
      h("p", { class: "origin" }, [found.tool ? t("apply.from", { tool: found.tool }) : t("apply.from.unknown"), found.file].filter(Boolean).join("  ·  "))),
      tool("close", "close", () => dialog.close())),
    h("div", { class: "body" },
      h("div", { class: "head" }, count, changes.length > 1 ? h("span", {}, h("button", { type: "button", class: "link", onclick: every(true) }, t("apply.all")),
        h("button", { type: "button", class: "link", onclick: every(false) }, t("apply.none"))) : null),
      h("div", { class: "changes" }, changes.map(tick)),
      same.length ? h("details", { class: "same" }, h("summary", {}, t("apply.same", { n: same.length })),
        h("dl", {}, same.flatMap((row) => [h("dt", {}, atelier.label(row.name)), h("dd", {}, shown(row.name, row.new))]))) : null,
      left.length ? h("section", { class: "left" }, h("h3", {}, t("apply.left")),
        h("dl", {}, left.flatMap(([name, value]) => [h("dt", {}, atelier.label(name)),
          h("dd", {}, found.absent.includes(name) ? h("em", { title: t("apply.absent.help") }, t("apply.absent")) : null, value)]))) : null),
    h("footer", {}, only("apply.prompt", PROMPTS), only("apply.seed", ["seed"]), go));
  tally();
};

atelier.on("compared", (answer) => {
  found = { absent: [], ...answer };
  const changes = found.changes.filter((row) => !row.same);
  if (!changes.length && !Object.keys(found.left).length) { note(t("apply.nothing")); return; }
  chosen = new Set(changes.map((row) => row.name));
  draw();
  if (!dialog.open) dialog.showModal();
  if (changes.length) go.focus(); else dialog.querySelector("header button").focus();
});
atelier.on("language", () => { if (found && dialog.open) draw(); });
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.closest("button, summary")) return;
  event.preventDefault();
  apply();
});
