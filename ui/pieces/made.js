// How a picture was made: plays its steps, with curves of noise, guidance and change; `atelier.made(image)` is its door.
(() => {
  const { h, t, tool } = atelier;
  Object.assign(atelier.shapes, {
    steps: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.700h4M4 14.300h4M16 9.700h4M16 14.300h4",
    play: "M7 5l12 7-12 7Z",
    pause: "M8.500 5v14M15.500 5v14",
  });
  const PACE = 6;            // steps a second at speed 1
  const SPEEDS = [1, 2, 4, 0.5];
  const STILL = 0.01;        // a change that nobody sees
  const RESTLESS = / a$|SDE|LCM|Restart/;  // samplers that add fresh noise on their way

  const dialog = h("dialog", { class: "made", tabindex: "-1" });
  document.body.append(dialog);
  let film = null;           // what is being played
  let waiting = null;        // the job that is drawn again, to be watched

  // --- numbers and curves --------------------------------------------------------------------------------------
  const percent = (share) => (share === null || share === undefined ? "–" : share === 0 ? "0 %" : `${share >= 0.1 ? Math.round(share * 100) : (share * 100).toFixed(share >= 0.01 ? 1 : 2)} %`);
  const level = (sigma) => (sigma >= 10 ? sigma.toFixed(1) : sigma >= 0.1 ? sigma.toFixed(2) : sigma.toFixed(3));
  const shape = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  /** One curve over the steps. log: a logarithmic scale; guide: a value to mark; say: a value in words. */
  const curve = (key, values, { log = false, low, high, guide = null, say }) => {
    const known = values.filter((value) => value !== null);
    const scale = (value) => (log ? Math.log(Math.max(value, low)) : value);
    const height = (value) => 100 - (100 * (scale(value) - scale(low))) / (scale(high) - scale(low) || 1);
    const x = (at) => (values.length > 1 ? (100 * at) / (values.length - 1) : 50);
    const svg = shape("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
    const points = values.map((value, at) => (value === null ? null : [x(at), height(value)])).filter(Boolean);
    const line = points.map(([left, top]) => `${left.toFixed(2)} ${top.toFixed(2)}`).join("L");
    if (points.length) {
      svg.append(shape("path", { class: "area", d: `M${points[0][0]} 100L${line}L${points.at(-1)[0]} 100Z` }));
      svg.append(shape("path", { class: "curve", d: `M${line}` }));
    }
    if (guide !== null) svg.append(shape("path", { class: "guide", d: `M0 ${height(guide)}H100` }));
    const cursor = h("i", { class: "cursor" }), dot = h("i", { class: "dot" }), now = h("output", {});
    const plot = h("div", { class: "plot" }, svg, cursor, dot, known.length ? [h("small", { class: "high" }, say(high)), h("small", { class: "low" }, say(low))] : null);
    const seek = (event) => {
      const box = plot.getBoundingClientRect();
      go(Math.round(((event.clientX - box.left) / box.width) * (values.length - 1)));
    };
    plot.addEventListener("pointerdown", (event) => { stop(); plot.setPointerCapture(event.pointerId); seek(event); });
    plot.addEventListener("pointermove", (event) => { if (plot.hasPointerCapture(event.pointerId)) seek(event); });
    const node = h("section", { class: "graph", "data-curve": key }, h("header", {}, h("h3", {}, t(`made.${key}`)), now), plot, h("p", {}, t(`made.${key}.about`)));
    const show = (at) => {
      const value = values[Math.min(at, values.length - 1)] ?? null;
      cursor.style.left = dot.style.left = `${x(Math.min(at, values.length - 1))}%`;
      dot.hidden = value === null;
      if (value !== null) dot.style.top = `${Math.min(100, Math.max(0, height(value)))}%`;
      now.textContent = value === null ? "–" : say(value);
    };
    return { node, show };
  };
  /** What the changes say about the number of steps. */
  const verdict = (steps, image) => {
    const changes = steps.map((step) => step.change ?? 1);
    let last = changes.length - 1;
    while (last > 0 && changes[last] < STILL) last -= 1;
    const settled = last + 1, share = percent(changes.at(-1));
    if (steps.length < 2) return t("made.single");
    if (settled < steps.length) return t("made.settled", { i: settled, n: steps.length });
    return t(RESTLESS.test(image.sampler) ? "made.restless" : "made.moving", { share, sampler: image.sampler });
  };

  // --- prompts that change on the way ----------------------------------------------------------------------------
  const EDGE = /[\s,，、]/;   // what ends a word
  const AROUND = 40;         // letters of what stays, beside what changes
  /** The texts in force at each step of a trace, of those prompts that change; null where none does. */
  const spoken = ({ steps, texts = [] }) => {
    const found = ["prompt", "negative_prompt"].filter((kind) => steps.some((step) => kind in step)).map((kind) => {
      let now = null;
      return { kind, said: steps.map((step) => (now = kind in step ? texts[step[kind]] : now)) };
    });
    return found.length ? found.map(({ kind, said }) => ({ kind, said, ...shared(said) })) : null;
  };
  /** How much all texts have in common at their begin and at their end, in whole words. */
  const shared = (said) => {
    const texts = [...new Set(said)], first = texts[0], least = Math.min(...texts.map((text) => text.length));
    const same = (at) => texts.every((text) => text[at] === first[at]);
    const same_end = (at) => texts.every((text) => text.at(-at) === first.at(-at));
    let head = 0, tail = 0;
    while (head < least && same(head)) head += 1;
    while (head > 0 && !EDGE.test(first[head - 1])) head -= 1;
    while (tail < least - head && same_end(tail + 1)) tail += 1;
    while (tail > 0 && !EDGE.test(first.at(-tail))) tail -= 1;
    return { head, tail };
  };
  /** One text: what changes in it stands out, the rest is cut to what is next to it. */
  const sentence = ({ kind, said, head, tail }, at) => {
    const text = said[at], end = text.length - tail;
    const before = [...text.slice(0, head)], after = [...text.slice(end)];
    const left = before.length > AROUND ? ["…", ...before.slice(-AROUND)] : before;
    const right = after.length > AROUND ? [...after.slice(0, AROUND), "…"] : after;
    const name = kind === "prompt" ? null : h("span", { class: "whose" }, atelier.label(kind));
    return h("p", { title: text, "data-prompt": kind }, name, left.join(""), h("b", {}, text.slice(head, end)), right.join(""));
  };

  // --- the film ------------------------------------------------------------------------------------------------
  const loaded = (src) => new Promise((resolve) => {
    const picture = new Image();
    picture.onload = () => resolve(picture);
    picture.onerror = () => resolve(null);
    picture.src = src;
  });
  const frames = async (steps, kind) => {
    const found = await Promise.all(steps.map((step) => (step[kind] ? loaded(step[kind]) : null)));
    for (let at = 1; at < found.length; at += 1) found[at] ??= found[at - 1];  // of many steps, not each has a frame
    return found;
  };
  const paint = () => {
    const { canvas, at, kind } = film, last = at >= film.steps.length;
    const picture = last ? film.finished : film[kind][at];
    const brush = canvas.getContext("2d");
    brush.imageSmoothingQuality = "high";
    if (picture) brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  };
  const go = (at) => {
    if (!film) return;
    film.at = Math.max(0, Math.min(film.steps.length, at));
    const n = film.steps.length, words = film.at >= n ? t("made.finished") : t(film.whole ? "made.step" : "made.call", { i: film.at + 1, n });
    paint();
    film.slider.value = String(film.at);
    const lines = film.spoken?.map((one) => sentence(one, Math.min(film.at, n - 1))) ?? [];
    film.said.replaceChildren(...lines);
    film.said.classList.toggle("over", film.at >= n);
    film.slider.setAttribute("aria-valuetext", film.at >= n ? words : [words, ...lines.map((one) => one.title)].join(". "));
    film.label.textContent = words;
    film.slider.style.setProperty("--share", `${(100 * film.at) / n}%`);
    film.dim();
    for (const one of film.curves) one.show(film.at);
  };
  const stop = () => {
    if (!film) return;
    clearInterval(film.clock);
    film.clock = null;
    film.button.replaceChildren(atelier.icon("play"));
    film.button.title = t("made.play");
    film.button.setAttribute("aria-label", t("made.play"));
  };
  const play = () => {
    stop();
    if (film.at >= film.steps.length) go(0);
    film.button.replaceChildren(atelier.icon("pause"));
    film.button.title = t("made.pause");
    film.button.setAttribute("aria-label", t("made.pause"));
    film.clock = setInterval(() => { go(film.at + 1); if (film.at >= film.steps.length) stop(); }, 1000 / (PACE * film.speed));
  };
  const toggle = () => (film.clock ? stop() : play());
  const choice = (kind, chosen, choose) => h("button", { type: "button", role: "radio", "aria-checked": String(chosen), "data-kind": kind, onclick: choose }, t(`made.${kind}`));

  const sheet = (title, ...content) => h("div", { class: "sheet" }, tool("close", "close", () => dialog.close(), { class: "tool leave" }), h("h2", {}, title), ...content);
  const show = async (image, trace) => {
    const steps = trace.steps;
    const [guess, latents, finished] = await Promise.all([frames(steps, "guess"), frames(steps, "latents"), loaded(`api/images/${image.id}/file`)]);
    const most = image.width < 256 ? image.width * 5 : image.width * 2;
    const canvas = h("canvas", { width: Math.min(1024, most), height: Math.round((Math.min(1024, most) * image.height) / image.width), role: "img", "aria-label": image.prompt || t("no.prompt"),
      style: `--ratio:${image.width / image.height}; --most:${most}px` });
    const slider = h("input", { type: "range", min: 0, max: steps.length, step: 1, "aria-label": t("made.position"), oninput: () => { stop(); go(Number(slider.value)); } });
    const label = h("output", { class: "at", "aria-live": "off" }), button = tool("play", "made.play", toggle, { class: "tool run", autofocus: true });
    const speed = h("button", { type: "button", class: "speed", title: t("made.speed"), "aria-label": `${t("made.speed")} 1×`, onclick: () => {
      film.speed = SPEEDS[(SPEEDS.indexOf(film.speed) + 1) % SPEEDS.length];
      speed.textContent = `${film.speed}×`;
      speed.setAttribute("aria-label", `${t("made.speed")} ${film.speed}×`);
      if (film.clock) play();
    } }, "1×");
    const kinds = h("div", { class: "kinds", role: "radiogroup", "aria-label": t("made.kinds") });
    const choose = (kind) => {
      film.kind = kind;
      kinds.replaceChildren(...["guess", "latents"].map((one) => choice(one, one === kind, () => { choose(one); kinds.querySelector(`[data-kind=${one}]`).focus(); })));
      note.textContent = t(`made.${kind}.about`);
      paint();
    };
    const note = h("p", { class: "kind-note" }), said = h("div", { class: "said" }), changing = spoken(trace);
    const sigmas = steps.map((step) => step.sigma).filter((sigma) => sigma > 0);
    const pulls = steps.map((step) => step.pull), changes = steps.map((step) => step.change);
    const most_of = (values, least) => Math.max(least, ...values.filter((value) => value !== null));
    const curves = [
      curve("sigma", steps.map((step) => step.sigma), { log: true, low: Math.min(...sigmas), high: Math.max(...sigmas), say: level }),
      pulls.some((pull) => pull !== null) ? curve("pull", pulls, { low: 0, high: most_of(pulls, 0.01), say: percent }) : null,
      curve("change", changes, { log: true, low: 0.001, high: most_of(changes, 0.1), guide: STILL, say: percent }),
    ].filter(Boolean);
    film = { image, steps, guess, latents, finished, canvas, slider, label, button, curves, said, spoken: changing, at: 0, kind: "guess", speed: 1, clock: null,
      whole: steps.length === image.steps, dim: () => kinds.classList.toggle("idle", film.at >= steps.length) };
    dialog.className = "made film";
    dialog.replaceChildren(
      h("div", { class: "mat" }, canvas),
      h("div", { class: "controls" }, h("div", { class: "row" }, button, slider, speed), h("div", { class: "row" }, label, kinds), changing ? said : null),
      sheet(t("made.title"), h("p", { class: "verdict" }, verdict(steps, image)),
        h("p", { class: "facts" }, [image.sampler, image.values?.schedule, t(image.steps === 1 ? "result.step" : "result.steps", { n: image.steps })].filter(Boolean).join("  ·  ")),
        note, ...curves.map((one) => one.node), curves.length < 3 ? h("p", { class: "subdued" }, t("made.unguided")) : null,
        film.whole ? null : h("p", { class: "subdued" }, t("made.calls", { n: steps.length, steps: image.steps })), h("p", { class: "subdued by-keys" }, t("made.keys"))));
    choose("guess");
    go(0);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) play();
    button.focus({ preventScroll: true });
  };

  // --- without steps: draw it again and watch --------------------------------------------------------------------
  const offer = (image, problem) => {
    film = null;
    const told = problem ? atelier.explain(problem) : null;
    const again = h("button", { type: "button", class: "plain strong", autofocus: true, onclick: () => redraw(image) }, atelier.icon("play"), t("made.again"));
    dialog.className = "made bare";
    dialog.replaceChildren(sheet(t("made.title"), h("img", { class: "still", src: `api/images/${image.id}/thumbnail`, alt: image.prompt || t("no.prompt") }),
      h("p", { class: "verdict" }, t("made.none")), h("p", { class: "subdued" }, t("made.none.about", { label: atelier.label("trace") })),
      told ? h("p", { class: "refused", role: "alert" }, [told.message, told.remedy].filter(Boolean).join(" ")) : null, again));
    again.focus();
  };
  const redraw = async (image) => {
    let job;
    try {
      job = await atelier.ask("api/jobs", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...image.values, count: 1, trace: true }) });
    } catch (error) { offer(image, error.problem); return; }
    waiting = { id: job.id, image, view: h("img", { class: "still", src: `api/images/${image.id}/thumbnail`, alt: t("preview") }), line: h("p", { class: "verdict", role: "status" }, t("state.sending")), bar: h("i", {}) };
    dialog.replaceChildren(sheet(t("made.title"), waiting.view, waiting.line, h("div", { class: "bar" }, waiting.bar),
      h("button", { type: "button", class: "plain", onclick: () => { atelier.cancel(job.id); waiting = null; offer(image); } }, t("cancel"))));
    dialog.focus();
    atelier.look();
  };
  const follow = async (snapshot) => {
    const mine = waiting, job = mine && snapshot.jobs.find((one) => one.id === mine.id);
    if (!mine) return;
    const picture = job?.pictures[0];
    if (job && atelier.active(job) && !picture?.image) {
      mine.line.textContent = job.state === "queued" ? t("made.queued") : job.doing === "loading" ? t("state.loading") : t("made.step", { i: picture?.step ?? 0, n: picture?.of ?? 0 });
      mine.bar.style.transform = `scaleX(${picture?.of ? picture.step / picture.of : 0})`;
      if (picture?.preview) mine.view.src = picture.preview;
      return;
    }
    waiting = null;
    if (job?.state === "failed" || job?.state === "cancelled") { offer(mine.image, job.problem); return; }
    try {  // a job that others' have pushed off the list is looked for among the pictures
      const found = picture?.image ? await atelier.image(picture.image) : (await atelier.page(null, 48)).images.find((one) => one.job === mine.id);
      if (dialog.open) await open(found ?? mine.image);
    } catch (error) { offer(mine.image, error.problem); }
  };
  const open = async (image) => {
    if (!image.trace) { offer(image); return; }
    await show(image, await atelier.ask(`api/images/${image.id}/trace`));
  };

  /** Plays how `image` was made, or offers to draw it again. */
  atelier.made = async (image) => {
    try { await open(image); } catch (error) { if (!error.problem) throw error; offer(image, error.problem); }
    dialog.setAttribute("aria-label", t("made.title"));
    if (!dialog.open) dialog.showModal();
  };
  (atelier.extras ??= []).push((image) => (image.imported || (image.restored && !image.infotext) ? null : { icon: "steps", key: "made.title", act: () => atelier.made(image) }));
  atelier.on("state", follow);
  dialog.addEventListener("close", () => { stop(); film = null; waiting = null; });  // a job that was begun goes on
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();  // the picture's own dialog lies below
    if (!film) return;
    const moves = { ArrowLeft: film.at - 1, ArrowRight: film.at + 1, Home: 0, End: film.steps.length };
    if (event.key in moves) { event.preventDefault(); stop(); go(moves[event.key]); }
    if (event.key === " " && !event.target.closest("button")) { event.preventDefault(); toggle(); }
  });
})();
