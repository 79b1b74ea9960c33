// The prompts drawn last: a menu beside the prompt, with a search; arrow up in an empty prompt brings the last one.
const { h, t, tool } = atelier;
atelier.shapes.clock = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7.500V12l3 2";
const button = h("div", { class: "past" });
const search = h("input", { type: "search", autocomplete: "off" });
const list = h("ul", {});
const menu = h("dialog", { class: "menu history" });
document.querySelectorAll("body > dialog.history").forEach((old) => old.remove());
document.body.append(menu);
root.replaceChildren(button);

const ask = async (words = "", limit = 60) => {
  try { return (await atelier.ask(`api/history?${new URLSearchParams({ search: words, limit })}`)).prompts; }
  catch (error) { if (error.problem) atelier.note(error.problem); return []; }
};
const use = (past) => { menu.close(); atelier.fill({ prompt: past.prompt, negative_prompt: past.negative_prompt }, { quiet: true }); atelier.focusField("prompt"); };
const forget = async (past, row) => {
  try { await atelier.ask(`api/history/${past.id}`, { method: "DELETE" }); } catch (error) { atelier.note(error.problem); return; }
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  (next?.querySelector("button") ?? search).focus();
  if (!list.children.length) fill();
};
let turn = 0;
const fill = async () => {
  const mine = ++turn, found = await ask(search.value);
  if (mine !== turn) return;
  list.replaceChildren(...found.map((past) => {
    const row = h("li", {}, h("button", { type: "button", class: "pick", title: past.prompt, onclick: () => use(past) }, h("span", {}, past.prompt), past.negative_prompt ? h("small", {}, `− ${past.negative_prompt}`) : null));
    row.append(tool("trash", "history.forget", () => forget(past, row)));
    row.addEventListener("keydown", (event) => { if (event.key === "Delete") forget(past, row); });
    return row;
  }));
  if (!found.length) list.replaceChildren(h("p", {}, t(search.value ? "history.none" : "history.empty")));
};
const open = async () => {
  search.value = "";
  search.placeholder = t("history.search");
  search.setAttribute("aria-label", t("history.search"));
  menu.setAttribute("aria-label", t("history"));
  menu.replaceChildren(search, list);
  await fill();
  const box = document.getElementById("field-prompt").getBoundingClientRect();
  menu.showModal();
  menu.style.width = `${Math.min(innerWidth - 16, Math.max(380, box.width))}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
  const top = Math.max(8, Math.min(box.bottom + 6, innerHeight - 320));
  menu.style.top = `${top}px`;
  menu.style.maxHeight = `${innerHeight - top - 12}px`;
  search.focus();
};
let typing = null;
search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(fill, 120); });
menu.addEventListener("click", (event) => { if (event.target === menu) menu.close(); });
menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Enter" && event.target === search && !event.isComposing) { event.preventDefault(); list.querySelector(".pick")?.click(); }
  if (!step) return;
  event.preventDefault();
  const all = [search, ...list.querySelectorAll(".pick")];
  all[Math.max(0, Math.min(all.length - 1, all.indexOf(document.activeElement) + step))]?.focus();
});

// arrow up and down, as in a shell, as long as nothing was typed
let at = -1, brought = "";
document.addEventListener("keydown", async (event) => {
  const box = event.target;
  if (!root.isConnected || !box.matches?.("#field-prompt textarea") || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!step || (box.value && box.value !== brought)) return;
  if (!box.value) at = -1;
  if (step < 0 && at < 0) return;
  event.preventDefault();
  const found = await ask("", 60), next = Math.min(at + step, found.length - 1);
  if (next < 0) { if (at >= 0) { at = -1; brought = ""; atelier.fill({ prompt: "" }, { quiet: true }); } return; }
  at = next;
  brought = found[at].prompt;
  atelier.fill({ prompt: brought, negative_prompt: found[at].negative_prompt }, { quiet: true });
});
const draw = () => button.replaceChildren(tool("clock", "history", open, { id: "open-history" }));
atelier.on("language", draw);
draw();
