// Cards of "Upscale & restore": each picture before, on its way, and after, with a rail between both.
(() => {
  const atelier = window.atelier, { h, t, tool } = atelier;
  atelier.shapes.upscale = "M4 14v6h6M20 10V4h-6M4 20l7-7M20 4l-7 7";
  // The tab is made when it is first opened; a picture that is sent there waits for it.
  const ready = new Promise((resolve) => { atelier.restoreReady = resolve; });
  atelier.ways.restore = { take: async (blob, image) => (await ready)(blob, image) };
  (atelier.extras ??= []).push((image) => (image.trashed || atelier.limits.closed.includes("restore") ? null : { icon: "upscale", key: "send.restore", bare: true, act: () => atelier.send("restore", image) }));
  /** drop: told which picture is taken away. A picture is {blob, name, width, height, url}. */
  atelier.restoreCard = (picture, drop) => {
    const before = h("img", { src: picture.url, alt: t("restore.before"), draggable: "false" }), after = h("img", { alt: "", class: "after", draggable: "false", hidden: true });
    const rail = h("input", { type: "range", class: "split", min: 0, max: 100, step: 0.5, value: 50, "aria-label": t("compare.slider"), hidden: true });
    const bar = h("div", { class: "bar", role: "progressbar", "aria-label": t("progress"), "aria-valuemin": 0, "aria-valuemax": 100, hidden: true }, h("i", {}));
    const view = h("div", { class: "view" }, before, after, bar);
    const facts = h("p", { class: "facts" }), tools = h("div", { class: "tools" });
    const node = h("article", { class: "restored" }, view, rail, h("div", { class: "below" }, facts, tools));
    let image = null;
    const split = () => { after.style.clipPath = `inset(0 0 0 ${rail.value}%)`; view.style.setProperty("--split", `${rail.value}%`); };
    rail.addEventListener("input", split);
    const source = () => ({ ...image, id: image.id, name: picture.name, file: picture.url, width: picture.width, height: picture.height });
    const draw = () => {
      facts.textContent = image ? `${picture.width} × ${picture.height} → ${image.width} × ${image.height}` : `${picture.width} × ${picture.height}`;
      facts.title = image?.restored ?? picture.name;
      tools.replaceChildren(...(image
        ? [tool("compare", "compare", () => atelier.compare(source(), image)), h("a", { class: "tool", href: `api/images/${image.id}/file?download=1`, download: "", title: t("download"), "aria-label": t("download") }, atelier.icon("download")),
          atelier.sender(image), tool("info", "viewer.info", () => atelier.details(image.id))]
        : [tool("close", "restore.remove", () => drop(picture))]));
    };
    draw();
    return {
      node,
      draw,
      /** share: 0 to 1, null when nothing is under way; preview: a data URL. */
      progress: (share, preview) => {
        bar.hidden = share === null;
        bar.setAttribute("aria-valuenow", String(Math.round((share ?? 0) * 100)));
        bar.firstChild.style.transform = `scaleX(${share ?? 0})`;
        node.classList.toggle("busy", share !== null);
        if (preview && !image) before.src = preview;
      },
      done: (found) => {
        image = found;
        before.src = picture.url;
        after.hidden = rail.hidden = !found;
        if (found) { after.src = `api/images/${found.id}/file`; after.alt = t("restore.after"); split(); }
        node.classList.toggle("made", Boolean(found));
        view.querySelector(".held")?.remove();
        if (found?.held) view.append(atelier.heldLabel(found.held));
        draw();
      },
    };
  };
})();
