// Control units beside their form: which ControlNets there are, which of them fit, and what a preprocessor makes of a picture.
(() => {
  const atelier = window.atelier, { ask, t } = atelier;
  const { most, values, preprocessors } = JSON.parse(document.getElementById("atelier-control").textContent);
  const plain = Object.fromEntries(Object.entries(values).map(([name, known]) => [name, known.default]));
  /** With all its values, in the table's order. */
  const unit = (given = {}) => ({ ...plain, ...given });
  const held = () => (Array.isArray(atelier.form?.control) ? atelier.form.control : []);
  /** What is drawn with: units that are on and name a ControlNet. */
  const drawn = () => held().filter((one) => !one.off && one.model);
  /** How many are more than an empty place. */
  const filled = () => held().filter((one) => one.model || one.picture).length;

  // --- the files in models/controlnet ------------------------------------------------------------------------
  let networks = [], looked = false, wrong = {};  // wrong: what keeps a preprocessor from being used, by its name
  const load = async () => {
    let found, made;
    try { [{ controlnets: found }, { preprocessors: made }] = await Promise.all([ask("api/controlnets"), ask("api/preprocessors")]); } catch { return; }
    const lacking = Object.fromEntries(made.filter((one) => one.problem).map((one) => [one.name, one.problem]));
    const news = !looked || JSON.stringify([found, lacking]) !== JSON.stringify([networks, wrong]);
    looked = true;
    networks = found;
    wrong = lacking;
    if (news) atelier.emit("controlnets", networks);
  };
  const model = () => atelier.models.models.find((one) => one.name === atelier.models.chosen);
  /** Why it cannot be drawn with, or null. */
  const unfit = (network) => {
    if (network.problem) { const told = atelier.explain(network.problem); return `${told.message} ${told.remedy ?? ""}`.trim(); }
    const words = model()?.words;
    return network.width && words && network.width !== words ? t("control.unfit", { model: model().title }) : null;
  };
  /** Whether a unit's network sees the picture itself (IP-Adapter): no map is made of it. */
  const sees = (one) => networks.some((network) => network.name === one.model && network.methods?.includes("IP-Adapter"));
  /** Those that are made for scribbles, by their name, and fit. */
  const forScribbles = () => networks.filter((one) => !unfit(one) && !sees({ model: one.name }) && /scribble|sketch/i.test(`${one.name} ${one.title}`));

  // --- maps --------------------------------------------------------------------------------------------------
  const SAID = ["preprocessor", "threshold_a", "threshold_b", "resolution", "pixel_perfect", "resize_mode"];
  /** PNG: what the ControlNet would see at the form's size. picture: its hash. */
  const map = async (one, picture) => {
    const query = new URLSearchParams({ picture }), { width, height } = atelier.form ?? {};
    for (const name of SAID) if (one[name] !== null && one[name] !== undefined) query.set(name, one[name]);
    const size = [Number(width) || model()?.width, Number(height) || model()?.height];
    if (size.every((side) => side > 0)) { query.set("width", size[0]); query.set("height", size[1]); }
    return fetched(query);
  };
  const fetched = async (query) => {
    let answer;
    try { answer = await fetch(`api/preprocess?${query}`, { method: "POST" }); } catch { throw Object.assign(new Error("away"), { problem: atelier.unreachable }); }
    if (answer.ok) return answer.blob();
    throw Object.assign(new Error("refused"), { problem: (await answer.json().catch(() => null))?.error ?? atelier.unreachable });
  };
  const faces = new Map();  // hash -> object URL
  /** The address of a picture that the studio was given, for an img. */
  const face = async (picture) => {
    if (!faces.has(picture)) show(picture, await fetched(new URLSearchParams({ picture, preprocessor: "none" })));
    return faces.get(picture);
  };
  const show = (picture, blob) => { if (!faces.has(picture)) faces.set(picture, URL.createObjectURL(blob)); };
  /** A file to the studio; answers its hash, by which units name it. */
  const give = async (blob) => { const picture = await atelier.upload(blob); show(picture, blob); return picture; };

  /** A picture into the first unit that has none, or into a new one. */
  const take = async (blob) => {
    const now = held().map((one) => ({ ...one })), at = now.findIndex((one) => !one.off && !one.picture);
    if (at < 0 && now.length >= most) { atelier.note(t("control.full", { n: most }), t("control.full.remedy")); return; }
    const place = at < 0 ? now.length : at, picture = await give(blob);
    now[place] = unit({ ...now[place], picture });
    atelier.fill({ control: now }, { quiet: true });
    atelier.goTo(`control.${place}.model`);
  };
  Object.assign(atelier, { drawnUnits: drawn, control: { most, values, preprocessors, unit, filled, load, unfit, sees, forScribbles, map, face, give, get networks() { return networks; }, get wrong() { return wrong; }, get looked() { return looked; } } });
  atelier.takers.control = take;
  addEventListener("focus", () => { if (looked) load(); });  // a file was put into the folder meanwhile
})();
