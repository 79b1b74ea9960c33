// Opens pictures for the canvas: what the header tells is refused before anything is decoded, each time with a sentence.
(() => {
  const atelier = window.atelier;
  const MOST = 4096;  // pixels a side
  const limits = JSON.parse(document.getElementById("atelier-limits").textContent);
  const refused = (code, values = {}) => Object.assign(new Error(code), { refused: { code, values } });

  /** [width, height] as the header tells, [] when it is a picture that only its decoder knows, null when it is none. */
  const measured = (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length), text = (at, n) => String.fromCharCode(...bytes.subarray(at, at + n));
    if (bytes.length < 30) return null;
    if (text(1, 3) === "PNG") return [view.getUint32(16), view.getUint32(20)];
    if (text(0, 3) === "GIF") return [view.getUint16(6, true), view.getUint16(8, true)];
    if (text(0, 2) === "BM") return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
    if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") {
      const kind = text(12, 4);
      if (kind === "VP8X") return [1 + (view.getUint32(24, true) & 0xffffff), 1 + (view.getUint32(26, true) >>> 8)];
      if (kind === "VP8L") { const bits = view.getUint32(21, true); return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)]; }
      return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    }
    if (text(4, 4) === "ftyp") return [];
    if (view.getUint16(0) !== 0xffd8) return null;
    for (let at = 2; at + 9 < bytes.length;) {
      if (bytes[at] !== 0xff) { at++; continue; }
      const mark = bytes[at + 1];
      if (mark >= 0xc0 && mark <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(mark)) return [view.getUint16(at + 7), view.getUint16(at + 5)];
      at += mark === 0xff ? 1 : (mark >= 0xd0 && mark <= 0xd9) || mark === 1 ? 2 : 2 + view.getUint16(at + 2);
    }
    return [];
  };

  /** A blob or an address -> {blob, width, height, levels}; levels: the picture at its size, then halved again and again. */
  const open = async (from) => {
    let blob = from;
    if (!(from instanceof Blob)) {
      const answer = await fetch(from).catch(() => null);
      if (!answer?.ok) throw refused("gone");
      blob = await answer.blob();
    }
    if (!blob.size) throw refused("empty");
    if (blob.size > limits.file) throw refused("heavy", { most: Math.round(limits.file / 2 ** 20) });
    const told = measured(new Uint8Array(await blob.slice(0, 2 ** 19).arrayBuffer()));
    if (!told) throw refused("kind");
    const fits = ([width, height]) => { if (Math.max(width, height) > MOST) throw refused("large", { width, height, most: MOST }); };
    if (told.length) fits(told);
    blob = new Blob([await blob.arrayBuffer().catch(() => { throw refused("gone"); })], { type: blob.type });  // a file on the disk may change or go
    let bitmap;
    try { bitmap = await createImageBitmap(blob); } catch { throw refused("broken"); }
    const { width, height } = bitmap;
    fits([width, height]);
    const levels = [bitmap];
    for (let last = bitmap; Math.max(last.width, last.height) > 512; levels.push(last)) {
      last = await createImageBitmap(last, { resizeWidth: Math.max(1, last.width >> 1), resizeHeight: Math.max(1, last.height >> 1), resizeQuality: "high" });
    }
    return { blob, width, height, levels };
  };
  /** Says why a picture was not taken; other errors go on. */
  const say = (error) => {
    if (!error.refused) throw error;
    const { code, values } = error.refused;
    atelier.note(atelier.t(`canvas.refused.${code}`, values), atelier.t(`canvas.refused.${code}.remedy`, values));
  };

  const picker = atelier.h("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/avif,image/gif,image/bmp", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "canvas-file" });
  document.body.append(picker);
  let taker = null;
  picker.addEventListener("change", () => { if (picker.files[0]) taker?.(picker.files[0]); });
  const pick = (take) => { taker = take; picker.value = ""; picker.click(); };

  atelier.canvasPictures = { open, say, pick, most: MOST };
})();
