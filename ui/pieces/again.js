// Edit again: a picture goes back to where it was drawn, with what it was drawn from (picture, mask, frame or sketch) and all its settings.
(() => {
  const atelier = window.atelier;
  const EDGES = ["left", "top", "right", "bottom"];
  const units = (image) => (Array.isArray(image.values?.control) ? image.values.control : []);
  /** Whether there is more to bring back than settings. */
  const offered = (image) => !image.trashed && (image.by ?? null) === null && (["picture", "mask"].includes(image.values?.start) || units(image).some((one) => one.picture));
  const file = async (image, digest) => {
    const answer = await fetch(`api/images/${image.id}/given/${digest}/file`);
    if (!answer.ok) throw Object.assign(new Error("gone"), { problem: (await answer.json()).error });
    return answer.blob();
  };
  /** The units that were the form's own, and the one that the sketch tab made of the sketch. Those without a picture had read the sketch. */
  const apart = (image, digest) => {
    const all = units(image), at = all.findLastIndex((one) => one.picture === digest);
    return { lines: all[at], control: all.filter((_, i) => i !== at).map((one) => (one.picture === digest ? { ...one, picture: "" } : one)) };
  };
  /** {tab, control, open}: where it was drawn. All files are here before anything is changed. */
  const origin = async (image) => {
    const { start, picture, mask, ...values } = image.values, control = units(image);
    if (start === "mask") {
      const [source, greys] = await Promise.all([file(image, picture), mask ? file(image, mask) : null]);
      return { tab: "inpaint", control, open: () => atelier.canvas("inpaint").recall({ picture: source, mask: greys, frame: Object.fromEntries(EDGES.map((edge) => [edge, values[`outpaint_${edge}`] ?? 0])) }) };
    }
    const first = start === "picture" ? await file(image, picture) : null;
    for (const digest of new Set([...(first ? [picture] : []), ...control.map((one) => one.picture).filter(Boolean)])) {
      const found = await atelier.sketchLayers(digest === picture && first ? first : await file(image, digest));
      if (!found) continue;
      const { lines, control: rest } = apart(image, digest);
      atelier.sketch.recall(first ? (lines ? "both" : "colours") : "lines", lines);
      return { tab: "sketch", control: rest, open: () => atelier.canvas("sketch", "sketch").recall(found) };
    }
    return first ? { tab: "img2img", control, open: () => atelier.ways.img2img.recall(first) } : { tab: "txt2img", control, open: () => true };
  };
  const again = async (image) => {
    try {
      const { tab, control, open } = await origin(image);
      document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
      atelier.tab(tab);
      if (await open()) atelier.fill({ ...atelier.begun(tab, image.values), control });
    } catch (error) { atelier.note(error.problem ?? atelier.unreachable); }
  };
  atelier.shapes.again = "M4 20h4L19.500 8.500a2.100 2.100 0 0 0-3-3L5 17v3M14.500 7.500l3 3M4 9a6 6 0 0 1 6-5M4 4.500V9h4.500";
  atelier.again = { offered, go: again };
  (atelier.extras ??= []).push((image) => (offered(image) ? { icon: "again", key: "edit.again", act: () => again(image) } : null));
})();
