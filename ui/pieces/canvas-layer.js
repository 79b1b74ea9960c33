// What is painted: the bytes of a sheet, one channel (mask) or four (sketch), and its history in tiles: a step keeps
// only the tiles that it changed, packed, so that 64 steps of a large sheet stay small.
(() => {
  const atelier = window.atelier;
  const TILE = 128, STEPS = 64, ROOM = 96 * 2 ** 20;  // bytes that the history of one canvas may hold

  /** Runs of equal pixels where that is shorter, the bytes themselves otherwise. */
  const pack = (bytes, channels) => {
    const units = channels === 4 ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : bytes, counts = [], values = [];
    for (let i = 0, j; i < units.length; i = j) {
      for (j = i + 1; j < units.length && units[j] === units[i];) j++;
      counts.push(j - i);
      values.push(units[i]);
      if (counts.length > units.length / 4) return { raw: bytes, size: bytes.length };
    }
    const kept = channels === 4 ? Uint32Array.from(values) : Uint8Array.from(values);
    return { counts: Uint16Array.from(counts), values: kept, size: counts.length * 2 + kept.byteLength };
  };
  const unpack = (packed, length, channels) => {
    if (packed.raw) return packed.raw;
    const bytes = new Uint8Array(length), units = channels === 4 ? new Uint32Array(bytes.buffer) : bytes;
    let at = 0;
    packed.counts.forEach((count, i) => { units.fill(packed.values[i], at, at += count); });
    return bytes;
  };
  const blank = (packed) => !packed.raw && packed.values.length === 1 && packed.values[0] === 0;

  atelier.layer = (width, height, channels) => {
    const bytes = new Uint8ClampedArray(width * height * channels), across = Math.ceil(width / TILE), down = Math.ceil(height / TILE);
    const weights = new Float64Array(across * down);  // the sum of each tile's last channel: how much is painted
    const past = [], future = [];
    let held = 0;

    const place = (tile) => { const x = (tile % across) * TILE, y = Math.floor(tile / across) * TILE; return [x, y, Math.min(width, x + TILE), Math.min(height, y + TILE)]; };
    const tilesOf = ([left, top, right, bottom]) => {
      const found = [];
      for (let y = Math.floor(top / TILE); y * TILE < bottom; y++) for (let x = Math.floor(left / TILE); x * TILE < right; x++) found.push(y * across + x);
      return found;
    };
    const read = (tile) => {
      const [left, top, right, bottom] = place(tile), row = (right - left) * channels, copy = new Uint8Array(row * (bottom - top));
      for (let y = top, at = 0; y < bottom; y++, at += row) { const i = (y * width + left) * channels; copy.set(bytes.subarray(i, i + row), at); }
      return copy;
    };
    const write = (tile, packed) => {
      const [left, top, right, bottom] = place(tile), row = (right - left) * channels, from = unpack(packed, row * (bottom - top), channels);
      for (let y = top, at = 0; y < bottom; y++, at += row) bytes.set(from.subarray(at, at + row), (y * width + left) * channels);
      weigh(tile);
    };
    const weigh = (tile) => {
      const [left, top, right, bottom] = place(tile);
      let sum = 0;
      for (let y = top; y < bottom; y++) for (let i = (y * width + left) * channels + channels - 1, end = (y * width + right) * channels; i < end; i += channels) sum += bytes[i];
      weights[tile] = sum;
    };
    /** Lays the stencil's coverage over what was there before the step, where there is more of it than was laid already. ink: {erase, opacity, colour: [r, g, b]}. */
    const lay = (step, stencil, box, ink) => {
      const { bytes: cover, laid } = stencil, share = ink.opacity / 255, [red, green, blue] = ink.colour ?? [0, 0, 0];
      for (const tile of tilesOf(box)) {
        const [left, top, right, bottom] = place(tile);
        let before = step.tiles.get(tile);
        if (!before) step.tiles.set(tile, before = read(tile));
        const x0 = Math.max(left, box[0]), x1 = Math.min(right, box[2]), y1 = Math.min(bottom, box[3]);
        for (let y = Math.max(top, box[1]); y < y1; y++) {
          let i = y * width + x0, k = ((y - top) * (right - left) + x0 - left) * channels;
          for (let x = x0; x < x1; x++, i++, k += channels) {
            if (cover[i] === laid[i]) continue;
            laid[i] = cover[i];
            const a = cover[i] * share;
            if (channels === 1) { bytes[i] = ink.erase ? before[k] * (1 - a) : before[k] + (255 - before[k]) * a; continue; }
            const o = i * 4, was = before[k + 3] / 255;
            if (ink.erase) { bytes[o + 3] = before[k + 3] * (1 - a); continue; }
            const left = was * (1 - a), now = a + left;
            bytes[o] = (red * a + before[k] * left) / now;
            bytes[o + 1] = (green * a + before[k + 1] * left) / now;
            bytes[o + 2] = (blue * a + before[k + 2] * left) / now;
            bytes[o + 3] = now * 255;
          }
        }
      }
    };
    const flip = () => { for (let i = 0; i < bytes.length; i++) bytes[i] = 255 - bytes[i]; for (let tile = 0; tile < weights.length; tile++) weigh(tile); };
    const whole = () => [...weights.keys()];

    // --- steps: {tiles: Map(tile -> what was there), invert, frame} -------------------------------------------
    const open = () => ({ tiles: new Map(), size: 0 });
    const measured = (step) => { step.size = 64; for (const packed of step.tiles.values()) step.size += packed.size; return step; };
    const forget = (steps) => { for (const step of steps.splice(0)) held -= step.size; };
    /** The step is done: into the history, which lets go of its oldest when it holds too much. */
    const close = (step) => {
      for (const [tile, before] of step.tiles) { step.tiles.set(tile, pack(before, channels)); weigh(tile); }
      forget(future);
      past.push(measured(step));
      held += step.size;
      while (past.length > STEPS || (held > ROOM && past.length > 1)) held -= past.shift().size;
    };
    /** As if the step had not been begun. */
    const abandon = (step) => { for (const [tile, before] of step.tiles) write(tile, { raw: before }); };
    /** Puts back what a step holds and keeps instead what was there; answers the step, or null. */
    const turn = (from, to) => {
      const step = from.pop();
      if (!step) return null;
      held -= step.size;
      if (step.invert) flip();
      for (const [tile, packed] of step.tiles) { const now = pack(read(tile), channels); write(tile, packed); step.tiles.set(tile, now); }
      to.push(measured(step));
      held += step.size;
      return { ...step, touched: step.invert ? whole() : [...step.tiles.keys()], step };
    };

    return {
      width, height, channels, bytes, tilesOf, place, lay, open, close, abandon, weigh,
      undo: () => turn(past, future), redo: () => turn(future, past),
      get steps() { return [past.length, future.length]; }, get held() { return held; },
      /** The share of the sheet that is painted, 0 to 1. */
      get share() { return weights.reduce((sum, w) => sum + w, 0) / 255 / width / height; },
      get empty() { return weights.every((w) => w === 0); },
      clear: () => {
        const step = open();
        for (const tile of whole()) if (weights[tile]) step.tiles.set(tile, read(tile));
        for (const tile of step.tiles.keys()) write(tile, { counts: [TILE * TILE], values: [0] });
        close(step);
        return [...step.tiles.keys()];
      },
      invert: () => { flip(); close({ tiles: new Map(), invert: true }); return whole(); },
      remember: (step) => close({ tiles: new Map(), ...step }),
      /** Packed, or null where nothing is painted. */
      tile: (tile) => { const packed = pack(read(tile), channels); return blank(packed) ? null : packed; },
      put: (tile, packed) => { if (tile < weights.length) write(tile, packed); },
      whole, pixels: read,
      /** As it was painted elsewhere, in one step that can be undone. theirs: Map(tile -> packed); more: what the step keeps besides;
          answers the tiles that changed. */
      become: (theirs, more = {}) => {
        const step = { ...open(), ...more };
        for (const tile of whole()) {
          const now = read(tile), then = theirs.has(tile) ? unpack(theirs.get(tile), now.length, channels) : new Uint8Array(now.length);
          if (now.some((value, i) => value !== then[i])) { step.tiles.set(tile, now); write(tile, { raw: then }); }
        }
        if (step.tiles.size || step.frame) close(step);
        return [...step.tiles.keys()];
      },
    };
  };
})();
