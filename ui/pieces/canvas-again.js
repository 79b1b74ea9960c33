// A canvas that comes back from a picture that was drawn from it: a sketch carries its layers, a mask is its greys.
(() => {
  const atelier = window.atelier;
  const STRIP = 512;
  const limits = JSON.parse(document.getElementById("atelier-limits").textContent);
  const through = async (stream, bytes) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

  /** A sketch as it can be painted on: how long the head is, the head as JSON, the picture's file, the tiles that are not blank. Null where
      that is more than the studio takes. */
  atelier.layersOf = async (b) => {
    const tiles = b.layer.whole().filter((tile) => b.layer.tile(tile)), pixels = await through(new CompressionStream("deflate"), await new Blob(tiles.map(b.layer.pixels)).arrayBuffer());
    const head = new TextEncoder().encode(JSON.stringify({ width: b.width, height: b.height, ground: b.ground, picture: b.picture?.size ?? 0, tiles }));
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, head.length);
    const all = new Blob([size, head, b.picture ?? "", pixels]);
    return all.size + b.width * b.height * 3 < limits.file ? new Uint8Array(await all.arrayBuffer()) : null;
  };
  /** {picture, sheet: {width, height, ground, tiles}} of a sketch's file; null for other pictures. */
  atelier.sketchLayers = async (blob) => {
    const found = await atelier.pngLayers(blob);
    if (!found) return null;
    try {
      const from = 4 + new DataView(found.buffer).getUint32(0), { picture, tiles, ...sheet } = JSON.parse(new TextDecoder().decode(found.subarray(4, from)));
      const pixels = await through(new DecompressionStream("deflate"), found.subarray(from + picture)), layer = atelier.layer(sheet.width, sheet.height, 4);
      let at = 0;
      const raw = tiles.map((tile) => { const [left, top, right, bottom] = layer.place(tile); return [tile, pixels.subarray(at, at += (right - left) * (bottom - top) * 4)]; });
      return { picture: picture ? new Blob([found.subarray(from, from + picture)]) : null, sheet: { ...sheet, tiles: raw } };
    } catch { return null; }  // a chunk of somebody else's
  };
  /** The greys of a picture, a byte each. */
  atelier.greys = async (blob, { width, height }) => {
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" }), greys = new Uint8Array(width * height);
    const context = new OffscreenCanvas(width, STRIP).getContext("2d", { willReadFrequently: true });
    for (let top = 0; top < height; top += STRIP) {
      context.drawImage(bitmap, 0, -top);
      const rows = Math.min(STRIP, height - top), { data } = context.getImageData(0, 0, width, rows);
      for (let i = 0, k = top * width; i < data.length; i += 4) greys[k++] = data[i];
    }
    return greys;
  };
})();
