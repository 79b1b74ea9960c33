// A camera over one picture, or over several at once: wheel, pinch, drag, double click and keys move all its views alike.
(() => {
  const atelier = window.atelier;
  /** moved: told of each change; swiped: told -1 or 1 when a finger wipes a picture that fits. */
  atelier.camera = ({ moved = () => {}, swiped = () => {} } = {}) => {
    let views = [], zoom = 1, x = 0.5, y = 0.5;  // zoom 1 fits; x, y: the point of the picture in the middle of the view
    const density = () => window.devicePixelRatio || 1;
    const room = ({ box }) => { const edge = box.clientWidth < 600 ? 8 : 28; return [Math.max(20, box.clientWidth - 2 * edge), Math.max(20, box.clientHeight - 2 * edge)]; };
    /** Small models' pictures may grow to fit, but not into fog. */
    const fits = (view) => { const [w, h] = room(view); return Math.min(w / view.width, h / view.height, view.width < 256 ? 5 : 2); };
    const actual = () => (views[0] ? 1 / (fits(views[0]) * density()) : 1);
    const within = (wanted) => Math.min(Math.max(1, 16 * actual()), Math.max(Math.min(1, actual()), wanted));
    const middle = (at, size, space) => (size <= space ? 0.5 : Math.min(1 - space / 2 / size, Math.max(space / 2 / size, at)));
    const place = () => {
      if (!views.length) return;
      const first = views[0], scale = fits(first) * zoom;
      x = middle(x, first.width * scale, first.box.clientWidth);
      y = middle(y, first.height * scale, first.box.clientHeight);
      for (const view of views) {
        const s = fits(view) * zoom;
        view.content.style.transform = `translate(${view.box.clientWidth / 2 - x * view.width * s}px, ${view.box.clientHeight / 2 - y * view.height * s}px) scale(${s})`;
        view.content.classList.toggle("pixels", zoom > 1.01 && s * density() >= 2);
        view.box.classList.toggle("near", view.width * s > view.box.clientWidth + 1 || view.height * s > view.box.clientHeight + 1);
      }
      moved();
    };
    /** Zooms so that the point under (clientX, clientY) stays there. */
    const towards = (view, clientX, clientY, factor) => {
      const r = view.box.getBoundingClientRect(), before = fits(view) * zoom, dx = clientX - r.left - r.width / 2, dy = clientY - r.top - r.height / 2;
      zoom = within(zoom * factor);
      const after = fits(view) * zoom;
      x += dx / view.width * (1 / before - 1 / after);
      y += dy / view.height * (1 / before - 1 / after);
      place();
    };
    const pan = (dx, dy) => { const v = views[0], s = fits(v) * zoom; x -= dx / (v.width * s); y -= dy / (v.height * s); place(); };
    const camera = {
      place,
      percent: () => (views[0] ? Math.round(fits(views[0]) * zoom * density() * 100) : 100),
      fitting: () => Math.abs(zoom - 1) < 0.01,
      fit: () => { zoom = 1; x = y = 0.5; place(); },
      full: () => { zoom = within(actual()); place(); },
      by: (factor) => { zoom = within(zoom * factor); place(); },
      pan: (dx, dy) => { if (views.length) pan(dx, dy); },
      clear: () => { views = []; },
      /** content: an element of width x height pixels at the top left of box. */
      add: (box, content, width, height) => {
        const view = { box, content, width, height };
        content.classList.add("film");
        content.style.width = `${width}px`;
        content.style.height = `${height}px`;
        views = [...views.filter((other) => other.content !== content), view];
        watch(view);
        return view;
      },
    };
    const watched = new WeakMap();  // box -> its present view
    const watch = (fresh) => {
      const box = fresh.box, known = watched.has(box);
      watched.set(box, fresh);
      if (known) return;
      const fingers = new Map(), view = () => watched.get(box);
      let start = null;
      const spread = () => { const [a, b] = [...fingers.values()]; return { gap: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }; };
      box.addEventListener("wheel", (event) => {
        event.preventDefault();
        towards(view(), event.clientX, event.clientY, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)));
      }, { passive: false });
      box.addEventListener("dblclick", (event) => {
        if (event.target.closest("button")) return;
        if (!camera.fitting()) { camera.fit(); return; }
        towards(view(), event.clientX, event.clientY, actual() > 1.01 ? actual() : 2);
      });
      box.addEventListener("pointerdown", (event) => {
        if (event.button || event.target.closest("button, a, input, [role=slider]")) return;
        box.setPointerCapture(event.pointerId);
        fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
        start = fingers.size === 1 ? { x: event.clientX, y: event.clientY, touch: event.pointerType === "touch", fit: camera.fitting() } : null;
      });
      box.addEventListener("pointermove", (event) => {
        const last = fingers.get(event.pointerId);
        if (!last) return;
        const before = fingers.size === 2 ? spread() : null;
        fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (!before) { pan(event.clientX - last.x, event.clientY - last.y); return; }
        const after = spread();
        towards(view(), after.x, after.y, after.gap / Math.max(1, before.gap));
        pan(after.x - before.x, after.y - before.y);
      });
      const lift = (event) => {
        if (!fingers.delete(event.pointerId) || !start) return;
        const dx = event.clientX - start.x, dy = event.clientY - start.y;
        if (event.type === "pointerup" && start.touch && start.fit && Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy)) swiped(dx < 0 ? 1 : -1);
        start = null;
      };
      box.addEventListener("pointerup", lift);
      box.addEventListener("pointercancel", lift);
      new ResizeObserver(place).observe(box);
    };
    return camera;
  };
})();
