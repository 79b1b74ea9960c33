// PNG files of exact bytes: 8-bit grey for masks, RGB for sketches; what a canvas element writes has an alpha channel.
(() => {
  const atelier = window.atelier;
  const STRIP = 256;
  const table = Uint32Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n >>> 0; });
  const chunk = (type, data) => {
    const made = new Uint8Array(data.length + 12), view = new DataView(made.buffer);
    view.setUint32(0, data.length);
    for (let i = 0; i < 4; i++) made[4 + i] = type.charCodeAt(i);
    made.set(data, 8);
    let crc = 0xffffffff;
    for (let i = 4; i < data.length + 8; i++) crc = table[(crc ^ made[i]) & 255] ^ (crc >>> 8);
    view.setUint32(data.length + 8, ~crc >>> 0);
    return made;
  };
  const LAYERS = "atLR";  // private, and gone when another program saves the picture: by then it would not fit any more
  /** channels: 1 or 3; rows(top, count) answers the bytes of these rows. Each byte is told by its neighbour on the left.
      layers: bytes that travel with the picture. */
  atelier.png = async (width, height, channels, rows, layers = null) => {
    const head = new Uint8Array(13), view = new DataView(head.buffer), line = width * channels;
    view.setUint32(0, width);
    view.setUint32(4, height);
    head.set([8, channels === 1 ? 0 : 2, 0, 0, 0], 8);
    const deflate = new CompressionStream("deflate"), writer = deflate.writable.getWriter(), made = new Response(deflate.readable).arrayBuffer();
    for (let top = 0; top < height; top += STRIP) {
      const count = Math.min(STRIP, height - top), from = rows(top, count), filtered = new Uint8Array(count * (line + 1));
      for (let y = 0; y < count; y++) {
        const i = y * line, o = y * (line + 1);
        filtered[o] = 1;
        for (let x = 0; x < channels; x++) filtered[o + 1 + x] = from[i + x];
        for (let x = channels; x < line; x++) filtered[o + 1 + x] = from[i + x] - from[i + x - channels];
      }
      await writer.write(filtered);
    }
    writer.close();
    const data = new Uint8Array(await made);
    return new Blob([Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), chunk("IHDR", head), ...(layers ? [chunk(LAYERS, layers)] : []), chunk("IDAT", data), chunk("IEND", new Uint8Array())], { type: "image/png" });
  };
  /** What travelled with a picture, or null. */
  atelier.pngLayers = async (blob) => {
    const start = new Uint8Array(await blob.slice(0, 41).arrayBuffer());  // signature, IHDR, and what the next chunk is
    if (start.length < 41 || String.fromCharCode(...start.subarray(37, 41)) !== LAYERS) return null;
    return new Uint8Array(await blob.slice(41, 41 + new DataView(start.buffer).getUint32(33)).arrayBuffer());
  };
})();
