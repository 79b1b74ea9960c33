// All stored pictures, newest first, a page at a time.
const { h, t } = atelier;
const PAGE = 48;
const grid = h("div", { class: "grid", role: "list" });
const count = h("p", { class: "count" });
const blank = h("div", { class: "card blank", hidden: true });
const more = h("button", { type: "button", class: "plain more", hidden: true, onclick: () => load() });
root.classList.add("gallery");
root.replaceChildren(count, grid, blank, more);
let ids = [], next = null, loading = null, stale = false;

const cell = (image) => h("button", { type: "button", class: "item", "data-id": image.id, title: image.prompt, "aria-label": image.prompt || t("no.prompt"),
  onclick: () => atelier.details(image.id, ids) }, h("img", { src: `api/images/${image.id}/thumbnail`, alt: "", loading: "lazy", draggable: "false" }));
const words = (total) => {
  count.textContent = total ? t(total === 1 ? "gallery.one" : "gallery.count", { n: total }) : "";
  more.textContent = t("gallery.more");
  more.hidden = !next;
  blank.hidden = ids.length > 0;
  blank.replaceChildren(atelier.icon("grid"), h("h2", {}, t("gallery.empty.title")), h("p", {}, t("gallery.empty.text")));
};
const load = (fresh = false) => (loading ??= (async () => {
  try {
    const found = await atelier.page(fresh ? null : next, fresh ? Math.max(PAGE, Math.min(ids.length, 4 * PAGE)) : PAGE);
    if (fresh) {
      const kept = new Map([...grid.children].map((node) => [node.dataset.id, node]));
      ids = found.images.map((i) => i.id);
      grid.replaceChildren(...found.images.map((i) => kept.get(i.id) ?? cell(i)));
    } else {
      ids.push(...found.images.map((i) => i.id));
      grid.append(...found.images.map(cell));
    }
    next = found.next;
    words(found.total);
  } catch (error) { if (error.problem) atelier.note(error.problem); else throw error; }
  finally { loading = null; }
})());
atelier.more = async () => { if (!next) return null; await load(); return ids; };
atelier.hasMore = () => Boolean(next);
new IntersectionObserver((seen) => {
  if (!seen.some((entry) => entry.isIntersecting)) return;
  if (stale) { stale = false; load(true); } else if (next) load();
}, { rootMargin: "400px" }).observe(more);
new ResizeObserver(() => { if (stale && root.offsetParent) { stale = false; load(true); } }).observe(root);
atelier.on("images", () => { if (root.offsetParent) load(true); else stale = true; });
atelier.on("language", () => load(true));
load(true);
