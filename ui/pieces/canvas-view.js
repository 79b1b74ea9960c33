// What a canvas shows: a camera over the sheet; the sheet itself, of which only what changed is drawn again; and above
// it a second layer for the cursor, unfinished shapes and the frame.
(() => {
  const atelier = window.atelier;
  const { h } = atelier;
  const { union } = atelier.raster;
  const SHOWN = 0.62;  // how much of the picture a full mask covers
  const PART = 512, PAD = 2, HANDLE = 7, INSET = 28;
  const density = () => window.devicePixelRatio || 1;

  atelier.canvasView = (b) => {
    const sheet = h("canvas", { class: "sheet", "aria-hidden": "true" }), above = h("canvas", { class: "above", "aria-hidden": "true" });
    const stage = h("div", { class: "paint-stage", tabindex: "0", role: "application" }, sheet, above);
    const context = sheet.getContext("2d", { willReadFrequently: true, alpha: true }), overlay = above.getContext("2d");
    // What is painted, in parts: a canvas that was drawn from is copied as a whole at its next change, so none may be large.
    // Each is wider than its place by PAD, so that what is smoothed at its edge is what the neighbour has there.
    let parts = new Map();
    let scale = 1, x = 0, y = 0, fitted = true, dirty = null, wholly = true, due = false, scratch = null;

    // --- camera ----------------------------------------------------------------------------------------------
    const outer = () => [-b.frame.left, -b.frame.top, b.width + b.frame.right, b.height + b.frame.bottom];
    const fitting = () => {
      const [l, t, r, d] = outer(), edge = stage.clientWidth < 600 ? 12 : INSET;
      return Math.min(Math.max(20, stage.clientWidth - 2 * edge) / (r - l), Math.max(20, stage.clientHeight - 2 * edge) / (d - t), 8);
    };
    const within = (low, value, high) => Math.min(Math.max(low, value), high);
    /** A corner of the sheet always stays in sight. */
    const hold = () => {
      const [l, t, r, d] = outer(), keep = 60;
      x = within(keep - r * scale, x, stage.clientWidth - keep - l * scale);
      y = within(keep - d * scale, y, stage.clientHeight - keep - t * scale);
    };
    const moved = () => { hold(); redraw(); b.emit("view"); };
    const fit = () => {
      fitted = true;
      if (!stage.clientWidth) seen = [0, 0, 0];  // it is out of sight: as soon as it is shown
      if (!b.width || !stage.clientWidth) return;
      const [l, t, r, d] = outer();
      scale = fitting();
      x = (stage.clientWidth - (l + r) * scale) / 2;
      y = (stage.clientHeight - (t + d) * scale) / 2;
      moved();
    };
    const zoom = (px, py, factor) => {
      if (!b.width) return;
      const next = within(Math.min(fitting() / 2, 1), scale * factor, 48 / density());
      x = px - (px - x) * (next / scale);
      y = py - (py - y) * (next / scale);
      scale = next;
      fitted = false;
      moved();
    };
    const at = (clientX, clientY) => { const r = stage.getBoundingClientRect(); return [clientX - r.left, clientY - r.top]; };
    const camera = {
      fit, at,
      /** The point of the sheet under a point of the window. */
      toSheet: (clientX, clientY) => { const [px, py] = at(clientX, clientY); return [(px - x) / scale, (py - y) / scale]; },
      toStage: (sx, sy) => [sx * scale + x, sy * scale + y],
      zoomAt: (clientX, clientY, factor) => zoom(...at(clientX, clientY), factor),
      by: (factor) => zoom(stage.clientWidth / 2, stage.clientHeight / 2, factor),
      actual: () => camera.by(1 / (scale * density())),
      pan: (dx, dy) => { x += dx; y += dy; fitted = false; moved(); },
      percent: () => Math.round(scale * density() * 100),
      get scale() { return scale; },
      get state() { return wished ?? (fitted ? null : { scale, x: (stage.clientWidth / 2 - x) / scale, y: (stage.clientHeight / 2 - y) / scale }); },
      set state(kept) {
        if (!kept || !stage.clientWidth) { wished = kept ?? null; fit(); return; }
        wished = null;
        [fitted, scale] = [false, kept.scale];
        x = stage.clientWidth / 2 - kept.x * scale;
        y = stage.clientHeight / 2 - kept.y * scale;
        moved();
      },
    };
    let wished = null;  // a view that waits until the stage has a size

    // --- the sheet -------------------------------------------------------------------------------------------
    const number = (colour) => parseInt(colour.slice(1), 16);
    const part = (column, row) => {
      const key = row * 64 + column, found = parts.get(key);
      if (found) return found;
      const [left, top] = [column * PART, row * PART], canvas = h("canvas", { width: Math.min(PART, b.width - left) + 2 * PAD, height: Math.min(PART, b.height - top) + 2 * PAD });
      const made = { left, top, right: Math.min(b.width, left + PART), bottom: Math.min(b.height, top + PART), canvas, context: canvas.getContext("2d", { willReadFrequently: true }) };
      parts.set(key, made);
      return made;
    };
    /** Brings what is painted inside the box to its parts. */
    const renew = (box) => {
      const tint = number(b.tint), base = ((tint & 255) << 16) | (tint & 0xff00) | (tint >> 16), { bytes, channels } = b.layer;
      const all = channels === 4 ? new ImageData(bytes, b.width, b.height) : null;
      for (let row = Math.floor((box[1] - PAD) / PART); row * PART - PAD < box[3]; row++) for (let column = Math.floor((box[0] - PAD) / PART); column * PART - PAD < box[2]; column++) {
        if (row < 0 || column < 0 || row * PART >= b.height || column * PART >= b.width) continue;
        const to = part(column, row), l = Math.max(box[0], to.left - PAD), t = Math.max(box[1], to.top - PAD), r = Math.min(box[2], to.right + PAD), d = Math.min(box[3], to.bottom + PAD);
        if (l >= r || t >= d) continue;
        const [dx, dy] = [PAD - to.left, PAD - to.top];
        if (all) { to.context.putImageData(all, dx, dy, l, t, r - l, d - t); continue; }
        scratch ??= new Uint32Array((PART + 2 * PAD) ** 2);
        let k = 0;
        for (let y = t; y < d; y++) for (let i = y * b.width + l, end = y * b.width + r; i < end; i++) scratch[k++] = (bytes[i] << 24) | base;
        to.context.putImageData(new ImageData(new Uint8ClampedArray(scratch.buffer, 0, k * 4), r - l, d - t), l + dx, t + dy);
      }
    };
    const paint = (box) => {
      const d = density(), s = scale * d;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.save();
      if (box) {
        const [l, t, r, e] = [Math.floor(box[0] * s + x * d) - 2, Math.floor(box[1] * s + y * d) - 2, Math.ceil(box[2] * s + x * d) + 2, Math.ceil(box[3] * s + y * d) + 2];
        context.beginPath();
        context.rect(l, t, r - l, e - t);
        context.clip();
      }
      context.clearRect(0, 0, sheet.width, sheet.height);
      context.setTransform(s, 0, 0, s, x * d, y * d);
      context.imageSmoothingEnabled = s < 2;
      if (b.mode === "sketch") { context.fillStyle = b.ground; context.fillRect(0, 0, b.width, b.height); }
      if (b.levels.length) context.drawImage(b.levels[within(0, Math.floor(Math.log2(1 / s)), b.levels.length - 1)], 0, 0, b.width, b.height);
      context.globalAlpha = b.mode === "mask" ? SHOWN : 1;
      for (const { left, top, right, bottom, canvas } of parts.values()) {
        if (box && (left >= box[2] || right <= box[0] || top >= box[3] || bottom <= box[1])) continue;
        const [l, t, r, e] = [left * s + x * d, top * s + y * d, right * s + x * d, bottom * s + y * d].map(Math.round);
        if (r <= 0 || e <= 0 || l >= sheet.width || t >= sheet.height) continue;
        context.save();
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.beginPath();
        context.rect(l, t, r - l, e - t);  // whole pixels of the screen: no seam
        context.clip();
        context.setTransform(s, 0, 0, s, x * d, y * d);
        context.drawImage(canvas, left - PAD, top - PAD);
        context.restore();
      }
      context.restore();
    };
    const draw = () => {
      due = false;
      if (!b.width || !stage.clientWidth) { context.clearRect(0, 0, sheet.width, sheet.height); overlay.clearRect(0, 0, above.width, above.height); return; }
      if (dirty) renew(dirty);
      if (wholly) paint(null); else if (dirty) paint(dirty);
      [dirty, wholly] = [null, false];
      decorate();
    };
    const ask = () => { if (!due) { due = true; requestAnimationFrame(draw); } };
    const redraw = () => { wholly = true; ask(); };

    // --- above it --------------------------------------------------------------------------------------------
    const twice = (trace, dash = []) => {
      for (const [colour, width] of [["rgb(0 0 0 / .65)", 3], ["#fff", 1.25]]) {
        overlay.strokeStyle = colour;
        overlay.lineWidth = width;
        overlay.setLineDash(width < 3 ? dash : []);
        overlay.beginPath();
        trace();
        overlay.stroke();
      }
      overlay.setLineDash([]);
    };
    const handles = () => {
      const [l, t, r, d] = outer(), [x0, y0] = camera.toStage(l, t), [x1, y1] = camera.toStage(r, d), [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
      return { nw: [x0, y0], n: [mx, y0], ne: [x1, y0], e: [x1, my], se: [x1, y1], s: [mx, y1], sw: [x0, y1], w: [x0, my] };
    };
    const decorate = () => {
      const d = density();
      overlay.setTransform(d, 0, 0, d, 0, 0);
      overlay.clearRect(0, 0, stage.clientWidth, stage.clientHeight);
      const [l, t, r, e] = outer(), [x0, y0] = camera.toStage(l, t), [x1, y1] = camera.toStage(r, e), [px, py] = camera.toStage(0, 0);
      const framed = r - l !== b.width || e - t !== b.height;
      if (framed) {  // what is to be painted anew around the picture
        overlay.fillStyle = b.tint;
        overlay.globalAlpha = 0.16;
        overlay.beginPath();
        overlay.rect(x0, y0, x1 - x0, y1 - y0);
        overlay.rect(px, py, b.width * scale, b.height * scale);
        overlay.fill("evenodd");
        overlay.globalAlpha = 1;
      }
      if (framed || b.tool === "frame") twice(() => overlay.rect(x0, y0, x1 - x0, y1 - y0), [6, 5]);
      if (b.tool === "frame") for (const [hx, hy] of Object.values(handles())) {
        overlay.fillStyle = "#fff";
        overlay.strokeStyle = "rgb(0 0 0 / .65)";
        overlay.lineWidth = 1.25;
        overlay.beginPath();
        overlay.roundRect(hx - HANDLE, hy - HANDLE, 2 * HANDLE, 2 * HANDLE, 3);
        overlay.fill();
        overlay.stroke();
      }
      const shape = b.gesture ?? b.outline;
      if (shape?.points) twice(() => { shape.points.forEach((p) => overlay.lineTo(...camera.toStage(...p))); overlay.closePath(); }, [5, 4]);
      if (shape?.box) {
        const [sx, sy, w, g] = shape.box, [ax, ay] = camera.toStage(sx, sy);
        twice(() => (shape.round ? overlay.ellipse(ax + w * scale / 2, ay + g * scale / 2, w * scale / 2, g * scale / 2, 0, 0, 7) : overlay.rect(ax, ay, w * scale, g * scale)), [5, 4]);
      }
      if (!b.cursor || !["brush", "eraser"].includes(b.tool)) return;
      const [cx, cy] = b.cursor, radius = b.size / 2 * scale;
      if (radius < 2.5) { twice(() => { for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { overlay.moveTo(cx + dx * 3, cy + dy * 3); overlay.lineTo(cx + dx * 8, cy + dy * 8); } }); return; }
      twice(() => overlay.arc(cx, cy, radius, 0, 7));
      if (b.softness > 0.05 && radius * (1 - b.softness) > 2) { overlay.globalAlpha = 0.6; twice(() => overlay.arc(cx, cy, radius * (1 - b.softness), 0, 7), [2, 4]); overlay.globalAlpha = 1; }
    };

    // --- its size --------------------------------------------------------------------------------------------
    let seen = [0, 0, 0];
    const resized = () => {
      const now = [stage.clientWidth, stage.clientHeight, density()];
      if (!now[0] || now.every((v, i) => v === seen[i])) return;
      const [width, height] = seen;
      seen = now;
      for (const canvas of [sheet, above]) { canvas.width = Math.round(now[0] * now[2]); canvas.height = Math.round(now[1] * now[2]); }
      if (wished) camera.state = wished;
      else if (fitted || !width) fit();
      else { x += (now[0] - width) / 2; y += (now[1] - height) / 2; moved(); }
      redraw();
    };
    new ResizeObserver(resized).observe(stage);
    addEventListener("resize", resized);

    return { stage, camera, handles, ask, redraw,
      /** The sheet is another one. */
      renewed: () => { parts = new Map(); dirty = b.width ? [0, 0, b.width, b.height] : null; redraw(); },
      touch: (box) => { dirty = union(dirty, box); ask(); },
      all: () => { dirty = b.width ? [0, 0, b.width, b.height] : null; redraw(); } };
  };
})();
