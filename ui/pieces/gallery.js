// The gallery: search, filters and order above, the grid, and the bar of the selected pictures below.
const { h, t, tool } = atelier, shelf = atelier.shelf;
atelier.shapes.search = "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13ZM20 20l-4.800-4.800";
atelier.shapes.filter = "M4 6h16M7 12h10M10 18h4";
atelier.shapes.check = "M5 12.500l4.500 4.500L19 7.500";
root.classList.add("gallery");

const open = (place) => {
  if (shelf.items[place]) atelier.details(shelf.items[place].id, shelf.ids(), { more: async () => ((await shelf.load()) ? shelf.ids() : null), total: () => shelf.total, left: (id) => grid.go(shelf.placeOf(id)) });
};
let anchor = null;  // where a range begins
const choose = (place, event) => {
  if (event.shiftKey && anchor !== null) shelf.choose(Array.from({ length: Math.abs(place - anchor) + 1 }, (_, i) => Math.min(place, anchor) + i));
  else shelf.choose([place], !shelf.selected.has(shelf.items[place]?.id));
  if (!event.shiftKey || anchor === null) anchor = place;
  if (shelf.selected.size) selecting(true);
};
const selecting = (on) => {
  root.classList.toggle("selecting", on);
  pick.setAttribute("aria-pressed", String(on));
  if (!on) { anchor = null; shelf.selected.clear(); }
  draw();
};
const keys = (event, place) => {
  const item = shelf.items[place], control = event.ctrlKey || event.metaKey;
  const those = shelf.selected.size ? selection.ids() : item ? [item.id] : [];
  const done = () => { event.preventDefault(); event.stopPropagation(); };
  if (control || !item) return;
  if (event.key === "Enter" && event.target.closest(".item")) { done(); open(place); }
  else if (event.key === " ") { done(); choose(place, event); }
  else if (shelf.foreign() && /^([0-5]|Delete)$/.test(event.key)) done();  // somebody else's
  else if (/^[0-5]$/.test(event.key) && !shelf.query.trash) { done(); atelier.mark(those, { stars: Number(event.key) }); }
  else if (event.key === "Delete") { done(); (shelf.query.trash ? atelier.erase(those) : atelier.trash(those)).then((well) => { if (well) spent(); grid.go(place); }); }
  else if (event.key.toLowerCase() === "c" && shelf.selected.size === 2) { done(); atelier.compare(...selection.ids()); }
  else if (event.key === "Escape") { done(); selecting(false); }
};
/** What was selected has left the list: there is nothing to go on with. */
const spent = () => { if (!shelf.selected.size) selecting(false); };
let size = Number(atelier.stored("gallery.size") ?? 1);
const grid = atelier.grid({ open, choose, keys }, () => size);
const filters = atelier.filters(), selection = atelier.selection(() => { selecting(false); grid.go(grid.at); }, spent);

// --- the line above ------------------------------------------------------------------------------------------
const field = h("input", { type: "search", id: "gallery-search", autocomplete: "off", spellcheck: "false", maxlength: "300" });
let typed = 0;
const ask = (now) => { clearTimeout(typed); typed = setTimeout(() => { if (field.value !== shelf.query.q) shelf.set({ q: field.value }); wipe.hidden = !field.value; }, now ? 0 : 220); };
field.addEventListener("input", () => ask());
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter") ask(true);
  if (event.key === "Escape" && field.value) { event.preventDefault(); field.value = ""; ask(true); }
  if (event.key === "ArrowDown") { event.preventDefault(); grid.go(grid.at); }
});
const wipe = tool("close", "search.clear", () => { field.value = ""; ask(true); field.focus(); }, { class: "tool wipe" });
const sort = h("select", { id: "gallery-sort", onchange: () => shelf.set({ sort: sort.value }) });
const slider = h("input", { type: "range", min: "0", max: "2", step: "1", id: "gallery-size", oninput: () => { size = Number(slider.value); atelier.store("gallery.size", size); named(); grid.relay(); } });
const named = () => { slider.value = size; slider.setAttribute("aria-label", t("tiles")); slider.setAttribute("aria-valuetext", t(`tiles.${size}`)); slider.title = `${t("tiles")}: ${t(`tiles.${size}`)}`; };
const filter = h("button", { type: "button", class: "plain", id: "gallery-filter", "aria-controls": "gallery-filters", onclick: () => show(!root.classList.contains("filtering")) });
const pick = h("button", { type: "button", class: "plain", id: "gallery-select", onclick: () => selecting(!root.classList.contains("selecting")) });
const bin = h("button", { type: "button", class: "tool", id: "gallery-trash", onclick: () => { selecting(false); shelf.set({ trash: !shelf.query.trash, board: "", shared: "" }); } }, atelier.icon("trash"));
const bar = h("div", { class: "above" });
const count = h("p", { class: "count", role: "status" });
const arrived = h("button", { type: "button", class: "plain strong arrived", hidden: true, onclick: () => { if (shelf.problem) { shelf.retry(); return; } grid.top(); shelf.reload(); } });
const under = h("div", { class: "under" }, count, filters.chips);
const blank = h("div", { class: "card blank", hidden: true });
const strip = h("div", { class: "bin", hidden: true }), onboard = h("div", { class: "onboard", hidden: true });
root.replaceChildren(bar, under, strip, onboard, h("div", { class: "body" }, filters.panel, h("div", { class: "wall" }, grid.node, blank, arrived)), selection.bar);

const show = (on) => {
  root.classList.toggle("filtering", on);
  filter.setAttribute("aria-expanded", String(on));
  if (innerWidth > 760) atelier.store("gallery.filters", on ? "open" : "");
  if (on) filters.count();
};
const words = () => {
  field.placeholder = t("search");
  field.setAttribute("aria-label", t("search.help"));
  field.title = t("search.help");
  sort.setAttribute("aria-label", t("sort"));
  sort.replaceChildren(...["newest", "oldest", "stars", "seed"].map((value) => h("option", { value }, t(`sort.${value}`))));
  sort.value = shelf.query.sort;
  pick.replaceChildren(atelier.icon("check"), h("span", {}, t("select")));
  pick.setAttribute("aria-label", t("select"));
  for (const [key, value] of [["title", t("trash")], ["aria-label", t("trash")]]) bin.setAttribute(key, value);
  wipe.setAttribute("aria-label", t("search.clear"));
  wipe.title = t("search.clear");
  named();
  bar.replaceChildren(h("label", { class: "search" }, atelier.icon("search"), field, wipe), filter, sort, h("span", { class: "space" }), slider, pick, atelier.importer(), bin);
  filters.draw();
};
const empty = () => {
  const filtered = shelf.filtered();
  blank.hidden = shelf.items.length > 0 || shelf.state === "loading" || shelf.state === "new";
  if (blank.hidden) return;
  blank.className = `card ${shelf.problem ? "problem" : "blank"}`;
  if (shelf.problem) {
    const told = atelier.explain(shelf.problem);
    blank.replaceChildren(atelier.icon("warn"), h("h2", {}, told.message), h("p", {}, told.remedy ?? ""), h("button", { type: "button", class: "plain", onclick: () => shelf.reload() }, t("again")));
  } else if (filtered) blank.replaceChildren(atelier.icon("search"), h("h2", {}, t("gallery.none.title")), h("p", {}, t("gallery.none.text")), h("button", { type: "button", class: "plain", onclick: () => { field.value = ""; shelf.set({ ...shelf.none }); } }, t("filter.clear")));
  else if (shelf.query.board || shelf.query.shared) blank.replaceChildren(atelier.icon("board"), h("h2", {}, t("board.empty.title")), h("p", {}, t(shelf.foreign() ? "board.empty.theirs" : "board.empty.text")));
  else if (shelf.query.trash) blank.replaceChildren(atelier.icon("trash"), h("h2", {}, t("trash.empty.title")), h("p", {}, t("trash.empty.text")));
  else blank.replaceChildren(atelier.icon("grid"), h("h2", {}, t("gallery.empty.title")), h("p", {}, t("gallery.empty.text")),
    h("button", { type: "button", class: "plain", onclick: atelier.importFiles }, t("import.files")), h("button", { type: "button", class: "plain quiet", onclick: atelier.importFolder }, t("import.folder")));
};
const draw = () => {
  const filtered = shelf.filtered() - (shelf.query.q ? 1 : 0);
  filter.replaceChildren(atelier.icon("filter"), h("span", {}, t("filters")), filtered ? h("i", { class: "badge" }, String(filtered)) : "");
  filter.setAttribute("aria-label", filtered ? t("filters.n", { n: filtered }) : t("filters"));
  bin.setAttribute("aria-pressed", String(shelf.query.trash));
  root.classList.toggle("binned", shelf.query.trash);
  root.classList.toggle("guest", shelf.foreign());
  atelier.pinboards.strip(onboard);
  if (shelf.state === "ready") {
    const key = shelf.filtered() ? "gallery.found" : "gallery.count";
    count.textContent = shelf.total === 1 ? t(shelf.filtered() ? "gallery.found.one" : "gallery.one") : shelf.total || shelf.filtered() ? t(key, { n: shelf.total.toLocaleString(atelier.language) }) : "";
  }
  if (shelf.state === "failed") count.textContent = "";
  root.classList.toggle("asking", shelf.state === "loading" && shelf.items.length > 0);
  strip.hidden = !shelf.query.trash;
  if (shelf.query.trash) strip.replaceChildren(h("p", {}, t("trash.note")), h("span", { class: "space" }),
    h("button", { type: "button", class: "plain", disabled: !shelf.total, onclick: () => atelier.erase() }, t("trash.empty")), h("button", { type: "button", class: "plain quiet", onclick: () => bin.click() }, t("trash.back")));
  const torn = shelf.problem && shelf.items.length;  // the list does not go on
  arrived.hidden = !shelf.arrived && !torn;
  arrived.textContent = torn ? `${atelier.explain(shelf.problem).message} ${t("again")}` : t(shelf.arrived === 1 ? "gallery.arrived.one" : "gallery.arrived.many", { n: shelf.arrived });
  empty();
  selection.draw();
  grid.render();
};

// --- what happens elsewhere ----------------------------------------------------------------------------------
let stale = false;
const asked = () => JSON.stringify(shelf.query);
let last = "";
atelier.on("shelf", ({ anew }) => {
  if (anew) grid.top();
  if (last !== asked() || anew) { last = asked(); filters.draw(); if (root.classList.contains("filtering")) filters.count(); }
  if (document.activeElement !== field) field.value = shelf.query.q;
  wipe.hidden = !field.value;
  draw();
});
atelier.on("images", ({ deleted }) => { if (deleted) return; if (root.offsetParent) shelf.refresh(); else stale = true; });
atelier.on("filters", show);
atelier.on("pinboards", () => { filters.draw(); draw(); });
atelier.on("link", (well) => { if (well && shelf.problem) shelf.retry(); });
atelier.on("language", () => { words(); draw(); });
new ResizeObserver(() => { if (!root.offsetParent) return; if (stale) { stale = false; shelf.refresh(); } grid.render(); }).observe(root);
document.addEventListener("keydown", (event) => {
  if (!root.offsetParent || document.querySelector("dialog[open]") || event.altKey) return;
  if (event.target.closest("input:not([type=range]), textarea, select, [contenteditable]")) return;
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() === "a" && shelf.items.length) { event.preventDefault(); shelf.chooseLoaded(); selecting(true); }
    return;
  }
  if (event.key === "/") { event.preventDefault(); field.focus(); field.select(); }
  if (event.key === "Escape" && root.classList.contains("selecting")) selecting(false);
  if (event.key === "Escape" && root.classList.contains("filtering") && innerWidth <= 760) show(false);
});
words();
show(innerWidth > 760 && atelier.stored("gallery.filters") === "open");
shelf.reload();
