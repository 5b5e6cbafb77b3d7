// The bar above: which workload, back and forth, and what leaves the screen or comes to it.

const ICONS = {
  undo: "M7 5 3 9l4 4M3 9h8a4.5 4.5 0 0 1 0 9H8",
  redo: "m13 5 4 4-4 4m4-4H9a4.5 4.5 0 0 0 0 9h3",
  reset: "M4 10a6 6 0 1 0 2-4.5M6 2v4h4",
  open: "M3 16V5h5l2 2h7v9zM3 9h14",
  share: "M10 12V3m0 0L6.5 6.5M10 3l3.5 3.5M4 11v6h12v-6",
  save: "M10 3v9m0 0 3.5-3.5M10 12 6.5 8.5M4 13v4h12v-4",
  report: "M5 3h7l3 3v11H5zM8 9h4M8 12h4",
  compare: "M4 4h5v12H4zM11 4h5v12h-5z",
  scenarios: "M3 4h14v12H3zM3 8h14M3 12h14M8 4v12",
  light: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v2m0 12v2M2 10h2m12 0h2M4.3 4.3l1.4 1.4m8.6 8.6 1.4 1.4m0-11.4-1.4 1.4m-8.6 8.6-1.4 1.4",
};

function icon(name) {
  return s("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));
}

function button(name, text, title, onclick, extra = {}) {
  const label = text ? { title } : { title, "aria-label": title };
  return h(`button.x-button${text ? "" : ".bare"}`, { type: "button", ...label, onclick, ...extra }, icon(name), text || null);
}

class Bar {
  constructor(root, send, state) {
    this.send = send;
    this.root = root;
    this.presets = h("select", { "aria-label": "Workload", onchange: () => send({ do: "preset", name: this.presets.value }) });
    this.undo = button("undo", "", "Undo (Ctrl+Z)", () => send({ do: "undo" }));
    this.redo = button("redo", "", "Redo (Ctrl+Shift+Z)", () => send({ do: "redo" }));
    this.reset = button("reset", "", "Reset to where it began", () => send({ do: "reset" }));
    this.file = h("input", { type: "file", hidden: true, tabindex: -1, "aria-label": "A workload or a log", onchange: () => this.opened() });
    this.pin = button("compare", "Compare", "Keep this one beside what you turn next", () => send({ do: "pin" }), { "aria-pressed": "false" });
    this.scenarios = button("scenarios", "Scenarios", "Workloads by name, side by side", () => send({ do: "scenarios" }));
    const theme = button("light", "", "Light or dark", () => state.turnTheme());
    this.element = h(root.classList.contains("alone") ? "header.x-bar" : "div.x-bar", {},
      h("h1.x-brand", {}, "explorer"),
      this.presets, this.undo, this.redo, this.reset, h("span.x-gap"), h("span.x-working", { hidden: true, role: "status" }),
      button("open", "Open", "A workload in TOML, or a log of your traffic", () => this.opening()), this.file,
      button("share", "Share", "This workload as a short text", () => send({ do: "share" })),
      this.pin, this.scenarios,
      button("save", "Save", "This workload as TOML", () => send({ do: "save" })),
      button("report", "Report", "A decision record to hand on", () => this.reporting()), theme,
      h("button.x-button.bare", { type: "button", title: "Help: first steps, keys, words (?)", "aria-label": "Help", onclick: () => send({ do: "help" }) }, "?"));
    root.append(this.element);
    this.working = this.element.querySelector(".x-working");
    this.gone = h("p.x-gone", { role: "alert", hidden: true });
    root.append(this.gone);
    this.dialog = h("dialog.x-dialog", {
      onclick: (event) => { if (event.target === this.dialog) this.dialog.close(); },
      onclose: () => { if (!this.dialog.open) this.dialog.replaceChildren(); },
    });
    root.append(this.dialog);
    (root.classList.contains("alone") ? document : root).addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input[type=text], textarea")) return;
    const letter = event.key.toLowerCase();
    const wanted = letter === "y" || (letter === "z" && event.shiftKey) ? "redo" : letter === "z" ? "undo" : null;
    if (!wanted) return;
    event.preventDefault();
    event.stopPropagation();
    this.send({ do: wanted });
  }

  stand({ presets, preset, undo, redo, changed, pinned, scenarios, endings }) {
    if (presets) this.presets.replaceChildren(...presets.map((name) => h("option", { value: name }, name)));
    if (preset !== undefined) this.presets.value = preset;
    if (endings) this.endings = endings;
    this.undo.disabled = !undo;
    this.redo.disabled = !redo;
    this.reset.disabled = !changed;
    if (scenarios !== undefined) this.count(scenarios);
    this.pin.setAttribute("aria-pressed", String(pinned));
    this.pin.lastChild.textContent = pinned ? "Comparing" : "Compare";
    this.pin.title = pinned ? "End the comparison" : "Keep this one beside what you turn next";
  }

  count(scenarios) { this.scenarios.lastChild.textContent = scenarios ? `Scenarios ${scenarios}` : "Scenarios"; }

  busy(text) {
    this.owned = false;
    this.working.hidden = !text;
    this.working.textContent = text;
  }

  // What stands in the panels is being computed.
  under(way) {
    if (way && this.working.hidden) { this.busy("Computing…"); this.owned = true; }
    else if (!way && this.owned) { this.busy(""); this.owned = false; }
  }

  lost(text) {
    this.gone.hidden = !text;
    this.gone.textContent = text;
  }

  // A page over the screen: HTML that Python made; `closed` is called once it is left.
  page(title, html, closed) {
    const inside = h("div.x-page");
    inside.innerHTML = html;
    this.modal(title, inside);
    this.dialog.classList.add("wide");
    this.dialog.scrollTop = 0;
    const watch = new ResizeObserver(() => inside.querySelectorAll(".x-table").forEach(cutOrNot));
    watch.observe(inside);
    this.dialog.addEventListener("close", () => { watch.disconnect(); this.dialog.classList.remove("wide"); closed(); }, { once: true });
  }

  modal(title, ...inside) {
    const close = h("button.x-button.bare.x-close", { type: "button", "aria-label": "Close", onclick: () => this.dialog.close() }, "×");
    this.dialog.setAttribute("aria-label", title);
    this.dialog.replaceChildren(h("header.x-title", {}, h("h2", {}, title), close), ...inside);
    if (!this.dialog.open) this.dialog.showModal();
  }

  opening() {
    const text = h("textarea", { rows: 7, spellcheck: "false", "aria-label": "Workload as text", placeholder: "Paste a shared workload, or TOML" });
    const take = () => {
      if (!text.value.trim()) return;
      this.dialog.close();
      this.send({ do: "paste", text: text.value });
    };
    this.modal("Open a workload",
      h("p", {}, "A workload file (.toml), or a log of your traffic: Lambda's REPORT lines, API Gateway or load balancer access logs, gzip too."),
      h("p", {}, button("open", "Choose a file", "Choose a file", () => this.file.click())),
      h("p", {}, "Or paste what someone shared with you:"), text,
      h("p.x-end", {}, h("button.x-button.primary", { type: "button", onclick: take }, "Open")));
  }

  async opened() {
    const file = this.file.files[0];
    this.file.value = "";
    if (this.dialog.open) this.dialog.close();
    if (file) this.send({ do: "open", name: file.name }, [await file.arrayBuffer()]);
  }

  // A link for this browser, which alone has the server's token in a cookie; one line for another; and the file itself.
  share({ text, toml }, hash) {
    const link = hash ? `${location.origin}${location.pathname}${hash}` : "";
    const done = h("span", { role: "status" });
    const part = (title, hint, content, rows) => {
      const area = h("textarea", { rows, readonly: true, "aria-label": title });
      area.value = content;
      const copy = async () => {
        area.select();
        try { await navigator.clipboard.writeText(content); } catch { document.execCommand("copy"); }
        done.textContent = `${title}: copied.`;
      };
      return [h("p.x-end.x-head", {}, h("b", {}, title), h("small", {}, hint), h("span.x-gap"), h("button.x-button", { type: "button", "aria-label": `Copy ${title.toLowerCase()}`, onclick: copy }, "Copy")), area];
    };
    this.modal("Share this workload",
      ...(link ? part("Link", "to this very screen, in this browser; what it is compared with and the scenarios too", link, 2) : []),
      ...part("The workload as text", "for a message: Open, paste; or explorer app TEXT", text, 3),
      ...part("TOML", "the workload file", toml, 7), h("p.x-end", {}, done));
    this.dialog.querySelector("textarea").select();
  }

  // The map as a picture, or as its numbers.
  picture(map) {
    if (!map.spec) return;
    const title = `What wins where: ${this.presets.value}, ${map.spec.y.name} over ${map.spec.x.name}`;
    const name = `map-${(this.presets.value || "workload").toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
    const kinds = [
      [".svg", "Picture that scales", "image/svg+xml", () => mapAsSvg(map, title)],
      [".png", "Picture of pixels", "image/png", () => mapAsPng(map, title)],
      [".csv", "Every cell as a row", "text/csv", () => mapAsCsv(map)],
    ];
    const make = async (ending, kind, content) => { this.dialog.close(); download(name + ending, kind, await content()); };
    this.modal("The map as a file", h("div.x-choose", {}, ...kinds.map(([ending, text, kind, content]) => h("button.x-button", { type: "button", onclick: () => make(ending, kind, content) }, icon("save"), `${text} (${ending})`))));
  }

  reporting() {
    const said = { ".html": "Web page, one file", ".pdf": "PDF", ".md": "Markdown", ".ipynb": "Notebook" };
    const make = (ending) => { this.dialog.close(); this.send({ do: "export", ending }); };
    this.modal("Report",
      h("p", {}, "The decision, its numbers, what was rejected, and every source with its date."),
      h("div.x-choose", {}, ...this.endings.map((ending) => h("button.x-button", { type: "button", onclick: () => make(ending) }, icon("report"), `${said[ending] || ending} (${ending})`))));
  }
}

// A table that is wider than its place says so.
function cutOrNot(table) {
  table.classList.toggle("cut", table.scrollWidth > table.clientWidth + 1);
}

function download(name, kind, bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: kind }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
