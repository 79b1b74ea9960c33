// Keys, files that are dropped or pasted: they go to the canvas that is in sight, the one used last when there are several.
(() => {
  const atelier = window.atelier;
  const TEXT = "input:not([type=range]):not([type=checkbox]):not([type=radio]):not([type=color]), textarea, select, [contenteditable]:not([contenteditable=false]), [role=combobox]";
  atelier.keys.push(["B E", "key.paint.tools"], ["L R G", "key.paint.shapes"], ["O N", "key.paint.frame"], ["[ ]", "key.paint.size"], ["{ }", "key.paint.softness"], ["X", "key.paint.swap"],
    ["Ctrl + Z", "key.paint.undo"], ["Ctrl + Shift + Z", "key.paint.redo"], ["I", "key.paint.invert"], ["Delete", "key.paint.clear"], ["Space", "key.paint.pan"], ["0 1 + -", "key.paint.zoom"], ["F", "key.paint.full"]);

  let last = null;
  const inSight = (b) => b.view.stage.clientWidth > 0 && b.view.stage.isConnected;
  const current = () => (last && inSight(last) ? last : [...atelier.boards.values()].find(inSight) ?? null);
  const owner = (target) => [...atelier.boards.values()].find((b) => b.node.contains(target)) ?? null;
  for (const kind of ["pointerdown", "pointerover", "focusin"]) document.addEventListener(kind, (event) => { last = owner(event.target) ?? last; }, true);

  const ladder = (size, up) => Math.min(1000, Math.max(1, up ? Math.max(size + 1, Math.round(size * 1.15)) : Math.min(size - 1, Math.round(size / 1.15))));
  const soften = (b, by) => b.set({ softness: Math.min(1, Math.max(0, Math.round(10 * b.softness + by) / 10)) });
  const swap = (b) => (b.tool === "brush" ? b.set({ tool: "eraser" }) : b.tool === "eraser" ? b.set({ tool: "brush" }) : b.set({ takes: !b.takes }));
  const KEYS = {
    b: (b) => b.set({ tool: "brush" }), e: (b) => b.set({ tool: "eraser" }), l: (b) => b.set({ tool: "lasso" }), r: (b) => b.set({ tool: "rectangle" }), g: (b) => b.set({ tool: "fill" }),
    o: (b) => { if (b.mode === "mask") b.set({ tool: "frame" }); }, n: (b) => { b.set({ tool: "numbers" }); b.node.querySelector(".numbers select").focus(); },
    "[": (b) => b.set({ size: ladder(b.size, false) }), "]": (b) => b.set({ size: ladder(b.size, true) }), "{": (b) => soften(b, -1), "}": (b) => soften(b, 1), x: swap,
    i: (b) => b.invert(), Delete: (b) => b.clear(), Backspace: (b) => b.clear(), 0: (b) => b.view.camera.fit(), 1: (b) => b.view.camera.actual(), "+": (b) => b.view.camera.by(1.25), "=": (b) => b.view.camera.by(1.25), "-": (b) => b.view.camera.by(1 / 1.25), f: (b) => b.full(),
  };
  const PANS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  document.addEventListener("keydown", (event) => {
    const b = current();
    if (!b || event.defaultPrevented || event.isComposing || event.altKey || event.target.matches?.(TEXT) || document.querySelector("dialog[open], :popover-open")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    let act = null;
    if (event.ctrlKey || event.metaKey) act = key === "z" ? () => (event.shiftKey ? b.redo() : b.undo()) : key === "y" ? () => b.redo() : null;
    else if (key === " ") act = event.target.closest?.("button, a, summary, input") ? null : () => b.hand.space(true);
    else if (key === "Escape") act = b.hand.cancel() ? () => {} : b.node.classList.contains("full") ? () => b.full(false) : null;
    else if (PANS[key]) act = event.target === b.view.stage ? () => b.view.camera.pan(...PANS[key]) : null;
    else act = Object.hasOwn(KEYS, key) ? () => KEYS[key](b) : null;
    if (!act) return;
    event.preventDefault();
    act();
  });
  const release = () => { for (const b of atelier.boards.values()) b.hand.space(false); };
  document.addEventListener("keyup", (event) => { if (event.key === " ") release(); });
  addEventListener("blur", release);

  // --- pictures that are dropped or pasted: before the page's own reader of settings ---------------------------
  const pictured = (list) => [...(list ?? [])].find((file) => file.type.startsWith("image/")) ?? list?.[0] ?? null;
  for (const kind of ["dragenter", "dragleave", "dragover", "drop"]) window.addEventListener(kind, (event) => {
    const b = owner(event.target) ?? current();
    if (!b || !inSight(b) || ![...(event.dataTransfer?.types ?? [])].includes("Files") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    b.node.classList.toggle("taking", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") b.load(pictured(event.dataTransfer.files));
  }, true);
  document.addEventListener("paste", (event) => {
    const b = current(), file = pictured(event.clipboardData?.files);
    if (!b || !file || event.target.matches?.(TEXT) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    b.load(file);
  });
})();
