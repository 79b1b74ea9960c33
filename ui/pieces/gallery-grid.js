// The gallery's grid: only the rows near the window exist, however many pictures there are.
(() => {
  const atelier = window.atelier, shelf = atelier.shelf;
  const { h, t } = atelier;
  const LEAST = [100, 168, 264], ON_PHONES = [4, 3, 2], AHEAD = 120;  // tiles that promise pictures not loaded yet

  /** acts: {open(place), choose(place, event), keys(event, place)}; size(): 0, 1 or 2. */
  atelier.grid = (acts, size) => {
    const sheet = h("div", { class: "sheet", role: "grid", "aria-multiselectable": "true" });
    const scroller = h("div", { class: "scroller" }, sheet);
    const rows = new Map(), seen = new Set();
    let columns = 5, tile = 168, gap = 10, at = 0, due = 0, settled = 0, held = null;

    const cell = (column) => {
      const pick = h("button", { type: "button", class: "pick", tabindex: "-1" });
      const stars = atelier.stars((n) => { const item = shelf.items[place(node)]; if (item) atelier.mark([item.id], { stars: n }); });
      for (const button of stars.children) button.tabIndex = -1;  // keys 0 to 5 do it
      const image = h("img", { alt: "", draggable: "false" });
      const button = h("button", { type: "button", class: "item", tabindex: "-1" }, image);
      const node = h("div", { class: "cell", role: "gridcell", "aria-colindex": column + 1 }, button, pick, stars);
      Object.assign(node, { column, image, button, stars, pick });
      image.addEventListener("load", () => { seen.add(node.shown); node.classList.remove("bare"); });
      image.addEventListener("error", () => { if (image.src) node.classList.add("broken"); });
      button.addEventListener("click", (event) => {
        if (held === "done") { held = null; return; }
        at = place(node);
        if (event.shiftKey || event.ctrlKey || event.metaKey || root().classList.contains("selecting")) acts.choose(at, event); else acts.open(at);
      });
      pick.addEventListener("click", (event) => { at = place(node); acts.choose(at, event); });
      button.addEventListener("pointerdown", (event) => {
        if (event.pointerType !== "touch") return;
        held = setTimeout(() => { held = "done"; at = place(node); acts.choose(at, { ctrlKey: true }); }, 450);
      });
      for (const kind of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(kind, () => { if (held !== "done") clearTimeout(held); });
      node.draggable = matchMedia("(pointer: fine)").matches;  // on a touch screen a long press selects
      node.addEventListener("dragstart", (event) => { const item = shelf.items[place(node)]; if (item && item.by === null) atelier.pinboards.dragged(event, shelf.selected.has(item.id) ? [...shelf.selected.keys()] : [item.id]); else event.preventDefault(); });
      button.addEventListener("contextmenu", (event) => { if (held === "done") event.preventDefault(); });
      return node;
    };
    const root = () => scroller.closest(".gallery");
    const place = (node) => Number(node.parentElement.dataset.row) * columns + node.column;
    /** Gives a tile its picture; nodes are kept and change only in what differs. */
    const dress = (node, item, here) => {
      const ghost = !item;
      node.hidden = here >= shown();
      node.classList.toggle("ghost", ghost);
      node.button.disabled = ghost;
      const chosen = !ghost && shelf.selected.has(item.id);
      node.setAttribute("aria-selected", String(chosen));
      node.button.tabIndex = here === at ? 0 : -1;
      if (ghost) { node.shown = null; node.querySelector(".held")?.remove(); node.image.removeAttribute("src"); node.button.removeAttribute("title"); delete node.button.dataset.id; return; }
      const name = [item.held ? t("held") : "", item.prompt || t("no.prompt"), item.stars ? t(item.stars === 1 ? "stars.n.one" : "stars.n.many", { n: item.stars }) : ""].filter(Boolean).join(", ");
      if (node.button.getAttribute("aria-label") !== name) node.button.setAttribute("aria-label", name);
      node.pick.setAttribute("aria-label", t("select.this"));
      node.pick.setAttribute("aria-pressed", String(chosen));
      node.stars.show(item.stars);
      node.stars.classList.toggle("rated", item.stars > 0);
      if (node.shown === item.id) return;
      node.querySelector(".held")?.remove();
      if (item.held) node.button.append(atelier.heldLabel(item.held, true));
      node.shown = item.id;
      node.button.title = item.prompt;
      node.button.dataset.id = item.id;
      node.classList.remove("broken");
      node.classList.toggle("bare", !seen.has(item.id));
      if (seen.has(item.id)) node.image.src = `api/images/${item.id}/thumbnail`;
      else { node.image.removeAttribute("src"); node.waiting = true; }
    };
    /** Thumbnails are asked for once the list rests: what flies past is not. */
    const fetchThumbnails = () => {
      for (const row of rows.values()) for (const node of row.children)
        if (node.waiting && node.shown) { node.waiting = false; node.image.src = `api/images/${node.shown}/thumbnail`; }
    };
    const shown = () => {
      if (!shelf.items.length) return shelf.state === "loading" || shelf.state === "new" ? columns * 4 : 0;
      return shelf.items.length + (shelf.more() ? Math.min(Math.max(0, shelf.total - shelf.items.length), AHEAD) : 0);
    };
    const measure = () => {
      const width = sheet.clientWidth;
      if (!width) return false;
      gap = innerWidth < 760 ? 5 : 10;
      const before = columns;
      columns = innerWidth < 760 ? ON_PHONES[size()] : Math.max(2, Math.floor((width + gap) / (LEAST[size()] + gap)));
      tile = (width - gap * (columns - 1)) / columns;
      sheet.style.setProperty("--columns", columns);
      sheet.style.setProperty("--gap", `${gap}px`);
      sheet.style.setProperty("--tile", `${tile}px`);
      if (before !== columns) { for (const row of rows.values()) row.remove(); rows.clear(); }
      return true;
    };
    const render = () => {
      if (!scroller.clientHeight || !sheet.clientWidth) return;
      const step = tile + gap, count = Math.ceil(shown() / columns);
      at = Math.max(0, Math.min(at, shelf.items.length - 1));
      sheet.style.height = `${Math.max(0, count * step - gap)}px`;
      sheet.setAttribute("aria-label", t("tab.gallery"));
      sheet.setAttribute("aria-rowcount", String(Math.ceil(shelf.total / columns)));
      sheet.setAttribute("aria-colcount", String(columns));
      const first = Math.max(0, Math.floor(scroller.scrollTop / step) - 2);
      const last = Math.min(count - 1, Math.ceil((scroller.scrollTop + scroller.clientHeight) / step) + 2);
      for (const [r, row] of rows) if ((r < first || r > last) && (r >= count || !row.contains(document.activeElement))) { row.remove(); rows.delete(r); }
      for (let r = first; r <= last; r++) {
        if (rows.has(r)) continue;
        const row = h("div", { class: "tiles", role: "row", "data-row": r, "aria-rowindex": r + 1 }, Array.from({ length: columns }, (_, column) => cell(column)));
        row.style.transform = `translateY(${r * step}px)`;
        rows.set(r, row);
        sheet.append(row);
      }
      for (const [r, row] of rows) {
        row.style.transform = `translateY(${r * step}px)`;
        for (const node of row.children) dress(node, shelf.items[r * columns + node.column], r * columns + node.column);
      }
      shelf.atTop = scroller.scrollTop < step;
      clearTimeout(settled);
      settled = setTimeout(fetchThumbnails, 70);
      if (shelf.more() && !shelf.problem && (last + 8) * columns >= shelf.items.length) shelf.load();
    };
    /** After the window or the tiles changed their size, the same pictures are in view. */
    const relay = () => {
      const top = Math.floor(scroller.scrollTop / (tile + gap)) * columns, away = scroller.scrollTop % (tile + gap), before = columns;
      if (!measure()) return;
      render();
      if (before !== columns) { scroller.scrollTop = Math.floor(top / columns) * (tile + gap) + Math.min(away, tile); render(); }
    };
    const go = (to) => {
      at = Math.max(0, Math.min(to, shelf.items.length - 1));
      const step = tile + gap, top = Math.floor(at / columns) * step;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + tile > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + tile - scroller.clientHeight + 8;
      render();
      rows.get(Math.floor(at / columns))?.children[at % columns]?.button.focus({ preventScroll: true });
    };
    scroller.addEventListener("scroll", () => { cancelAnimationFrame(due); due = requestAnimationFrame(render); });
    sheet.addEventListener("focusin", (event) => { const node = event.target.closest(".cell"); if (node) at = place(node); });
    sheet.addEventListener("keydown", (event) => {
      if (event.altKey) return;
      const page = Math.max(1, Math.floor(scroller.clientHeight / (tile + gap))) * columns, control = event.ctrlKey || event.metaKey;
      const step = control ? null : { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
      if (step) {
        event.preventDefault();
        const from = at;
        go(step === Infinity ? shelf.items.length - 1 : step === -Infinity ? 0 : at + step);
        if (event.shiftKey) shelf.choose(Array.from({ length: Math.abs(at - from) + 1 }, (_, i) => Math.min(at, from) + i));
      } else acts.keys(event, at);
    });
    let width = 0;
    new ResizeObserver(() => { if (sheet.clientWidth !== width) { width = sheet.clientWidth; relay(); } else render(); }).observe(scroller);
    return { node: scroller, render, relay, go, top: () => { scroller.scrollTop = 0; at = 0; render(); }, get at() { return at; } };
  };
})();
