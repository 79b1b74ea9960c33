// The gallery's present list: what is searched, the pictures found so far, and which of them are selected.
(() => {
  const atelier = window.atelier;
  const PAGE = 120;  // the API gives at most 200
  const NONE = { q: "", model: [], sampler: [], tag: [], size: "", since: "", until: "", seed: "", stars: 0 };
  const SCOPE = { board: "", shared: "", alike: "" };  // among which pictures, before anything is filtered
  const kept = () => { try { return JSON.parse(sessionStorage.getItem("atelier.gallery")) ?? {}; } catch { return {}; } };
  const shelf = { query: { ...NONE, ...SCOPE, sort: "newest", ...kept(), trash: false }, items: [], total: 0, state: "new", problem: null, arrived: 0, atTop: true, selected: new Map(), none: NONE };
  let next = null, turn = 0, loading = null, places = new Map();

  const told = (what = {}) => atelier.emit("shelf", what);
  /** As little of a picture as a tile needs: the list may grow to a hundred thousand of them. */
  const tile = (image) => {
    atelier.remember(image);
    return { id: image.id, prompt: image.prompt, stars: image.stars ?? 0, tags: image.tags ?? [], by: image.by ?? null, held: image.held ?? null };
  };
  const index = () => { places = new Map(shelf.items.map((item, place) => [item.id, place])); };
  const fetchPage = (before, limit) => {
    const query = shelf.parameters();
    query.set("limit", limit);
    query.set("sort", shelf.query.sort);
    if (before) query.set("before", before);
    return atelier.ask(`api/images?${query}`);
  };

  /** The filters as the API wants them. */
  shelf.parameters = () => {
    const query = new URLSearchParams();
    for (const name of Object.keys({ ...NONE, ...SCOPE })) for (const value of [shelf.query[name]].flat()) if (value) query.append(name, value);
    if (shelf.query.trash) query.set("trash", "1");
    return query;
  };
  shelf.filtered = () => Object.keys(NONE).filter((name) => String(shelf.query[name] || "")).length;
  shelf.more = () => Boolean(next);
  shelf.placeOf = (id) => places.get(id) ?? -1;
  shelf.ids = () => shelf.items.map((item) => item.id);
  shelf.set = (change) => {
    Object.assign(shelf.query, change);
    try { sessionStorage.setItem("atelier.gallery", JSON.stringify({ ...shelf.query, trash: false })); } catch { /* private window */ }
    shelf.selected.clear();
    return shelf.reload();
  };
  /** The list anew from its beginning; an answer that was overtaken by another question is dropped. */
  shelf.reload = async () => {
    const mine = ++turn;
    loading = null;
    shelf.state = "loading";
    shelf.arrived = 0;
    told();
    try {
      const found = await fetchPage(null, PAGE);
      if (mine !== turn) return;
      Object.assign(shelf, { items: found.images.map(tile), total: found.total, state: "ready", problem: null });
      next = found.next;
    } catch (error) {
      if (mine !== turn) return;
      if (!error.problem) throw error;
      if (error.problem.code === "board.unknown" || (error.problem.code === "image.unknown" && shelf.query.alike)) { shelf.set({ ...SCOPE }); return; }  // it was deleted, or is shared no more
      Object.assign(shelf, { items: [], total: 0, state: "failed", problem: error.problem });
      next = null;
    }
    index();
    for (const id of shelf.selected.keys()) if (!places.has(id)) shelf.selected.delete(id);
    told({ anew: true });
  };
  /** The following page; answers whether there are more pictures now. */
  shelf.load = (limit = PAGE) => {
    if (!next || shelf.state === "loading") return Promise.resolve(false);
    return (loading ??= (async () => {
      const mine = turn;
      try {
        const found = await fetchPage(next, limit);
        if (mine !== turn) return false;
        for (const image of found.images) if (!places.has(image.id)) { places.set(image.id, shelf.items.length); shelf.items.push(tile(image)); }
        shelf.total = found.total;
        next = found.next;
        shelf.problem = null;
      } catch (error) {
        if (!error.problem) throw error;
        if (mine === turn) shelf.problem = error.problem;
        return false;
      } finally { if (mine === turn) { loading = null; told(); } }
      return true;
    })());
  };
  /** After a failure: on from where the list broke off. */
  shelf.retry = () => {
    if (shelf.state === "failed") return shelf.reload();
    shelf.problem = null;
    return shelf.load();
  };
  /** New pictures come in at the top when one is there; further down they are only counted, so that nothing jumps. */
  shelf.refresh = async () => {
    if (shelf.query.alike) return;  // what came just now is asked for by asking again
    if (shelf.state !== "ready") { if (shelf.state === "failed") await shelf.reload(); return; }
    const mine = turn;
    let found;
    try { found = await fetchPage(null, 60); } catch { return; }
    if (mine !== turn) return;
    const fresh = shelf.query.sort === "newest" ? found.images.findIndex((image) => places.has(image.id)) : -1;
    if (!shelf.atTop) { shelf.arrived = Math.max(0, found.total - shelf.total); told(); return; }
    if (fresh < 0) { await shelf.reload(); return; }
    shelf.items.unshift(...found.images.slice(0, fresh).filter((image) => !places.has(image.id)).map(tile));
    shelf.total = found.total;
    index();
    told();
  };
  /** Takes pictures out of the list; answers what puts them back. */
  shelf.remove = (ids) => {
    const gone = ids.filter((id) => places.has(id)).map((id) => ({ place: places.get(id), item: shelf.items[places.get(id)] })).sort((a, b) => a.place - b.place);
    const leaving = new Set(ids);
    shelf.items = shelf.items.filter((item) => !leaving.has(item.id));
    shelf.total = Math.max(0, shelf.total - gone.length);
    for (const id of ids) shelf.selected.delete(id);
    index();
    told();
    return gone;
  };
  shelf.putBack = (gone) => {
    for (const { place, item } of gone) if (!places.has(item.id)) { shelf.items.splice(Math.min(place, shelf.items.length), 0, item); shelf.total += 1; }
    index();
    told();
  };

  shelf.choose = (places, on = true) => {
    for (const place of places) {
      const item = shelf.items[place];
      if (!item) continue;
      if (on) shelf.selected.set(item.id, item); else shelf.selected.delete(item.id);
    }
    told();
  };
  shelf.chooseLoaded = () => shelf.choose(shelf.items.keys());
  /** Every picture that matches, also those further down; `stop` says whether somebody thought better of it. */
  shelf.chooseAll = async (stop) => {
    while (next && !stop()) if (!(await shelf.load(200))) break;
    if (!stop()) shelf.chooseLoaded();
  };
  shelf.clear = () => { shelf.selected.clear(); told(); };

  atelier.on("marked", ({ ids, stars, add, remove }) => {
    for (const id of ids) {
      const item = shelf.items[shelf.placeOf(id)];
      if (!item) continue;
      if (stars !== undefined) item.stars = stars;
      item.tags = [...new Set([...item.tags, ...(add ?? [])])].filter((tag) => !remove?.includes(tag));
    }
    told();
  });
  atelier.shelf = shelf;
})();
