// From JavaScript to the form and back: values go to Python, which fills the controls and says what it could not use.
const { t, note } = atelier;
let turn = 0, quiet = true;
atelier.fill = (values, told = {}) => {
  quiet = told.quiet ?? false;
  props.value = { values, leftovers: told.leftovers ?? {}, turn: ++turn };
  trigger("input");
};
watch("value", () => {
  const answer = props.value;
  if (!answer?.filled || quiet) return;
  quiet = true;
  const left = Object.entries(answer.left ?? {}).map(([name, value]) => `${atelier.label(name)}: ${value}`);
  note(t(answer.filled.length ? "note.filled" : "note.nothing"), left.length ? t("note.left", { what: left.join(", ") }) : "");
});
