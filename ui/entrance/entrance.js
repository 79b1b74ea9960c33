"use strict";
// Signing in, with a password or with a code for the first time, and making the first admin. Texts enter as text.
const { kind, words } = "{data}";
const kept = (key) => { try { return localStorage.getItem(`atelier.${key}`); } catch { return null; } };
const keep = (key, value) => { try { localStorage.setItem(`atelier.${key}`, value); } catch { /* private window */ } };
const system = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark", kept("theme") ? kept("theme") === "dark" : system.matches);
paint();
system.addEventListener("change", paint);

let language = (kept("language") ?? navigator.language ?? "en").toLowerCase().startsWith("zh") ? "zh-CN" : "en";
let way = kind === "set-up" ? "first" : "password", busy = false;
const t = (key, values = {}) => (words[language][key] ?? words.en[key] ?? key).replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);
const h = (tag, facts = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) name.startsWith("on") ? made.addEventListener(name.slice(2), value) : made.setAttribute(name, value);
  made.append(...children);
  return made;
};
const told = (problem) => {
  if (!problem) return t("error.unreachable.message");
  const said = (part) => t(`error.${problem.code}.${part}`, problem.values);
  const known = `error.${problem.code}.message` in words.en;
  return known ? `${said("message")} ${said("remedy")}` : `${problem.message} ${problem.remedy ?? ""}`;
};

const FIELDS = {
  code: { autocomplete: "one-time-code", placeholder: "ABCD-EFGH-JKMN", spellcheck: "false", autocapitalize: "characters" },
  name: { autocomplete: "username", spellcheck: "false", autocapitalize: "none", maxlength: "64" },
  password: { type: "password", autocomplete: "current-password", maxlength: "256" },
  fresh: { type: "password", autocomplete: "new-password", maxlength: "256" },
};
const WAYS = {
  password: { fields: ["name", "password"], path: "api/people/sign-in", other: "code" },
  code: { fields: ["name", "code", "fresh"], path: "api/people/sign-in", other: "password" },
  first: { fields: ["code", "name", "fresh"], path: "api/people/first" },
};

const field = (name) => {
  const input = h("input", { name, id: name, required: "", ...FIELDS[name] });
  const label = h("label", { for: name }, t(`entrance.${name}`), input);
  if (name === "fresh") label.append(h("small", {}, t("entrance.fresh.help")));
  return label;
};

const draw = () => {
  document.documentElement.lang = language;
  document.title = `${t(`entrance.${way}.title`)} · Atelier`;
  const before = Object.fromEntries([...document.querySelectorAll("input")].map((input) => [input.name, input.value]));
  const chosen = WAYS[way], wrong = h("p", { class: "wrong", role: "alert" });
  const go = h("button", { class: "go" }, t(`entrance.${way}.go`));
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); send(chosen, form, wrong, go); } },
    h("h2", {}, t(`entrance.${way}.title`)), h("p", {}, t(`entrance.${way}.about`)), ...chosen.fields.map(field), wrong, go);
  if (chosen.other) form.append(h("button", { type: "button", class: "link", onclick: () => { way = chosen.other; draw(); } }, t(`entrance.${chosen.other}.instead`)));
  document.getElementById("content").replaceChildren(form);
  for (const input of form.querySelectorAll("input")) input.value = before[input.name] ?? "";
  (([...form.querySelectorAll("input")].find((input) => !input.value)) ?? go).focus();
  document.getElementById("language").textContent = language === "en" ? "中文" : "English";
};

const send = async (chosen, form, wrong, go) => {
  if (busy) return;
  busy = go.disabled = true;
  wrong.textContent = "";
  const values = Object.fromEntries(chosen.fields.map((name) => [name === "fresh" ? "password" : name, form.elements[name].value]));
  try {
    const answer = await fetch(chosen.path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(values) });
    if (answer.ok) { location.replace("./"); return; }
    wrong.textContent = told((await answer.json().catch(() => null))?.error);
    if (answer.status === 401) form.querySelector("input[type=password]").select();
  } catch { wrong.textContent = told(null); }
  busy = go.disabled = false;
};

document.getElementById("language").addEventListener("click", () => {
  language = language === "en" ? "zh-CN" : "en";
  keep("language", language);
  draw();
});
draw();
