// Brings pictures from other places into the gallery: files or a whole folder, one by one, and says what was left out.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  atelier.shapes.import = "M12 15V4m-5 5 5-5 5 5M5 20h14";
  const PICTURE = /\.(png|jpe?g|webp|avif|tiff?|bmp|gif)$/i;
  const ARCHIVE = /\.(zip|7z|rar|tar|t?gz)$/i;
  const card = h("section", { class: "importing", hidden: true });
  let stopped = false, busy = false;

  const bring = async (files) => {
    if (busy || !files.length) return;
    const wanted = files.filter((file) => PICTURE.test(file.name)), left = files.filter((file) => !PICTURE.test(file.name)).map((file) => [file.webkitRelativePath || file.name, t(ARCHIVE.test(file.name) ? "import.archive" : "import.no.picture")]);
    const bar = h("progress", { max: wanted.length || 1, value: 0, "aria-label": t("import") }), line = h("p", { role: "status" });
    const stop = h("button", { type: "button", class: "plain", onclick: () => { stopped = true; } }, t("import.stop"));
    let made = 0, known = 0, done = 0, told = Date.now();
    [busy, stopped] = [true, false];
    card.setAttribute("aria-label", t("import"));
    card.hidden = false;
    card.replaceChildren(line, bar, h("div", {}, stop));
    document.body.append(card);
    for (const file of wanted) {
      if (stopped) break;
      line.textContent = t("import.at", { i: done + 1, n: wanted.length, name: file.name });
      try {
        const about = new URLSearchParams({ name: file.webkitRelativePath || file.name, modified: file.lastModified / 1000 });
        const answer = await atelier.ask(`api/images/import?${about}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
        if (answer.known) known++; else made++;
      } catch (error) {
        if (!error.problem) throw error;
        const { message, remedy } = atelier.explain(error.problem);
        left.push([file.webkitRelativePath || file.name, message]);
        if (error.problem.code === "unreachable" || error.problem.code === "disk.full") { atelier.note(message, remedy); break; }
      }
      bar.value = ++done;
      if (made && Date.now() - told > 2000) { told = Date.now(); atelier.emit("images", {}); }  // they appear as they come
    }
    busy = false;
    line.textContent = [t(made === 1 ? "import.made.one" : "import.made.many", { n: made }), known ? t("import.known", { n: known }) : "", left.length ? t("import.left", { n: left.length }) : "", stopped ? t("import.stopped") : ""].filter(Boolean).join(" · ");
    card.replaceChildren(line, left.length ? h("details", {}, h("summary", {}, t("import.why")), h("ul", {}, left.slice(0, 300).map(([name, why]) => h("li", {}, h("b", {}, name), ` ${why}`)))) : "",
      h("div", {}, h("button", { type: "button", class: "plain", onclick: () => { card.hidden = true; } }, t("close"))));
    if (made) atelier.emit("images", {});
  };
  const picker = (more) => {
    const input = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true", ...more });
    input.addEventListener("change", () => { bring([...input.files]); input.value = ""; });
    document.body.append(input);
    return input;
  };
  const files = picker({ accept: "image/*", id: "import-files" }), folder = picker({ webkitdirectory: true, id: "import-folder" });

  atelier.importFiles = () => files.click();
  atelier.importFolder = () => folder.click();
  /** A button that offers both. */
  atelier.importer = () => {
    const menu = h("div", { class: "menu", role: "menu", popover: "auto", id: "import-menu" },
      h("button", { type: "button", role: "menuitem", onclick: () => { menu.hidePopover(); atelier.importFiles(); } }, t("import.files")),
      h("button", { type: "button", role: "menuitem", onclick: () => { menu.hidePopover(); atelier.importFolder(); } }, t("import.folder")),
      h("button", { type: "button", role: "menuitem", onclick: () => { menu.hidePopover(); const link = h("a", { href: "api/people/me/export", download: "" }); document.body.append(link); link.click(); link.remove(); } }, t("import.mine")));
    const button = atelier.tool("import", "import", () => {
      menu.togglePopover();
      const r = button.getBoundingClientRect();
      menu.style.top = `${r.bottom + 6}px`;
      menu.style.left = `${Math.max(8, Math.min(innerWidth - menu.offsetWidth - 8, r.right - menu.offsetWidth))}px`;
    }, { id: "gallery-import", "aria-haspopup": "menu" });
    return h("span", {}, button, menu);
  };
})();
