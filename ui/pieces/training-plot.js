// A chart of one run: lines, points with error bars, values under the pointer, a logarithmic scale.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  const LEFT = 52, RIGHT = 12, TOP = 10, BOTTOM = 24;
  /** Round steps that cut [low, high] into about `n` parts. */
  const ticks = (low, high, n) => {
    const rough = (high - low) / n, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough);
    return Array.from({ length: Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1 }, (_, i) => (Math.ceil(low / step - 1e-9) + i) * step);
  };
  const decades = (low, high) => {
    const found = [];
    for (let p = Math.floor(low); p <= Math.ceil(high); p++) for (const m of high - low > 2.5 ? [1] : high - low > 1.2 ? [1, 3] : [1, 1.5, 2, 3, 5, 7]) { const at = p + Math.log10(m); if (at >= low && at <= high) found.push(at); }
    return found.length > 1 ? found : ticks(low, high, 4);
  };
  const number = (v) => (v === 0 ? "0" : Math.abs(v) < 1e-3 || Math.abs(v) >= 1e5 ? v.toExponential(Math.abs(v) < 1e-3 ? 1 : 2) : String(Number(v.toPrecision(4))));

  /** key: where its scale is remembered. `show([{name, colour, points: [[x, y, error?]], look}])`; look: "faint", "line", "points" or "steps". */
  atelier.plot = (key, title) => {
    const canvas = h("canvas", { role: "img" }), tip = h("div", { class: "tip", hidden: true }), legend = h("div", { class: "legend" });
    const scale = h("button", { type: "button", class: "chip", onclick: () => { log = !log; atelier.store(`plot.${key}`, log ? "log" : ""); paint(); } });
    const name = h("h3", {}), box = h("div", { class: "canvas" }, canvas, tip), node = h("figure", { class: "plot" }, h("figcaption", {}, name, legend, scale), box);
    let log = atelier.stored(`plot.${key}`) === "log", series = [], under = null, view = null;

    const colour = (token) => getComputedStyle(node).getPropertyValue(token).trim() || "#888";
    const extent = () => {
      const shown = series.filter((s) => s.points.length), every = shown.flatMap((s) => s.points), solid = shown.filter((s) => s.look !== "faint");
      if (!every.length) return null;
      let ys = every.map((p) => p[1]).filter((y) => Number.isFinite(y) && (!log || y > 0));
      if (!ys.length) return null;
      ys.sort((a, b) => a - b);
      // One wild batch must not flatten all the rest: the faint line may be cut off at the top.
      const most = Math.max(...solid.flatMap((s) => s.points.map((p) => p[1] + (p[2] ?? 0))), ys[Math.floor((ys.length - 1) * 0.98)]);
      let low = ys[0], high = most > low ? most : low;
      if (log) { low = Math.log10(low); high = Math.log10(Math.max(high, 10 ** low)); }
      if (high - low < 1e-12) { const by = Math.abs(high) * 0.1 || 0.5; low -= by; high += by; }
      const room = (high - low) * 0.07;
      low = !log && low >= 0 && low - room < 0 ? 0 : low - room;
      const xs = every.map((p) => p[0]), left = Math.min(...xs);
      return { low, high: high + room, left, right: Math.max(Math.max(...xs), left + 1) };
    };
    const paint = () => {
      name.textContent = title();
      scale.textContent = t("training.log");
      scale.setAttribute("aria-pressed", String(log));
      const width = box.clientWidth, height = box.clientHeight, dots = devicePixelRatio || 1;
      if (!width || !height) return;
      if (canvas.width !== Math.round(width * dots) || canvas.height !== Math.round(height * dots)) { canvas.width = Math.round(width * dots); canvas.height = Math.round(height * dots); }
      const pen = canvas.getContext("2d");
      pen.setTransform(dots, 0, 0, dots, 0, 0);
      pen.clearRect(0, 0, width, height);
      pen.font = `11px ${getComputedStyle(node).fontFamily}`;
      const range = extent();
      node.classList.toggle("bare", !range);
      if (!range) { view = null; return; }
      const value = (y) => (log ? Math.log10(y) : y);
      const X = (x) => LEFT + ((x - range.left) / (range.right - range.left)) * (width - LEFT - RIGHT);
      const Y = (y) => TOP + (1 - (value(y) - range.low) / (range.high - range.low)) * (height - TOP - BOTTOM);
      view = { X, Y, range, width, height };
      pen.fillStyle = colour("--quiet");
      pen.strokeStyle = colour("--line");
      pen.lineWidth = 1;
      pen.textAlign = "right"; pen.textBaseline = "middle";
      for (const tick of log ? decades(range.low, range.high) : ticks(range.low, range.high, Math.max(2, Math.floor(height / 48)))) {
        const y = TOP + (1 - (tick - range.low) / (range.high - range.low)) * (height - TOP - BOTTOM);
        pen.beginPath(); pen.moveTo(LEFT, Math.round(y) + 0.5); pen.lineTo(width - RIGHT, Math.round(y) + 0.5); pen.stroke();
        pen.fillText(number(log ? 10 ** tick : tick), LEFT - 8, y);
      }
      pen.textAlign = "center"; pen.textBaseline = "top";
      for (const tick of ticks(range.left, range.right, Math.max(2, Math.floor(width / 90)))) if (Number.isInteger(tick)) {
        const text = tick.toLocaleString(atelier.language);
        pen.fillText(text, Math.min(X(tick), width - 2 - pen.measureText(text).width / 2), height - BOTTOM + 8);
      }
      pen.save();
      pen.beginPath(); pen.rect(LEFT, 0, width - LEFT - RIGHT + 6, height - BOTTOM + 1); pen.clip();
      for (const one of series) draw(pen, one, X, Y);
      if (under !== null) {
        pen.strokeStyle = colour("--quiet"); pen.globalAlpha = 0.5;
        pen.beginPath(); pen.moveTo(Math.round(X(under)) + 0.5, TOP); pen.lineTo(Math.round(X(under)) + 0.5, height - BOTTOM); pen.stroke();
        pen.globalAlpha = 1;
        for (const one of series) { const p = at(one, under); if (p && (!log || p[1] > 0)) { pen.fillStyle = colour(one.colour); pen.beginPath(); pen.arc(X(p[0]), Y(p[1]), 3.5, 0, 7); pen.fill(); } }
      }
      pen.restore();
      const last = series.filter((s) => s.points.length).map((s) => `${s.name} ${number(s.points.at(-1)[1])}`).join(", ");
      canvas.setAttribute("aria-label", `${title()}: ${last}`);
    };
    /** More points than pixels are drawn as the least and the most of each column. */
    const thinned = (points, X) => {
      if (points.length < 2000) return points;
      const found = [];
      let column = null, low = null, high = null;
      const put = () => { if (low) found.push(...(low[0] < high[0] ? [low, high] : [high, low])); };
      for (const p of points) {
        const here = Math.floor(X(p[0]));
        if (here !== column) { put(); column = here; low = high = p; }
        if (p[1] < low[1]) low = p;
        if (p[1] > high[1]) high = p;
      }
      put();
      return found;
    };
    const draw = (pen, one, X, Y) => {
      const points = thinned(one.points.filter((p) => Number.isFinite(p[1]) && (!log || p[1] > 0)), X);
      if (!points.length) return;
      pen.strokeStyle = pen.fillStyle = colour(one.colour);
      pen.lineJoin = "round";
      pen.globalAlpha = one.look === "faint" ? 0.32 : 1;
      pen.lineWidth = one.look === "faint" ? 1 : 2;
      pen.beginPath();
      points.forEach((p, i) => (i ? pen.lineTo(X(p[0]), Y(p[1])) : pen.moveTo(X(p[0]), Y(p[1]))));
      if (points.length === 1 && one.look !== "points") pen.arc(X(points[0][0]), Y(points[0][1]), 1.5, 0, 7);
      pen.stroke();
      pen.globalAlpha = 1;
      if (one.look !== "points") return;
      pen.lineWidth = 1.5;
      for (const [x, y, error] of points) {
        if (error && (!log || y - error > 0)) {
          pen.beginPath(); pen.moveTo(X(x), Y(y - error)); pen.lineTo(X(x), Y(y + error));
          for (const end of [y - error, y + error]) { pen.moveTo(X(x) - 3, Y(end)); pen.lineTo(X(x) + 3, Y(end)); }
          pen.stroke();
        }
        pen.beginPath(); pen.arc(X(x), Y(y), 3, 0, 7); pen.fill();
      }
    };
    /** The point of a series nearest to x. */
    const at = (one, x) => {
      const points = one.points;
      if (!points.length) return null;
      let low = 0, high = points.length - 1;
      while (low < high) { const middle = (low + high) >> 1; if (points[middle][0] < x) low = middle + 1; else high = middle; }
      return low && Math.abs(points[low - 1][0] - x) < Math.abs(points[low][0] - x) ? points[low - 1] : points[low];
    };
    const point = (event) => {
      if (!view) return;
      const r = canvas.getBoundingClientRect(), share = (event.clientX - r.left - LEFT) / (r.width - LEFT - RIGHT), x = view.range.left + Math.min(1, Math.max(0, share)) * (view.range.right - view.range.left);
      const longest = series.reduce((a, b) => (b.points.length > (a?.points.length ?? 0) ? b : a), null);
      under = at(longest, x)?.[0] ?? null;
      if (under === null) return;
      tip.replaceChildren(h("b", {}, t("training.step", { n: under.toLocaleString(atelier.language) })), ...series.map((one) => {
        const p = at(one, under);
        return p ? h("span", {}, h("i", { style: `background: var(${one.colour})` }), `${one.name} `, h("em", {}, `${number(p[1])}${p[2] ? ` ± ${number(p[2])}` : ""}`), p[0] === under ? "" : ` (${p[0].toLocaleString(atelier.language)})`) : null;
      }).filter(Boolean));
      tip.hidden = false;
      const left = view.X(under) + 12;
      tip.style.left = `${left + tip.offsetWidth > view.width ? Math.max(0, left - tip.offsetWidth - 24) : left}px`;
      paint();
    };
    const leave = () => { under = null; tip.hidden = true; paint(); };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
    canvas.addEventListener("pointerleave", leave);
    new ResizeObserver(paint).observe(box);
    atelier.on("theme", () => setTimeout(paint, 30));
    const show = (next) => {
      series = next;
      legend.replaceChildren(...series.filter((s) => s.points.length).map((s) => h("span", { class: `look-${s.look}` }, h("i", { style: `background: var(${s.colour})` }), s.name)));
      paint();
    };
    return { node, show, paint };
  };
})();
