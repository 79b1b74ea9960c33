// Pictures on their way to a data set: files, a folder or a zip, in portions, with progress and what was left out.
(() => {
  const atelier = window.atelier;
  const { h, t } = atelier;
  const KNOWN = /\.(png|jpe?g|webp|avif|tiff?|bmp|gif|txt|caption|json|jsonl)$/i, ZIP = /\.zip$/i;
  const MOST = 40, HEAVIEST = 48e6;  // of one portion

  /** All files below what was dropped; folders are looked into. */
  const dropped = async (transfer) => {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.length) return [...transfer.files];
    const found = [];
    const walk = async (entry) => {
      if (entry.isFile) { found.push(await new Promise((done, fail) => entry.file(done, fail))); return; }
      const reader = entry.createReader();
      for (;;) { const some = await new Promise((done, fail) => reader.readEntries(done, fail)); if (!some.length) break; for (const one of some) await walk(one); }
    };
    for (const entry of entries) await walk(entry);
    found.folder = entries.find((e) => e.isDirectory)?.name;
    return found;
  };
  /** One request; `told(share)` while it is on its way. fetch does not tell how far an upload is. */
  const post = (path, files, told, stop) => new Promise((done, fail) => {
    const request = new XMLHttpRequest(), form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    request.open("POST", path);
    request.upload.onprogress = (event) => { if (event.lengthComputable) told(event.loaded / event.total); };
    request.onload = () => {
      const body = (() => { try { return JSON.parse(request.responseText); } catch { return null; } })();
      if (request.status >= 200 && request.status < 300 && body) done(body); else fail(Object.assign(new Error("refused"), { problem: body?.error ?? atelier.unreachable }));
    };
    request.onerror = () => fail(Object.assign(new Error("away"), { problem: atelier.unreachable }));
    request.onabort = () => done(null);
    stop.abort = () => request.abort();
    request.send(form);
  });
  const portions = (files) => {
    const found = [];
    let now = [], weight = 0;
    // A picture and its caption go together, so that a number given to one is given to both.
    for (const file of [...files].sort((a, b) => a.name.localeCompare(b.name))) {
      if (ZIP.test(file.name)) { found.push([file]); continue; }
      if (now.length >= MOST || (now.length && weight + file.size > HEAVIEST)) { found.push(now); now = []; weight = 0; }
      now.push(file); weight += file.size;
    }
    if (now.length) found.push(now);
    return found;
  };
  /** A name for what was chosen: its folder's, its zip's, or a number. */
  const nameFor = (files, taken) => {
    const zip = [...files].find((f) => ZIP.test(f.name)), path = [...files][0]?.webkitRelativePath;
    const wanted = (files.folder ?? (path ? path.split("/")[0] : zip ? zip.name.replace(ZIP, "") : t("training.set.unnamed"))).replace(/[^\p{L}\p{N}_ \-.]/gu, " ").replace(/\s+/g, " ").trim().slice(0, 80) || "pictures";
    const free = (name) => !taken.some((other) => other.toLowerCase() === name.toLowerCase());
    for (let n = 1; ; n++) { const name = n === 1 && wanted !== t("training.set.unnamed") ? wanted : `${wanted} ${n}`; if (free(name)) return name; }
  };
  /** Sends files into data set `name`; draws its progress into `box`. Returns what arrived, or null. */
  const send = async (files, name, box) => {
    const wanted = [...files].filter((f) => KNOWN.test(f.name) || ZIP.test(f.name)), left = [...files].filter((f) => !wanted.includes(f) && !f.name.startsWith(".")).map((f) => [f.name, t("import.no.picture")]);
    if (!wanted.length) { atelier.note(t("training.upload.nothing"), t("training.upload.kinds")); return null; }
    const whole = wanted.reduce((sum, f) => sum + f.size, 0) || 1, stop = {};
    const line = h("p", { role: "status" }), bar = h("progress", { max: 1, value: 0, "aria-label": t("training.upload") });
    let sent = 0, ended = false, arrived = null;
    box.replaceChildren(h("div", { class: "uploading" }, line, bar, h("button", { type: "button", class: "plain small", onclick: () => { ended = true; stop.abort?.(); } }, t("import.stop"))));
    const tell = (share, size) => { const done = (sent + share * size) / whole; bar.value = done; line.textContent = done < 1 ? t("training.upload.at", { percent: Math.floor(done * 100), name }) : t("training.upload.reading", { name }); };
    try {
      for (const portion of portions(wanted)) {
        if (ended) break;
        const size = portion.reduce((sum, f) => sum + f.size, 0);
        tell(0, size);
        const answer = await post(`api/training/datasets/${encodeURIComponent(name)}`, portion, (share) => tell(share, size), stop);
        if (!answer) break;
        arrived = answer;
        left.push(...(answer.left_out ?? []).map((one) => [one.name, one.why]));
        sent += size;
      }
    } catch (error) {
      if (!error.problem) throw error;
      atelier.note(error.problem);
    }
    box.replaceChildren(left.length ? h("details", { class: "leftout" }, h("summary", {}, t("training.upload.left", { n: left.length })), h("ul", {}, left.slice(0, 200).map(([file, why]) => h("li", {}, h("b", {}, file), ` ${reason(why)}`)))) : "");
    return arrived;
  };
  const reason = (why) => (atelier.has(`training.left.${why}`) ? t(`training.left.${why}`) : why);

  const picker = (more) => {
    const input = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true", ...more });
    document.body.append(input);
    return (then) => { input.value = ""; input.onchange = () => { if (input.files.length) then([...input.files]); }; input.click(); };
  };
  const files = picker({ id: "training-files", accept: "image/*,.txt,.caption,.json,.jsonl,.zip" }), folder = picker({ id: "training-folder", webkitdirectory: true });
  atelier.bring = { files, folder, dropped, nameFor, send };
})();
