// Workloads by name, side by side in one table: kept, loaded, renamed, removed, and given as a file.

class Scenarios {
  constructor(bar, send) {
    Object.assign(this, { bar, send, renamed: "" });
    this.label = h("span");
    this.name = h("input", { type: "text", autocomplete: "off", spellcheck: "false" });
    this.limit = h("small");
    this.take = h("button.x-button.primary", { type: "submit" });
    this.back = h("button.x-button", { type: "button", onclick: () => this.rename("") }, "Cancel");
    this.form = h("form.x-naming", { onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h("label", {}, this.label, this.name), this.take, this.back, this.limit);
    this.full = h("p");
    this.trouble = h("p.bad", { role: "alert" });
    this.table = h("div.x-scenarios", { onclick: (event) => this.click(event) });
    this.note = h("small");
    this.file = h("button.x-button", { type: "button", title: "The table as a file", onclick: () => this.send({ do: "table" }) }, icon("save"), "Download (.csv)");
  }

  get open() { return this.table.isConnected && this.bar.dialog.open; }

  // The table as it is now. What was typed stays where it could not be taken.
  show({ html, count, note, full, proposal, longest, trouble, ok, did }) {
    if (!this.open) {
      this.bar.page("Scenarios side by side", "", () => this.bar.dialog.classList.remove("widest"));
      this.bar.dialog.classList.add("widest");
      this.bar.dialog.querySelector(".x-page").append(this.form, this.full, this.trouble, this.table, h("p.x-end", {}, this.note, h("span.x-gap"), this.file));
    }
    const done = this.renamed && ok ? this.name.value : "";
    Object.assign(this, { proposal, atMost: full });
    this.limit.textContent = `at most ${longest} letters`;
    this.bar.count(count);
    this.trouble.textContent = trouble;
    show(this.table, html);
    this.note.textContent = note;
    this.file.hidden = !count;
    if (ok) this.rename("");
    this.rest(did, done);
  }

  // The name is asked for: of what is on the screen, or anew of a scenario.
  rename(scenario) {
    this.renamed = scenario;
    this.label.textContent = scenario ? `Rename “${scenario}” to` : "Keep the workload on the screen as";
    this.take.textContent = scenario ? "Rename" : "Keep";
    this.back.hidden = !scenario;
    this.name.value = scenario || this.proposal;
    this.form.hidden = Boolean(this.atMost) && !scenario;
    this.full.hidden = !this.form.hidden;
    this.full.textContent = this.atMost;
  }

  // The focus stays inside, where the work goes on.
  rest(did, name) {
    const row = name && [...this.table.querySelectorAll("[data-rename]")].find(({ dataset }) => dataset.rename === name.trim());
    if (row) row.focus();
    else if (did === "scenarios" || !this.table.contains(document.activeElement)) this.choose();
  }

  choose() {
    if (this.form.hidden) return this.table.querySelector("button")?.focus();
    this.name.focus();
    this.name.select();
  }

  submit() {
    const { value } = this.name;
    this.send(this.renamed ? { do: "rename", name: this.renamed, now: value } : { do: "keep", name: value });
  }

  click({ target }) {
    const { load, rename, remove } = target.closest("button")?.dataset || {};
    if (load) { this.bar.dialog.close(); this.send({ do: "load", name: load }); }
    if (rename) { this.rename(rename); this.choose(); }
    if (remove) this.send({ do: "remove", name: remove });
  }
}
