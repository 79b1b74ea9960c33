// From JavaScript to the form and back: values go to Python, which fills the controls and says what it could not use.
const { t, note } = atelier;
let turn = 0, quiet = true, asked = null;
const send = (message) => { props.value = { ...message, turn: ++turn }; trigger("input"); };
atelier.fill = (values, told = {}) => {
  quiet = told.quiet ?? false;
  send({ values, leftovers: told.leftovers ?? {} });
};
/** What `found` (an answer of api/read-settings) would change; comes back as the event "compared". */
atelier.propose = (found) => {
  asked = found;
  send({ compare: true, values: found.values, leftovers: found.leftovers });
};
watch("value", () => {
  const answer = props.value;
  if (answer?.changes && asked) {
    const found = asked;
    asked = null;
    atelier.emit("compared", { ...found, changes: answer.changes, left: answer.left });
  }
  if (!answer?.filled || quiet) return;
  quiet = true;
  const left = Object.entries(answer.left ?? {}).map(([name, value]) => `${atelier.label(name)}: ${value}`);
  note(t(answer.filled.length ? "note.filled" : "note.nothing"), left.length ? t("note.left", { what: left.join(", ") }) : "");
});
