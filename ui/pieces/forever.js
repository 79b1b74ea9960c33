// Generate forever: one job is drawn, one waits, and when it begins the next is asked for, with the form as it is then.
const { h, t, active } = atelier;
atelier.shapes.forever = "M12 12c-2-3-3.500-4.500-5.500-4.500a4.500 4.500 0 0 0 0 9c2 0 3.500-1.500 5.500-4.500Zm0 0c2 3 3.500 4.500 5.500 4.500a4.500 4.500 0 0 0 0-9c-2 0-3.500 1.500-5.500 4.500Z";
const AHEAD = 2;
let on = false, sent = 0;
const mine = new Set();
const button = h("button", { type: "button", class: "tool", id: "forever", onclick: () => set(!on) }, atelier.icon("forever"));
root.replaceChildren(button);
const draw = () => {
  const words = t(on ? "forever.stop" : "forever");
  button.title = words;
  button.setAttribute("aria-label", words);
  button.setAttribute("aria-pressed", String(on));
};
const set = (next) => {
  if (next === on) return;
  on = next;
  mine.clear();
  draw();
  step();
};
const step = () => {
  if (!on || !root.isConnected || atelier.automatic || !atelier.reachable) return;
  const jobs = atelier.snapshot?.jobs ?? [], ended = jobs.find((job) => job.finished);
  if (ended && mine.has(ended.id) && ended.state !== "done") { set(false); return; }  // an error, or stopped from another tab
  if (jobs.filter(active).length >= AHEAD) return;
  atelier.automatic = true;
  sent = Date.now();
  document.getElementById("generate").click();
};
atelier.on("answered", ({ jobs, problem }) => {
  atelier.automatic = false;
  jobs?.forEach((id) => mine.add(id));
  if (problem) set(false);
});
atelier.on("state", step);
atelier.on("stop", () => {
  if (!on) return;
  const ahead = (atelier.snapshot?.jobs ?? []).filter((job) => job.state === "queued" && mine.has(job.id));
  set(false);
  ahead.forEach((job) => atelier.cancel(job.id));
});
setInterval(() => {
  if (!on || !root.isConnected) return;
  if (atelier.automatic && Date.now() - sent > 15000) atelier.automatic = false;  // no answer came
  if (document.hidden || atelier.automatic) atelier.look();  // a page out of sight has no stream
}, 2500);

// the menu of the right mouse button, as in AUTOMATIC1111
const menu = h("dialog", { class: "menu", id: "generate-menu" });
document.querySelectorAll("body > #generate-menu").forEach((old) => old.remove());
document.body.append(menu);
const entry = (key, act, off) => h("button", { type: "button", disabled: off, onclick: () => { menu.close(); act(); } }, t(key));
document.addEventListener("contextmenu", (event) => {
  if (!root.isConnected || !event.target.closest?.("#generate, #forever, #stop")) return;
  event.preventDefault();
  const n = (atelier.snapshot?.jobs ?? []).filter(active).length;
  menu.replaceChildren(entry(on ? "forever.stop" : "forever", () => set(!on)), entry("stop", () => atelier.stop(), !n), entry("stop.everything", () => atelier.stopAll(), !n));
  menu.showModal();
  menu.style.left = `${Math.max(8, Math.min(event.clientX, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(event.clientY, innerHeight - menu.offsetHeight - 8))}px`;
});
menu.addEventListener("click", (event) => { if (event.target === menu) menu.close(); });
menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], all = [...menu.querySelectorAll("button:enabled")];
  if (step) { event.preventDefault(); all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus(); }
});
atelier.on("language", draw);
draw();
