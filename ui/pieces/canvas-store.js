// Keeps canvases in the browser: the picture once, what is painted in tiles as it is painted, so that a reload in the
// middle of a stroke loses a moment at most. Old canvases are thrown away.
(() => {
  const atelier = window.atelier;
  const CANVASES = 12, BYTES = 400 * 2 ** 20, DAYS = 60, PAUSE = 200;  // milliseconds between two writings
  const session = `${Date.now()} ${Math.random()}`;
  const done = (request) => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
  const range = (name) => IDBKeyRange.bound([name], [name, []]);

  let opened = null;
  const database = () => (opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("atelier-canvas", 1);
    request.onupgradeneeded = () => { for (const store of ["canvases", "pictures", "tiles"]) request.result.createObjectStore(store); };
    request.onsuccess = () => { request.result.onversionchange = () => request.result.close(); resolve(request.result); };
    request.onerror = () => reject(request.error);
  }).then(async (db) => { await tidy(db); return db; }));
  const remove = (transaction, name) => {
    transaction.objectStore("canvases").delete(name);
    transaction.objectStore("pictures").delete(name);
    transaction.objectStore("tiles").delete(range(name));
  };
  const tidy = async (db) => {
    const transaction = db.transaction(["canvases", "pictures", "tiles"], "readwrite"), canvases = transaction.objectStore("canvases");
    const [names, all] = await Promise.all([done(canvases.getAllKeys()), done(canvases.getAll())]);
    let bytes = 0;
    all.map((meta, i) => ({ ...meta, name: names[i] })).sort((a, b) => b.used - a.used).forEach((meta, i) => {
      bytes += meta.bytes;
      if (i && (i >= CANVASES || bytes > BYTES || Date.now() - meta.used > DAYS * 864e5)) remove(transaction, meta.name);
    });
  };
  const quietly = async (act) => { try { return await act(); } catch { return null; } };  // a private window, a full disk: the canvas works on

  /** {meta, picture, tiles: [[tile, packed]]}, or null. */
  const read = (name) => quietly(async () => {
    const transaction = (await database()).transaction(["canvases", "pictures", "tiles"]), tiles = transaction.objectStore("tiles");
    const [meta, picture, keys, packed] = await Promise.all([done(transaction.objectStore("canvases").get(name)), done(transaction.objectStore("pictures").get(name)), done(tiles.getAllKeys(range(name))), done(tiles.getAll(range(name)))]);
    return meta ? { meta, picture, tiles: keys.map(([, tile], i) => [tile, packed[i]]) } : null;
  });
  /** paint: whether this window painted; where only its view is another, what another window painted since stays. */
  const write = (name, { meta, paint, picture, tiles, all }) => quietly(async () => {
    const transaction = (await database()).transaction(["canvases", "pictures", "tiles"], "readwrite");
    const canvases = transaction.objectStore("canvases"), store = transaction.objectStore("tiles"), last = await done(canvases.get(name)), used = Date.now();
    const fresh = last?.session !== session;  // another window of the browser wrote here since
    if (fresh && !paint) { if (last && last.sheet === meta.sheet) canvases.put({ ...last, view: meta.view, used }, name); return; }
    canvases.put({ ...meta, session, used }, name);
    if (fresh || picture !== undefined) { if (meta.pictured) transaction.objectStore("pictures").put(fresh ? all().picture : picture, name); else transaction.objectStore("pictures").delete(name); }
    if (fresh || tiles === null) store.delete(range(name));  // nothing of the other's may stay
    for (const [tile, packed] of fresh || tiles === null ? all().tiles : tiles) if (packed) store.put(packed, [name, tile]); else store.delete([name, tile]);
    if (paint) transaction.addEventListener("complete", () => windows?.postMessage(name));
  });

  // --- windows of one browser: each tells the others when it has painted ----------------------------------------
  const ears = new Map();  // by the canvas's name
  const windows = globalThis.BroadcastChannel ? new BroadcastChannel("atelier-canvas") : null;
  windows?.addEventListener("message", ({ data }) => ears.get(data)?.());
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ears.forEach((ear) => ear()); });  // a window that slept heard nothing

  /** Watches over one canvas. state() tells what is to be kept: {meta, picture, layer}; others(found) is told what another
      window painted, unless this one has painted itself since. */
  const keeper = (name, state, others) => {
    let dirty = new Set(), everything = false, painted = false, turn = 0, waiting = null, writing = Promise.resolve();
    const flush = () => {
      clearTimeout(waiting);
      waiting = null;
      const { meta, picture, layer } = state(), tile = (i) => [i, layer.tile(i)];
      const all = () => ({ picture, tiles: layer ? layer.whole().map(tile).filter(([, packed]) => packed) : [] });
      const job = { meta, paint: painted, all, ...(everything || !layer ? { picture, tiles: null } : { tiles: [...dirty].map(tile) }) };
      [dirty, everything, painted] = [new Set(), false, false];
      writing = writing.then(() => write(name, job));
      return writing;
    };
    /** Only the view is another. */
    const looked = () => { waiting ??= setTimeout(flush, PAUSE); };
    /** tiles: those that changed; null: the sheet is another one; nothing: its ground or its frame. */
    const later = (tiles = []) => {
      if (tiles) tiles.forEach((i) => dirty.add(i)); else everything = true;
      painted = true;
      turn++;
      looked();
    };
    ears.set(name, async () => {
      const before = turn;
      if (painted) return;
      await writing;
      const found = await read(name);
      if (turn === before && found && found.meta.session !== session) others(found);
    });
    addEventListener("pagehide", () => { if (waiting) flush(); });
    document.addEventListener("visibilitychange", () => { if (document.hidden && waiting) flush(); });
    return { later, looked, flush };
  };
  atelier.canvasStore = { read, keeper };
})();
