// Beside width and height: swap them, or keep their relation.
const { h, t } = atelier;
Object.assign(atelier.shapes, { swap: "M7 4 3.500 7.500 7 11M3.500 7.500H17M17 13l3.500 3.500L17 20M20.500 16.500H7", lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3", unlock: "M6 11h12v9H6zM8.500 11V7a3.500 3.500 0 0 1 6.800-1" });
let ratio = null;
const size = () => ({ width: Number(atelier.form?.width) || 0, height: Number(atelier.form?.height) || 0 });
const swap = () => { const { width, height } = size(); if (width && height) { if (ratio) ratio = height / width; atelier.setSize({ width: height, height: width }); } };
const lock = () => { const { width, height } = size(); ratio = ratio || !width || !height ? null : width / height; draw(); };
const tool = (name, key, id, onclick, pressed) => h("button", { type: "button", class: "tool", id, title: t(key), "aria-label": t(key), "aria-pressed": pressed, onclick }, atelier.icon(name));
const draw = () => root.replaceChildren(h("div", { class: "sizes" }, tool("swap", "size.swap", "swap", swap), tool(ratio ? "lock" : "unlock", "size.lock", "lock", lock, String(Boolean(ratio)))));
/** The other side follows when one has been typed. */
const eight = (n) => Math.min(2048, Math.max(64, Math.round(n / 8) * 8));
document.addEventListener("change", (event) => {
  const name = event.target.closest?.("#field-width, #field-height")?.id.slice(6), value = Number(event.target.value);
  if (!ratio || !name || !value || !root.isConnected) return;
  atelier.setSize(name === "width" ? { width: value, height: eight(value / ratio) } : { width: eight(value * ratio), height: value });
});
atelier.on("shape", () => { if (ratio) { ratio = null; draw(); } });  // a shape was chosen: another relation
atelier.on("language", draw);
draw();
