// Under the prompt: its tokens, how it was understood, and the styles that go with it. The value is the chosen styles.
const { h, t, tool } = atelier;
atelier.shapes.plus = "M12 5v14M5 12h14";
atelier.shapes.pen = "M4 20l1-4L16 5l3 3L8 19l-4 1ZM14 7l3 3";
const read = (name) => document.querySelector(`#field-${name} textarea, #field-${name} input`)?.value ?? "";
const ticked = (name) => Boolean(document.querySelector(`#field-${name} input`)?.checked);
const chosen = () => (Array.isArray(props.value) ? props.value : []);
const count = h("span", { class: "tokens" });
const line = h("p", { class: "reading", id: "reading", role: "status" });
const chips = h("span", { class: "worn" });
const open = h("button", { type: "button", class: "open", id: "field-styles", "aria-haspopup": "dialog", onclick: () => show() });
root.classList.add("understood");
const wardrobe = h("button", { type: "button", class: "open", id: "open-loras", "aria-haspopup": "dialog", onclick: () => atelier.loras.show() });
root.replaceChildren(h("div", { class: "meter" }, count, chips, wardrobe, open), line);

// --- how it was understood -----------------------------------------------------------------------------------
const tint = (weight) => (Math.abs(weight - 1) < 0.005 ? null
  : `--share:${Math.round(Math.min(60, 18 + 60 * Math.abs(Math.log2(Math.max(0.05, Math.abs(weight))))))}%`);
const piece = (p) => {
  if (p.break) return h("i", { class: "mark", title: t("understood.break") }, " ⏎ ");
  if (p.turns) return h("span", { class: "change", title: t("understood.turns") }, ...p.turns.flatMap((option, i) => [i ? h("i", {}, " ⇄ ") : "", ...option.map(piece)]));
  if (p.before) {
    const step = p.never ? t("understood.never") : t("understood.step", { step: p.step });
    return h("span", { class: "change", title: step }, ...p.before.map(piece), h("i", {}, p.never ? " ↛ " : ` ${p.step} → `), ...p.after.map(piece));
  }
  const style = tint(p.weight);
  return style ? h("b", { class: p.weight > 1 ? "more" : "less", style, title: t("understood.weight", { weight: p.weight }) }, p.text) : h("span", {}, p.text);
};
const simple = (said) => said.parts.length === 1 && said.parts[0].weight === 1 && !said.networks.length && !said.loras.length && !said.embeddings.length && !said.drawn
  && said.parts[0].pieces.every((p) => p.text !== undefined && p.weight === 1);
const lora = ({ name, unet, text }) => h("span", { class: "lora", title: t("understood.lora") }, `${name} ${unet === text ? unet : t("understood.strengths", { unet, text })}`);
const embedding = ({ word, vectors }) => h("span", { class: "lora", title: t("understood.embedding", { n: vectors }) }, word);
const files = (said) => [...said.loras.map(lora), ...said.embeddings.map(embedding)].flatMap((node) => [" ", node]);
const tell = (said) => {
  const { prompt, negative_prompt: negative } = said;
  const problem = prompt.problem ?? negative.problem;
  const of = prompt.chunks * prompt.room;
  count.replaceChildren(h("span", { title: t("understood.tokens", { room: prompt.room }) }, `${prompt.tokens}/${of}`),
    negative.tokens ? h("span", { class: "minus", title: t("understood.negative") }, `−${negative.tokens}/${negative.chunks * negative.room}`) : "");
  complain(problem);
  if (problem) return;
  const other = (negative.embeddings ?? []).map(embedding).flatMap((node) => [" ", h("i", {}, "−"), node]);
  if (simple(prompt)) { line.replaceChildren(...other); return; }
  const parts = prompt.parts.flatMap((part, i) => [
    i ? h("i", { class: "and" }, ` ${t("understood.and")} `) : "", ...part.pieces.map(piece),
    part.weight !== 1 ? h("i", { class: "and", title: t("understood.weight", { weight: part.weight }) }, ` ×${part.weight}`) : ""]);
  line.replaceChildren(prompt.drawn ? h("i", { class: "mark", title: t("understood.drawn") }, "⚄ ") : "", ...parts, ...files(prompt), ...other,
    ...prompt.networks.flatMap((n) => [" ", h("s", { title: t("understood.unused") }, `${n.kind}:${n.values[0]}`)]),
    prompt.networks.length ? h("i", { class: "mark" }, ` ${t("understood.unused")}`) : "");
};
/** What is wrong is said in the line, and the field it stands in is marked. */
const complain = (problem) => {
  line.classList.toggle("wrong", Boolean(problem));
  for (const name of atelier.wordFields) {
    const field = document.querySelector(`#field-${name} textarea`), wrong = problem?.field === name;
    field?.setAttribute("aria-invalid", String(wrong));
    if (wrong) field?.setAttribute("aria-describedby", line.id); else field?.removeAttribute("aria-describedby");
  }
  if (!problem) return;
  const { message, remedy } = atelier.explain(problem);
  line.replaceChildren(`${problem.field ? `${atelier.label(problem.field)}: ` : ""}${message} ${remedy}`);
};
let asked = "", asking = false, last = null;
const number = (name) => { const n = Number(read(name)); return Number.isInteger(n) && n >= 1 && n <= 150 ? n : 20; };
const present = () => JSON.stringify({ prompt: read("prompt"), negative_prompt: read("negative_prompt"), checkpoint: atelier.models.chosen ?? "",
  steps: number("steps"), styles: chosen(), literal: ticked("literal") });
// Fields are also filled without an event (a restored form, a picture's settings), so they are looked at.
const look = async () => {
  const now = present();
  if (now === asked || asking || document.hidden || !root.offsetParent || !atelier.models.known) return;
  asking = true;
  try { last = await atelier.ask("api/prompt", { method: "POST", body: now, headers: { "Content-Type": "application/json" } }); tell(last); asked = now; }
  catch (error) { if (error.problem?.field) { asked = now; complain(error.problem); } }
  finally { asking = false; }
};
setInterval(look, 300);

// --- styles --------------------------------------------------------------------------------------------------
const wear = (names) => { props.value = names; trigger("input"); draw(); };
/** What of `text` is left when the style brings its part again, or null when it does not. */
const without = (style, text) => {
  const [front, back, more] = style.split("{prompt}");
  if (more !== undefined) return null;
  if (back !== undefined) return text.length >= front.length + back.length && text.startsWith(front) && text.endsWith(back) ? text.slice(front.length, text.length - back.length) : null;
  if (!style.trim()) return text;
  if (text.trim() === style.trim()) return "";
  const tail = `, ${style.trim()}`;
  return text.trim().endsWith(tail) ? text.trim().slice(0, -tail.length) : null;
};
/** A style that was just made of the prompt takes that part's place; the picture stays the same. */
const putOn = (style) => {
  const before = { prompt: read("prompt"), negative_prompt: read("negative_prompt"), styles: chosen() };
  const prompt = without(style.prompt, before.prompt), negative = without(style.negative_prompt, before.negative_prompt);
  if (prompt === null || negative === null || !(style.prompt || style.negative_prompt).trim()) return;
  atelier.fill({ prompt, negative_prompt: negative, styles: [style.name, ...before.styles] }, { quiet: true });
  atelier.note(t("styles.worn", { name: style.name }), t("styles.worn.help"), { text: t("styles.undo"), act: () => atelier.fill(before, { quiet: true }) });
};
let drawn = "";
const draw = () => {
  const now = JSON.stringify([chosen(), atelier.language]);
  if (now === drawn) return;  // a chip that is just being pressed stays
  drawn = now;
  open.replaceChildren(atelier.icon("brush"), t("styles.choose"));
  wardrobe.replaceChildren(atelier.icon("layers"), t("loras.open"));
  chips.replaceChildren(...chosen().map((name) => h("button", { type: "button", class: "wear", title: t("styles.take", { name }), "aria-label": t("styles.take", { name }),
    onclick: () => wear(chosen().filter((other) => other !== name)) }, h("span", {}, name), "×")));
};
document.querySelectorAll("dialog.styles").forEach((old) => old.remove());
const sheet = h("div", {}), dialog = h("dialog", { class: "styles" }, sheet);  // notes hang in the dialog beside it
document.body.append(dialog);
let known = [];
const attempt = async (work) => { try { known = (await work()).styles; return true; } catch (error) { atelier.note(error.problem); return false; } };
const show = async () => {
  if (!(await attempt(() => atelier.ask("api/styles")))) return;
  list();
  if (!dialog.open) dialog.showModal();
};
const head = (text) => h("header", {}, h("h2", {}, text), tool("close", "close", () => dialog.close()));
const list = () => {
  dialog.setAttribute("aria-label", t("styles.choose"));
  sheet.replaceChildren(head(t("styles.choose")),
    known.length ? h("ul", {}, known.map(row)) : h("p", { class: "none" }, t("styles.none")),
    h("footer", {}, h("button", { type: "button", class: "plain", onclick: () => edit({ name: "", prompt: read("prompt"), negative_prompt: read("negative_prompt") }) },
      atelier.icon("plus"), t("styles.save"))));
};
const row = (style) => {
  const on = chosen().includes(style.name);
  const box = h("input", { type: "checkbox", checked: on, onchange: () => wear(box.checked ? [...chosen(), style.name] : chosen().filter((n) => n !== style.name)) });
  return h("li", {}, h("label", {}, box, h("span", {}, h("b", {}, style.name), h("small", {}, style.prompt || style.negative_prompt))),
    h("button", { type: "button", class: "tool", title: t("styles.edit"), "aria-label": `${t("styles.edit")}: ${style.name}`, onclick: () => edit(style, style.name) }, atelier.icon("pen")));
};
const edit = (style, before = null) => {
  const name = h("input", { type: "text", maxlength: 200, required: true, value: style.name, id: "style-name" });
  const field = (key, text) => { const area = h("textarea", { rows: 4, maxlength: 20000, "aria-label": t(`field.${key}.label`) }); area.value = text; return area; };
  const prompt = field("prompt", style.prompt), negative = field("negative_prompt", style.negative_prompt);
  const keep = async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ name: name.value, prompt: prompt.value, negative_prompt: negative.value, instead_of: before });
    if (!(await attempt(() => atelier.ask("api/styles", { method: "PUT", body, headers: { "Content-Type": "application/json" } })))) return;
    if (!before) putOn({ name: name.value.trim(), prompt: prompt.value, negative_prompt: negative.value });
    if (before && before !== name.value) wear(chosen().map((n) => (n === before ? name.value : n)));
    asked = "";
    list();
  };
  let sure = false;
  const gone = h("button", { type: "button", class: "plain quiet", onclick: async () => {
    if (!sure) { sure = true; gone.textContent = t("styles.delete.sure"); gone.classList.add("danger"); return; }
    if (!(await attempt(() => atelier.ask(`api/styles?name=${encodeURIComponent(before)}`, { method: "DELETE" })))) return;
    wear(chosen().filter((n) => n !== before));
    list();
  } }, t("styles.delete"));
  sheet.replaceChildren(head(before ?? t("styles.new")), h("form", { onsubmit: keep },
    h("label", {}, t("styles.name"), name), h("label", {}, t("field.prompt.label"), prompt), h("label", {}, t("field.negative_prompt.label"), negative),
    h("p", { class: "none" }, t("styles.place", { place: "{prompt}" })),
    h("footer", {}, h("button", { type: "submit", class: "plain strong" }, t("styles.keep")), h("button", { type: "button", class: "plain", onclick: list }, t("styles.cancel")), before ? gone : "")));
  name.focus();
};
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
watch("value", () => { draw(); if (dialog.open && sheet.querySelector("ul")) { list(); sheet.querySelector("li:has(:checked)")?.scrollIntoView({ block: "nearest" }); } });
atelier.on("language", () => { draw(); if (last) tell(last); });
atelier.on("models", look);
draw();
