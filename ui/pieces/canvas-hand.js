// What a hand does on a canvas: strokes, lasso, rectangle, fill, the frame; pan and zoom by mouse, pen and fingers.
(() => {
  const atelier = window.atelier;
  const { union, segment } = atelier.raster;
  const GRAIN = 8;  // pixels that the frame snaps to: what latents need

  atelier.canvasHand = (b) => {
    const { stage, camera } = b.view;
    const down = new Map();  // pointer id -> [clientX, clientY]
    let act = null, pinch = null, spaced = false, penned = false, last = null;

    // --- the tools: each begins with an event and answers {move(event), end(), cancel()} ----------------------
    const inked = (opposite) => ({ erase: (b.tool === "eraser" || b.takes) !== opposite, opacity: b.opacity, colour: b.rgb });
    const pressure = (event) => (event.pointerType === "pen" ? 0.15 + 0.85 * event.pressure : 1);
    const stroke = (event, ink) => {
      const step = b.layer.open(), soft = b.softness, begun = event.shiftKey && last ? last : null;
      let touched = null, points = 0, p = null, q = null;  // p: the last point; q: the middle before it, where the curve stands
      const lay = (from, to, joined = true) => {
        const box = segment(b.stencil, ...from, ...to, soft, joined);
        if (!box) return;
        touched = union(touched, box);
        fresh = union(fresh, box);
      };
      let fresh = null;
      const show = () => { if (fresh) { b.layer.lay(step, b.stencil, fresh, ink); b.painted(fresh); fresh = null; } };
      /** Points are joined by a curve through the middles between them; so close together that nobody could tell, they wait for the next. */
      const add = (e) => {
        points++;
        const [x, y] = camera.toSheet(e.clientX, e.clientY), now = [x, y, Math.max(0.5, b.size / 2 * pressure(e))];
        if (!p) { p = q = now; lay(begun ?? now, now, false); return; }
        const way = Math.hypot(now[0] - p[0], now[1] - p[1]), radius = Math.max(now[2], p[2]);
        if (way < radius / 12) return;
        const middle = now.map((v, i) => (v + p[i]) / 2), parts = Math.min(6, Math.ceil(way / (radius + 3)));
        let from = q;
        for (let k = 1; k <= parts; k++) {
          const t = k / parts, to = q.map((v, i) => (1 - t) ** 2 * v + 2 * t * (1 - t) * p[i] + t * t * middle[i]);
          lay(from, to);
          from = to;
        }
        [p, q] = [now, middle];
      };
      add(event);
      show();
      return {
        move: (events) => { events.forEach(add); show(); },
        end: (e) => {
          const [x, y] = camera.toSheet(e.clientX, e.clientY), stop = e.type === "pointerup" ? [x, y, p[2]] : p;
          if (q !== p) lay(q, p);
          if (Math.hypot(stop[0] - p[0], stop[1] - p[1]) > 0.01) lay(p, stop);
          show();
          last = stop;
          b.finish(step, touched, { points, tool: ink.erase ? "eraser" : "brush" });
        },
        cancel: () => b.drop(step, touched),
      };
    };
    const lasso = (event, ink) => {
      const points = [camera.toSheet(event.clientX, event.clientY)];
      b.gesture = { points };
      return {
        move: (events) => { for (const e of events) points.push(camera.toSheet(e.clientX, e.clientY)); b.view.ask(); },
        end: () => { b.gesture = null; b.shape((stencil) => atelier.raster.polygon(stencil, points), ink, "lasso", points.length); },
        cancel: () => { b.gesture = null; b.view.ask(); },
      };
    };
    const rectangle = (event, ink) => {
      const [x0, y0] = camera.toSheet(event.clientX, event.clientY);
      let box = null;
      return {
        move: (events) => {
          const e = events.at(-1), [x, y] = camera.toSheet(e.clientX, e.clientY);
          let [w, g] = [x - x0, y - y0];
          if (e.shiftKey) { const side = Math.max(Math.abs(w), Math.abs(g)); [w, g] = [side * Math.sign(w || 1), side * Math.sign(g || 1)]; }
          box = [Math.min(x0, x0 + w), Math.min(y0, y0 + g), Math.abs(w), Math.abs(g)];
          b.gesture = { box };
          b.view.ask();
        },
        end: () => { b.gesture = null; if (box) b.shape((stencil) => atelier.raster.rectangle(stencil, ...box), ink, "rectangle", 2); b.view.ask(); },
        cancel: () => { b.gesture = null; b.view.ask(); },
      };
    };
    const fill = (event, ink) => { const [x, y] = camera.toSheet(event.clientX, event.clientY); b.fillAt(Math.floor(x), Math.floor(y), ink); return null; };
    const pan = (event) => {
      let [x, y] = [event.clientX, event.clientY];
      stage.classList.add("panning");
      const end = () => stage.classList.remove("panning");
      return { move: (events) => { const e = events.at(-1); camera.pan(e.clientX - x, e.clientY - y); [x, y] = [e.clientX, e.clientY]; }, end, cancel: end };
    };
    const handleAt = (event) => {
      const [px, py] = camera.at(event.clientX, event.clientY), reach = event.pointerType === "touch" ? 26 : 14;
      return Object.entries(b.view.handles()).find(([, [x, y]]) => Math.hypot(px - x, py - y) <= reach)?.[0] ?? null;
    };
    const frame = (event) => {
      const handle = handleAt(event), before = { ...b.frame }, [x0, y0] = camera.toSheet(event.clientX, event.clientY);
      if (!handle) return pan(event);
      const snap = (v) => Math.max(0, Math.round(v / GRAIN) * GRAIN);
      return {
        move: (events) => {
          const e = events.at(-1), [x, y] = camera.toSheet(e.clientX, e.clientY), next = { ...before };
          if (handle.includes("w")) next.left = snap(before.left - (x - x0));
          if (handle.includes("e")) next.right = snap(before.right + (x - x0));
          if (handle.includes("n")) next.top = snap(before.top - (y - y0));
          if (handle.includes("s")) next.bottom = snap(before.bottom + (y - y0));
          b.setFrame(next);
        },
        end: () => b.framed(before),
        cancel: () => b.setFrame(before),
      };
    };
    const TOOLS = { brush: stroke, eraser: stroke, lasso, rectangle, fill, frame };

    // --- pointers --------------------------------------------------------------------------------------------
    const hover = (event) => { b.cursor = event ? camera.at(event.clientX, event.clientY) : null; b.view.ask(); };
    const spread = () => { const [[ax, ay], [bx, by]] = [...down.values()]; return { x: (ax + bx) / 2, y: (ay + by) / 2, far: Math.max(1, Math.hypot(ax - bx, ay - by)) }; };
    const begin = (event) => {
      const touch = event.pointerType === "touch";
      if (event.button === 1 || spaced || (touch && penned)) return pan(event);
      if (event.button > 2) return null;
      if (event.altKey && b.mode === "sketch" && event.button === 0) { b.pick(...camera.toSheet(event.clientX, event.clientY)); return null; }
      return TOOLS[b.tool](event, inked(event.button === 2 || (event.altKey && b.mode === "mask")));
    };
    stage.addEventListener("pointerdown", (event) => {
      if (!b.width || event.target.closest("button, input, a, .card")) return;
      event.preventDefault();
      stage.focus({ preventScroll: true });
      if (event.pointerType === "pen") penned = true;
      try { stage.setPointerCapture(event.pointerId); } catch { /* it is gone again */ }
      down.set(event.pointerId, [event.clientX, event.clientY]);
      if (down.size === 2 && event.pointerType === "touch") { act?.cancel(); act = null; pinch = spread(); return; }
      if (down.size > 1 || act) return;
      act = begin(event);
      hover(event.pointerType === "touch" ? null : event);
    });
    stage.addEventListener("pointermove", (event) => {
      if (!b.width) return;
      if (down.has(event.pointerId)) down.set(event.pointerId, [event.clientX, event.clientY]);
      if (pinch && down.size === 2) {
        const now = spread();
        camera.pan(now.x - pinch.x, now.y - pinch.y);
        camera.zoomAt(now.x, now.y, now.far / pinch.far);
        pinch = now;
      } else if (act && down.has(event.pointerId)) {
        const events = event.getCoalescedEvents?.() ?? [];
        act.move(events.length ? events : [event]);
      }
      if (event.pointerType !== "touch") hover(event);
      if (b.tool === "frame" && !act) { const handle = handleAt(event); stage.style.cursor = handle ? `${handle}-resize` : ""; }
    });
    const up = (event) => {
      if (!down.delete(event.pointerId)) return;
      if (pinch) { if (down.size < 2) pinch = null; return; }
      act?.end(event);
      act = null;
    };
    stage.addEventListener("pointerup", up);
    stage.addEventListener("pointercancel", up);
    stage.addEventListener("lostpointercapture", up);
    stage.addEventListener("pointerleave", () => { if (!act) hover(null); });
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("wheel", (event) => {
      if (!b.width || event.target.closest(".card")) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      camera.zoomAt(event.clientX, event.clientY, Math.exp(-Math.max(-120, Math.min(120, event.deltaY * lines)) / (event.ctrlKey ? 100 : 400)));
      hover(event);
    }, { passive: false });

    return {
      space: (on) => { spaced = on; stage.classList.toggle("grab", on); },
      /** Leaves what is being drawn as it was before; says whether there was something. */
      cancel: () => { const was = act; act = null; was?.cancel(); return Boolean(was); },
      get busy() { return Boolean(act || pinch); },
    };
  };
})();
