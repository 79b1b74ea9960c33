// Shapes as coverage, 0 to 255 a pixel: a piece of a brush stroke, a polygon, a rectangle, an ellipse, a flood.
// Each is written into a stencil of the sheet's size, the larger value wins, and answers the box it touched:
// [left, top, right, bottom] in pixels, right and bottom excluded, or null.
(() => {
  const atelier = window.atelier;
  const STRIP = 512;  // rows at a time, so that a large shape needs no second large canvas

  const clip = (width, height, left, top, right, bottom) => {
    const box = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top)), Math.min(width, Math.ceil(right)), Math.min(height, Math.ceil(bottom))];
    return box[0] < box[2] && box[1] < box[3] ? box : null;
  };
  const union = (a, b) => (a && b ? [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])] : a ?? b);
  /** laid: how much of the coverage has been laid on the sheet already. */
  const stencil = (width, height) => ({ width, height, bytes: new Uint8Array(width * height), laid: new Uint8Array(width * height) });
  const wipe = ({ width, bytes, laid }, [left, top, right, bottom]) => { for (let y = top; y < bottom; y++) for (const all of [bytes, laid]) all.fill(0, y * width + left, y * width + right); };

  /** From (x0, y0) with radius r0 to (x1, y1) with r1; softness 0 to 1: the part of the radius that fades.
      joined: the stroke's last piece ended where this one begins, so that the core of its end is full already. */
  const segment = (into, x0, y0, r0, x1, y1, r1, softness, joined = false) => {
    const { width, height, bytes } = into, most = Math.max(r0, r1) + 1;
    const box = clip(width, height, Math.min(x0, x1) - most, Math.min(y0, y1) - most, Math.max(x0, x1) + most, Math.max(y0, y1) + most);
    if (!box) return null;
    const dx = x1 - x0, dy = y1 - y0, long = dx * dx + dy * dy, part = long > 0 ? 1 / long : 0, dr = r1 - r0;
    const core = joined ? Math.max(0, r0 * (1 - softness) - 0.5) : 0;
    for (let y = box[1]; y < box[3]; y++) {
      const py = y + 0.5 - y0, beside = Math.max(0, Math.min(0, dy) - py, py - Math.max(0, dy)), reach = Math.sqrt(Math.max(0, most * most - beside * beside));
      const from = Math.max(box[0], Math.floor(Math.min(x0, x1) - reach)), to = Math.min(box[2], Math.ceil(Math.max(x0, x1) + reach));
      const half = Math.abs(py) < core ? Math.sqrt(core * core - py * py) : 0, full = half > 2 ? Math.ceil(x0 - half) : to, past = Math.floor(x0 + half) - 1;
      for (let x = from, i = y * width + x; x < to; x++, i++) {
        if (x === full) { x = Math.max(x, past); i = y * width + x; continue; }
        if (bytes[i] === 255) continue;
        const px = x + 0.5 - x0;
        let along = (px * dx + py * dy) * part;
        along = along < 0 ? 0 : along > 1 ? 1 : along;
        const ex = px - dx * along, ey = py - dy * along, far = ex * ex + ey * ey, r = r0 + dr * along, outer = r + 0.5;
        if (far >= outer * outer) continue;
        const inner = Math.max(0, r * (1 - softness) - 0.5);
        let value = 255;
        if (far > inner * inner) {
          const v = (outer - Math.sqrt(far)) / (outer - inner);
          value = Math.round(255 * (softness > 0 ? v * v * (3 - 2 * v) : v));
        }
        if (value > bytes[i]) bytes[i] = value;
      }
    }
    return box;
  };

  /** What `trace` draws as a path, with smooth edges. */
  const path = (into, box, trace) => {
    if (!box) return null;
    const { width, bytes } = into, [left, top, right, bottom] = box, across = right - left;
    const sheet = new OffscreenCanvas(across, Math.min(STRIP, bottom - top)), context = sheet.getContext("2d", { willReadFrequently: true });
    for (let from = top; from < bottom; from += STRIP) {
      const rows = Math.min(STRIP, bottom - from);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, across, sheet.height);
      context.translate(-left, -from);
      context.beginPath();
      trace(context);
      context.fill();
      const { data } = context.getImageData(0, 0, across, rows);
      for (let y = 0, k = 3; y < rows; y++) {
        for (let i = (from + y) * width + left, end = i + across; i < end; i++, k += 4) if (data[k] > bytes[i]) bytes[i] = data[k];
      }
    }
    return box;
  };
  const polygon = (into, points) => {
    if (points.length < 3) return null;
    const xs = points.map(([x]) => x), ys = points.map(([, y]) => y), least = (all) => all.reduce((a, b) => Math.min(a, b)), most = (all) => all.reduce((a, b) => Math.max(a, b));
    return path(into, clip(into.width, into.height, least(xs), least(ys), most(xs), most(ys)), (context) => { points.forEach(([x, y]) => context.lineTo(x, y)); context.closePath(); });
  };
  const ellipse = (into, x, y, width, height) => path(into, clip(into.width, into.height, x, y, x + width, y + height),
    (context) => context.ellipse(x + width / 2, y + height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI));
  const rectangle = (into, x, y, width, height) => {
    const box = clip(into.width, into.height, Math.round(x), Math.round(y), Math.round(x + width), Math.round(y + height));
    if (box) for (let row = box[1]; row < box[3]; row++) into.bytes.fill(255, row * into.width + box[0], row * into.width + box[2]);
    return box;
  };

  /** All pixels that hang together with (x, y) and are alike, and the rim around them: edges are soft, and a hair of the
      old would stay. onward(from, to): the rim goes on from one pixel to its neighbour. */
  const flood = (into, x, y, alike, onward = null) => {
    const { width, height, bytes } = into, waiting = [x, y], rim = [];
    let box = null;
    const open = (i) => !bytes[i] && alike(i);
    while (waiting.length) {
      const row = waiting.pop(), at = waiting.pop(), start = row * width;
      if (!open(start + at)) continue;
      let left = at, right = at;
      while (left > 0 && open(start + left - 1)) left--;
      while (right < width - 1 && open(start + right + 1)) right++;
      const from = Math.max(0, left - 1), to = Math.min(width - 1, right + 1);
      bytes.fill(255, start + from, start + to + 1);
      if (onward) rim.push(start + from, start + to);
      box = union(box, clip(width, height, from, row - 1, to + 1, row + 2));
      for (const next of [row - 1, row + 1]) {
        if (next < 0 || next >= height) continue;
        let inside = false;
        for (let i = left; i <= right; i++) {
          const free = open(next * width + i);
          if (free && !inside) waiting.push(i, next);
          if (!free && !bytes[next * width + i]) { bytes[next * width + i] = 255; if (onward) rim.push(next * width + i); }
          inside = free;
        }
      }
    }
    while (rim.length) {
      const from = rim.pop(), at = from % width;
      for (const to of [at > 0 ? from - 1 : -1, at < width - 1 ? from + 1 : -1, from - width, from + width]) {
        if (to < 0 || to >= bytes.length || bytes[to] || !onward(from, to)) continue;
        bytes[to] = 255;
        rim.push(to);
        const column = to % width, row = (to - column) / width;
        box = union(box, [column, row, column + 1, row + 1]);
      }
    }
    return box && clip(width, height, ...box);
  };

  atelier.raster = { clip, union, stencil, wipe, segment, polygon, ellipse, rectangle, flood };
})();
