// One canvas with all that belongs to it: sheet, picture, tools, history, what it keeps; `atelier.canvas` is its door
// (what it offers is told in canvas.js).
(() => {
  const atelier = window.atelier;
  const { t } = atelier;
  const { union, stencil, wipe, flood } = atelier.raster;
  const BRUSH = { mask: 1 / 12, sketch: 12 / 512 };  // a new brush, of the shorter side
  const MODES = { sketch: "sketch" }, ALIKE = { mask: 100, sketch: 40 }, STRIP = 256, NO_FRAME = { left: 0, top: 0, right: 0, bottom: 0 };
  const boards = new Map();

  const create = (name, mode) => {
    const ears = {};
    const kept = (() => { try { return JSON.parse(atelier.stored(`canvas.tools.${mode}`)) ?? {}; } catch { return {}; } })();
    const b = {
      name, mode, id: "", width: 0, height: 0, picture: null, levels: [], layer: null, stencil: null, ground: "#ffffff", frame: { ...NO_FRAME },
      tool: "brush", takes: false, size: 40, softness: mode === "mask" ? 0.2 : 0, opacity: 1, colour: "#1c1c1b", tint: "#ff4d3d", ...kept,
      gesture: null, outline: null, cursor: null, sized: "size" in kept,
      get rgb() { return [1, 3, 5].map((i) => parseInt(b.colour.slice(i, i + 2), 16)); },
      on: (event, ear) => { (ears[event] ??= new Set()).add(ear); return () => ears[event].delete(ear); },
      emit: (event, told) => ears[event]?.forEach((ear) => ear(told)),
    };
    const keeper = atelier.canvasStore.keeper(name, () => ({ picture: b.picture, layer: b.layer,
      meta: { mode, sheet: b.id, width: b.width, height: b.height, pictured: Boolean(b.picture), ground: b.ground, frame: { ...b.frame }, view: b.view.camera.state, bytes: (b.picture?.size ?? 0) + (b.layer && !b.layer.empty ? b.layer.bytes.length / 4 : 0) } }), (found) => others(found));
    const changed = (what) => { b.emit("changed", { what }); b.emit("tools"); };
    const boxOf = (tiles) => tiles.map((tile) => b.layer.place(tile)).reduce(union, null);
    const shown = (tiles, what) => { if (tiles.length) b.view.touch(boxOf(tiles)); keeper.later(tiles); changed(what); };

    // --- the sheet -------------------------------------------------------------------------------------------
    const put = ({ width, height, picture = null, levels = [], layer, frame = NO_FRAME, ground = b.ground, id = `${Date.now()} ${Math.random()}` }) => {
      b.hand.cancel();
      Object.assign(b, { id, width, height, picture, levels, ground, frame: { ...frame }, layer: layer ?? atelier.layer(width, height, mode === "mask" ? 1 : 4), stencil: stencil(width, height), outline: null });
      if (!b.sized) b.size = Math.max(2, Math.round(Math.min(width, height) * BRUSH[mode]));
      b.view.renewed();
      b.view.camera.fit();
    };
    b.sheet = (width, height, ground = b.ground) => {
      const most = atelier.canvasPictures.most, side = (v) => Math.min(most, Math.max(16, Math.round(v) || 512));
      offerBack();
      put({ width: side(width), height: side(height), ground });
      keeper.later(null);
      changed("sheet");
    };
    /** What is replaced can be had back while the note stands. */
    const offerBack = () => {
      if (!b.layer || b.layer.empty) return;
      const { width, height, picture, levels, layer, frame, ground, id } = b;
      atelier.note(t("canvas.replaced"), "", { text: t("canvas.back"), act: () => { put({ width, height, picture, levels, layer, frame, ground, id }); keeper.later(null); changed("sheet"); } });
    };
    b.load = async (from, { keep = false } = {}) => {
      await b.ready;
      let found;
      try { found = await atelier.canvasPictures.open(from); } catch (error) { atelier.canvasPictures.say(error); return false; }
      const same = keep && b.layer && found.width === b.width && found.height === b.height;
      const view = same ? b.view.camera.state : null;
      if (!same) offerBack();
      put({ ...found, picture: found.blob, ...(same ? { layer: b.layer, frame: b.frame } : {}) });
      if (view) b.view.camera.state = view;
      keeper.later(null);
      changed("picture");
      return true;
    };
    /** What the browser kept, as it was. */
    const restore = async (found) => {
      const { meta } = found ?? {};
      if (meta?.mode !== mode || !meta.width) return;
      let levels = [];
      if (found.picture) try { ({ levels } = await atelier.canvasPictures.open(found.picture)); } catch { return; }
      put({ ...meta, id: meta.sheet, picture: found.picture ?? null, levels });
      for (const [tile, packed] of found.tiles) b.layer.put(tile, packed);
      b.view.all();
      b.view.camera.state = meta.view;
    };
    /** Another window painted: on this sheet it is taken over as one step; another sheet is told of, since this one may be needed yet. */
    const others = ({ meta, picture, tiles }) => {
      if (meta.mode !== mode || b.hand.busy) return;
      if (!b.picture && (!b.layer || b.layer.empty)) { restore({ meta, picture, tiles }).then(() => changed("restored")); return; }
      if (meta.sheet === b.id) {
        const before = { ...b.frame }, framed = JSON.stringify(before) !== JSON.stringify(meta.frame);
        b.ground = meta.ground;
        if (framed) b.setFrame(meta.frame);
        const touched = b.layer.become(new Map(tiles), framed ? { frame: before } : {});
        if (touched.length) b.view.touch(boxOf(touched));
        b.view.redraw();
        changed("restored");
      } else if (meta.width && told !== meta.sheet && !document.hidden) {
        told = meta.sheet;
        atelier.note(t("canvas.elsewhere"), t("canvas.elsewhere.remedy"), { text: t("canvas.elsewhere.show"), act: async () => { offerBack(); await restore(await atelier.canvasStore.read(name)); changed("restored"); } });
      }
    };
    let told = "";
    /** As it was when a picture was drawn from it: {picture, mask, frame} or what `atelier.sketchLayers` found. */
    b.recall = async ({ picture = null, mask = null, frame = NO_FRAME, sheet = null }) => {
      await b.ready;
      let found = { ...sheet, levels: [] };
      try { if (picture) found = { ...sheet, ...(await atelier.canvasPictures.open(picture)) }; } catch (error) { atelier.canvasPictures.say(error); return false; }
      const values = mask ? await atelier.greys(mask, found) : null;
      offerBack();
      put({ ...found, picture: found.blob ?? null, frame });
      if (values) { b.layer.bytes.set(values); b.layer.whole().forEach(b.layer.weigh); }
      for (const [tile, raw] of sheet?.tiles ?? []) b.layer.put(tile, { raw });
      b.view.all();
      keeper.later(null);
      changed("recalled");
      return true;
    };
    b.setGround = (colour) => { b.ground = colour; b.view.redraw(); keeper.later(); changed("ground"); };

    // --- painting: a step is opened, laid and finished or dropped ----------------------------------------------
    b.painted = (box) => { b.view.touch(box); keeper.later(b.layer.tilesOf(box)); };
    b.finish = (step, box, told) => {
      if (!box || !step.tiles.size) return;
      wipe(b.stencil, box);
      b.layer.close(step);
      changed(told.tool);
      b.emit("stroke", told);
    };
    b.drop = (step, box) => { if (!box) return; b.layer.abandon(step); wipe(b.stencil, box); b.painted(box); };
    b.shape = (trace, ink, tool, points) => {
      const step = b.layer.open(), box = trace(b.stencil);
      if (!box) { b.view.ask(); return 0; }
      b.layer.lay(step, b.stencil, box, ink);
      b.painted(box);
      b.finish(step, box, { points, tool });
      return (box[2] - box[0]) * (box[3] - box[1]);
    };
    /** Rows of what is seen: ground, picture, what is painted. RGBA. */
    const seen = (top, rows) => {
      const sheet = new OffscreenCanvas(b.width, rows), context = sheet.getContext("2d", { willReadFrequently: true });
      context.fillStyle = b.ground;
      context.fillRect(0, 0, b.width, rows);
      if (b.levels[0]) context.drawImage(b.levels[0], 0, -top);
      const made = context.getImageData(0, 0, b.width, rows), { data } = made, paint = b.layer.bytes;
      for (let i = 0, k = top * b.width * 4; i < data.length; i += 4, k += 4) {
        const a = paint[k + 3] / 255;
        if (a) for (let c = 0; c < 3; c++) data[i + c] += (paint[k + c] - data[i + c]) * a;
      }
      return data;
    };
    b.fillAt = (x, y, ink) => {
      if (x < 0 || y < 0 || x >= b.width || y >= b.height) return;
      const channels = mode === "mask" ? 1 : 4, values = mode === "mask" ? b.layer.bytes : seen(0, b.height), near = ALIKE[mode], at = (y * b.width + x) * channels;
      const from = [...values.subarray(at, at + Math.min(3, channels))];
      const alike = channels === 1 ? (i) => Math.abs(values[i] - from[0]) <= near
        : (i) => Math.abs(values[4 * i] - from[0]) <= near && Math.abs(values[4 * i + 1] - from[1]) <= near && Math.abs(values[4 * i + 2] - from[2]) <= near;
      // an outline fades towards the area: all of the slope is taken, up to its ridge
      const onward = channels > 1 ? null : ink.erase ? (p, q) => values[q] > 0 && values[q] <= values[p] : (p, q) => values[q] < 255 && values[q] >= values[p];
      b.shape((into) => flood(into, x, y, alike, onward), ink, "fill", 1);
    };
    b.pick = (x, y) => {
      if (x < 0 || y < 0 || x >= b.width || y >= b.height) return;
      const data = seen(Math.floor(y), 1), i = Math.floor(x) * 4;
      b.set({ colour: `#${[...data.subarray(i, i + 3)].map((v) => v.toString(16).padStart(2, "0")).join("")}` });
    };
    b.clear = () => { b.hand.cancel(); if (b.layer && !b.layer.empty) shown(b.layer.clear(), "clear"); };
    b.invert = () => { b.hand.cancel(); if (b.layer && mode === "mask") shown(b.layer.invert(), "invert"); };
    const turn = (way) => {
      if (b.hand.cancel() || !b.layer) return;
      const turned = b.layer[way]();
      if (!turned) return;
      if (turned.frame) { turned.step.frame = { ...b.frame }; b.setFrame(turned.frame); }
      shown(turned.touched, way);
    };
    b.undo = () => turn("undo");
    b.redo = () => turn("redo");

    // --- the frame -------------------------------------------------------------------------------------------
    const sides = (wanted) => {
      const most = atelier.canvasPictures.most, whole = (v) => Math.max(0, Math.round(v) || 0), f = { ...b.frame };
      for (const side of Object.keys(NO_FRAME)) if (side in wanted) f[side] = whole(wanted[side]);
      for (const [a, z, size] of [["left", "right", b.width], ["top", "bottom", b.height]]) { f[a] = Math.min(f[a], most - size); f[z] = Math.min(f[z], most - size - f[a]); }
      return f;
    };
    b.setFrame = (wanted) => { b.frame = sides(wanted); b.view.redraw(); b.emit("tools"); };
    b.framed = (before) => {
      if (JSON.stringify(before) === JSON.stringify(b.frame)) return;
      b.layer.remember({ frame: before });
      if (!b.view.camera.state) b.view.camera.fit();
      keeper.later();
      changed("frame");
    };
    b.resizeFrame = (wanted) => { const before = { ...b.frame }; b.setFrame(wanted); b.framed(before); };

    // --- tools, and what others take -------------------------------------------------------------------------
    b.set = (tools) => {
      Object.assign(b, tools);
      if ("size" in tools) b.sized = true;
      if ("tool" in tools) { b.hand.cancel(); b.outline = null; b.view.stage.style.cursor = ""; b.view.stage.dataset.tool = b.tool; }
      atelier.store(`canvas.tools.${mode}`, JSON.stringify({ ...(b.sized ? { size: b.size } : {}), softness: b.softness, opacity: b.opacity, colour: b.colour, tint: b.tint }));
      if ("tint" in tools) b.view.all();
      b.view.ask();
      b.emit("tools");
    };
    /** Colour that is no grey, on more than a hundredth of the sheet; looked at here and there. */
    const tone = () => {
      const [r, g, blue] = [1, 3, 5].map((i) => parseInt(b.ground.slice(i, i + 2), 16)), paint = b.layer?.bytes ?? [], step = 4 * Math.max(1, Math.floor(paint.length / 4 / 65536));
      let coloured = 0, seen = 0;
      for (let i = 0; i < paint.length; i += step, seen++) if (paint[i + 3] > 127 && Math.max(paint[i], paint[i + 1], paint[i + 2]) - Math.min(paint[i], paint[i + 1], paint[i + 2]) > 48) coloured++;
      return { dark: 0.299 * r + 0.587 * g + 0.114 * blue < 110, coloured: Boolean(b.picture) || coloured > seen / 100 };
    };
    const rgb = (top, rows) => { const from = seen(top, rows), to = new Uint8Array(from.length / 4 * 3); for (let i = 0, k = 0; i < from.length; i += 4) { to[k++] = from[i]; to[k++] = from[i + 1]; to[k++] = from[i + 2]; } return to; };
    b.door = {
      name, mode, load: b.load, recall: b.recall, sheet: b.sheet, on: b.on, undo: b.undo, redo: b.redo, clear: b.clear, invert: b.invert, resizeFrame: b.resizeFrame,
      picture: async () => { await b.ready; return b.picture; },
      mask: async () => { await b.ready; return b.layer && mode === "mask" ? atelier.png(b.width, b.height, 1, (top, rows) => b.layer.bytes.subarray(top * b.width, (top + rows) * b.width)) : null; },
      sketch: async ({ layers = false } = {}) => { await b.ready; return b.layer && mode === "sketch" ? atelier.png(b.width, b.height, 3, rgb, layers ? await atelier.layersOf(b) : null) : null; },
      empty: () => !b.layer || b.layer.empty, tone, frame: () => ({ ...b.frame }), size: () => ({ width: b.width, height: b.height }),
      mount: (node) => { node.replaceChildren(b.node); }, saved: () => keeper.flush(),
      get ready() { return b.ready; }, get steps() { return b.layer?.steps ?? [0, 0]; }, get held() { return b.layer?.held ?? 0; },
    };

    b.view = atelier.canvasView(b);
    b.hand = atelier.canvasHand(b);
    b.node = atelier.canvasTools(b);
    b.on("view", keeper.looked);
    b.set({ tool: "brush" });
    b.ready = atelier.canvasStore.read(name).then((found) => restore(found)).then(() => { if (!b.width && mode === "sketch") put({ width: 512, height: 512 }); }).then(() => changed("restored"));
    return b;
  };

  atelier.boards = boards;
  atelier.canvas = (name, mode = MODES[name] ?? "mask") => {
    if (!boards.has(name)) boards.set(name, create(name, mode));
    return boards.get(name).door;
  };
})();
