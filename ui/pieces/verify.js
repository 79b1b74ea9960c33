// "Where is it from?": a picture in, every mark that its file carries out, and in plain words what they prove.
const { h, t } = atelier;
const picker = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/avif,image/gif,image/tiff,image/bmp", class: "unseen", tabindex: "-1", "aria-hidden": "true", id: "verify-file" });
const choose = h("button", { type: "button", class: "plain", id: "verify-choose", onclick: () => { picker.value = ""; picker.click(); } });
const title = h("h2", {}), lead = h("p", { class: "lead" }), drop = h("p", { class: "quietly" }), look = h("div", { class: "shown" }), answer = h("section", { class: "answer", role: "status" });
const well = h("div", { class: "sample" }, look, choose, drop);
root.replaceChildren(h("div", { class: "verifying" }, h("header", {}, title, lead), h("div", { class: "pair" }, well, answer), picker));

let found = null, problem = null, name = "", shown = null, turn = 0;
const TONE = { here: "good", signed: "plain", broken: "bad", label: "plain", enhanced: "plain", settings: "plain", other: "plain", nothing: "quiet" };
const row = (key, ...texts) => { const said = texts.filter((text) => text !== "" && text !== null && text !== undefined); return said.length ? [h("dt", {}, t(key)), h("dd", {}, ...said.map((text) => h("p", {}, String(text))))] : []; };
const kind = (source) => (source && atelier.has(`source.${source}`) ? t(`source.${source}`) : source);
const reason = (code) => (atelier.has(`verify.problem.${code}`) ? t(`verify.problem.${code}`) : code);
const claim = ({ action, source }) => [atelier.has(`verify.action.${action}`) ? t(`verify.action.${action}`) : action, kind(source)].filter(Boolean).join(" · ");
const signature = (s) => (!s ? row("verify.signature", t("verify.signature.none")) : [
  ...row("verify.signature", t(`verify.signature.${s.state}`), ...s.problems.filter((code) => code !== "signingCredential.untrusted").map(reason)),
  ...row("verify.by", s.by), ...row("verify.when", s.when), ...row("verify.tool", s.tool), ...row("verify.claims", ...(s.claims ?? []).map(claim), s.before ? t("verify.before", { n: s.before }) : "")]);
const draw = () => {
  [title.textContent, lead.textContent, drop.textContent] = [t("verify.title"), t("verify.lead"), name || t("verify.drop")];
  choose.replaceChildren(atelier.icon("open"), h("span", {}, t("verify.choose")));
  if (problem) { const { message, remedy } = atelier.explain(problem); answer.replaceChildren(h("h3", { class: "tone-bad" }, message), h("p", {}, remedy ?? "")); return; }
  if (!found) { answer.replaceChildren(h("p", { class: "quietly" }, t("verify.empty"))); return; }
  answer.replaceChildren(h("h3", { class: `tone-${TONE[found.verdict]}` }, t(found.verdict === "settings" ? "verify.with.settings" : `verify.${found.verdict}`)), h("p", {}, t(`verify.${found.verdict}.means`)),
    h("dl", {}, ...signature(found.signature), ...row("verify.source", found.source ? kind(found.source) : t("verify.source.none")),
      ...(found.label ? row("verify.label.aigc", ...Object.entries(found.label).map(([key, value]) => `${key}: ${value}`)) : []),
      ...row("verify.settings", found.settings ? [found.settings.tool, found.settings.prompt].filter(Boolean).join(": ") || t("verify.settings.some") : t("verify.settings.none")),
      ...row("verify.texts", found.texts.join(", ")), ...row("details.size", `${found.format} · ${found.width} × ${found.height}`)),
    h("p", { class: "quietly" }, t("verify.limits")));
};
const read = async (file) => {
  if (!file) return;
  const mine = ++turn;
  if (shown) URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(file);
  [found, problem, name] = [null, null, file.name];
  look.replaceChildren(h("img", { src: shown, alt: "", onerror: (event) => event.target.remove() }));
  draw();
  answer.replaceChildren(h("p", { class: "quietly" }, t("verify.reading")));
  try {
    const told = await atelier.ask("api/verify", { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
    if (mine === turn) found = told;
  } catch (error) {
    if (!error.problem) throw error;
    if (mine === turn) problem = error.problem;
  }
  if (mine === turn) draw();
};
picker.addEventListener("change", () => read(picker.files[0]));
const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
root.addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
root.addEventListener("drop", (event) => { if (!files(event)) return; event.preventDefault(); event.stopPropagation(); atelier.emit("dropped"); read(event.dataTransfer.files[0]); });
atelier.on("language", draw);
draw();
