// What shall be trained: the schema, the goal and its preset, and what the person set otherwise; kept in the browser.
(() => {
  const atelier = window.atelier;
  const kept = (() => { try { return JSON.parse(atelier.stored("training.plan") ?? "{}") ?? {}; } catch { return {}; } })();
  const state = { goal: kept.goal ?? null, quality: kept.quality ?? "balanced", set: kept.set ?? null, own: kept.own ?? {} };
  // Seeds come as texts, since a browser's numbers are exact only up to 2**53.
  const plain = (v) => (v !== null && typeof v === "object" ? JSON.stringify(v) : String(v ?? ""));
  const equal = (a, b) => plain(a) === plain(b);
  let schema = null, asking = null, table = new Map();

  const plan = {
    state, get schema() { return schema; }, table: () => table,
    /** Asked for once for a model and a number of pictures, which presets depend on; throws what atelier.ask throws. */
    load: () => (asking ??= atelier.ask(address()).then((found) => {
      schema = found;
      table = new Map(found.parameters.map((p) => [p.name, p]));
      state.own = Object.fromEntries(Object.entries(state.own).filter(([name]) => table.has(name) || name === "method"));  // of an older version
      if (!found.goals.some((g) => g.key === state.goal)) state.goal = null;
      return found;
    }).catch((error) => { asking = null; throw error; })),
    preset: () => schema?.goals.find((g) => g.key === state.goal)?.qualities[state.quality] ?? {},
    method: () => plan.value("method"),
    /** What a parameter is without the person's own word. */
    standard: (name) => {
      const preset = plan.preset();
      if (name in preset) return preset[name];
      if (name === "method") return "lora";
      if (name === "checkpoint") return schema?.base?.name ?? "";
      if (name === "concepts") return state.set ? [{ folder: state.set.folder, kind: "train", repeats: 1, weight: 1 }] : [];
      if (name === "prompts") return suggested();
      if (name === "name") return named();
      return table.get(name)?.default;
    },
    value: (name) => (name in state.own ? state.own[name] : plan.standard(name)),
    differs: (name) => name in state.own && !equal(state.own[name], plan.standard(name)),
    set: (name, value) => {
      if (equal(value, plan.standard(name))) delete state.own[name]; else state.own[name] = value;
      changed(name);
    },
    reset: (names) => { for (const name of names) delete state.own[name]; changed(); },
    choose: (goal, quality) => { Object.assign(state, { goal, quality }); changed(); },
    /** set: {name, folder, captions} or null. */
    use: (set) => { state.set = set; delete state.own.concepts; changed(); },
    /** By name, as the API takes them: the preset, and what differs from it. */
    values: () => {
      const preset = { ...plan.preset() }, names = ["concepts", "prompts", "name"];
      for (const name of names) preset[name] = plan.value(name);
      return { ...preset, ...state.own };
    },
    /** The word of the prompt that is learned. */
    word: () => plan.value(wordOf()) ?? "",
    wordOf: () => wordOf(),
    restore: (values) => {
      state.own = Object.fromEntries(Object.entries(values).filter(([name, value]) => (table.has(name) || name === "method") && !equal(value, plan.standard(name)) && name !== "checkpoint_hash"));
      const first = (values.concepts ?? []).find((c) => c.kind === "train");
      if (first) state.set = { name: first.folder.split("/").at(-1), folder: first.folder, captions: [] };
      changed();
    },
  };
  /** A file's name, of the word or of the data set. */
  const named = () => (plan.word().replace(/[<>]/g, "") || state.set?.name || "").replace(/[^\p{L}\p{N}_ \-.]/gu, " ").replace(/^[^\p{L}\p{N}_]+/u, "").trim().slice(0, 60) || "training";
  let askedFor = "";
  const address = () => (askedFor = `api/training/schema?${new URLSearchParams({ checkpoint: state.own.checkpoint ?? "", pictures: Math.max(1, state.set?.count || 20) })}`);
  const wordOf = () => (plan.method() === "textual_inversion" ? "textual_inversion.token" : "trigger");
  /** Some captions of the pictures, with the word: what samples show comes near to what is learned. */
  const suggested = () => {
    const word = plan.word(), found = [], captions = (state.set?.captions ?? []).map((c) => c.split("\n")[0].trim()).filter(Boolean);
    for (const at of [0, 0.34, 0.67]) {
      const caption = captions[Math.floor(captions.length * at)];
      if (!caption) continue;
      const whole = word && !caption.toLowerCase().includes(word.toLowerCase()) ? `${word}, ${caption}` : caption;
      if (!found.includes(whole)) found.push(whole);
    }
    return found.length ? found : word ? [word] : [];
  };
  let waiting = 0;
  const changed = (name) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => atelier.store("training.plan", JSON.stringify({ ...state, set: state.set && { ...state.set, captions: state.set.captions?.slice(0, 60) } })), 200);
    atelier.emit("plan", name);
    const before = askedFor;
    if (schema && address() !== before) { asking = null; plan.load().then(() => atelier.emit("plan")).catch(() => {}); }
  };
  /** A parameter's name and help in the page's language. */
  plan.label = (name) => (atelier.has(`training.field.${name}.label`) ? atelier.t(`training.field.${name}.label`) : table.get(name)?.label ?? name);
  plan.help = (name) => (atelier.has(`training.field.${name}.help`) ? atelier.t(`training.field.${name}.help`) : table.get(name)?.help ?? "");
  /** A problem whose field is a parameter of training. */
  plan.explain = (problem) => {
    const told = atelier.explain({ ...problem, values: { ...problem.values, label: problem.field ? plan.label(problem.field) : undefined } });
    return { ...told, text: `${told.message} ${told.remedy ?? ""}`.trim() };
  };
  plan.choice = (value) => (atelier.has(`training.choice.${value}`) ? atelier.t(`training.choice.${value}`) : String(value));
  atelier.plan = plan;
})();
