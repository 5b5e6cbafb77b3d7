// The workload: sliders over round values, switches, choices, and every other field in a drawer.
// A slider says its value before Python does; what is typed is read by Python.

class Controls {
  constructor(place, drawer, turn, type, ahead) {
    this.ahead = ahead; // which sliders may be turned next
    this.place = place;
    this.drawer = drawer;
    this.turn = turn;
    this.type = type;
    this.dials = new Map();
    this.others = new Map();
    this.texts = new Map();
  }

  // Everything anew: another workload has other values to stop at. What was turned since stays where it is.
  make(spec, pending) {
    this.place.querySelector(".x-skeleton")?.remove();
    spec.dials.forEach((dial) => this.dial(dial, pending));
    spec.switches.forEach((one) => this.switch(one));
    spec.choices.forEach((one) => this.choice(one));
  }

  // The drawer's groups, and the fields that stand there alone.
  fields({ groups, fields }) {
    if (this.drawer.groups.size) return;
    groups.forEach(([key, title, hint]) => this.drawer.group(key, title, hint));
    for (const spec of fields) {
      if (spec.shape === "switch") this.switch(spec);
      else if (spec.shape === "menu") this.choice({ ...spec, options: ["", ...spec.options], value: "" });
      else if (spec.shape === "several") this.several(spec);
      else this.text(spec);
    }
  }

  home(spec, part) {
    return spec.group ? this.drawer.groups.get(spec.group) : this.place.querySelector(part);
  }

  dial(spec, pending) {
    const held = this.dials.get(spec.field);
    if (held) {
      Object.assign(held.spec, spec);
      held.slider.max = spec.values.length - 1;
      return this.say(held, spec.field in pending ? this.nearest(spec.field, pending[spec.field]).index : spec.index);
    }
    const slider = h("input", { type: "range", id: `x-${spec.field.replace(/\W/g, "-")}-${Controls.count++}`, "aria-label": spec.name, min: 0, max: spec.values.length - 1, step: 1 });
    const label = h("button.n.label", { type: "button", "data-why": `field:${spec.field}`, tabindex: -1 }, spec.name);
    const one = { spec, slider, ghost: h("i.x-ghost", { hidden: true }), value: this.typed(spec, () => one.spec.said[one.index]) };
    one.value.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      one.value.typing = false;
      this.step(one, step);
    });
    for (const field of [slider, one.value]) field.addEventListener("focus", () => this.ahead([spec.field]));
    slider.addEventListener("input", () => {
      this.say(one, Number(slider.value));
      this.turn({ [spec.field]: spec.values[one.index] });
    });
    this.dials.set(spec.field, one);
    this.home(spec, ".x-dials").append(h("div.x-dial", { "data-field": spec.name, "data-words": spec.words }, label, one.value, slider, one.ghost));
    this.say(one, spec.index);
  }

  step(one, step) {
    this.say(one, clamp(one.index + step, 0, one.spec.values.length - 1));
    one.value.value = one.spec.said[one.index];
    this.turn({ [one.spec.field]: one.spec.values[one.index] });
  }

  // A field that takes a value as people say it: Enter or leaving it hands it over, Escape takes it back.
  typed(spec, shown, tag = "input.x-value") {
    const field = h(tag, { type: tag.startsWith("input") ? "text" : null, "aria-label": `${spec.name}: value`, autocomplete: "off", spellcheck: "false", placeholder: spec.placeholder, size: 1 });
    const hand = () => {
      field.typing = false;
      this.right(field);
      if (field.value.trim() !== shown().trim()) this.type(spec.field, field.value);
    };
    field.addEventListener("focus", () => field.select());
    field.addEventListener("input", () => { field.typing = true; });
    field.addEventListener("change", hand);
    field.addEventListener("blur", () => {
      if (field.typing) field.value = shown();
      field.typing = false;
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || tag !== "textarea.x-value")) {
        event.preventDefault();
        hand();
        field.select();
      }
      if (event.key === "Escape" && field.value !== shown()) {
        event.stopPropagation();
        field.typing = false;
        field.value = shown();
        this.right(field);
      }
    });
    return field;
  }

  entry(name) { return this.dials.get(name)?.value || this.texts.get(name)?.field; }

  // The field that is being typed into, and its text; null: none.
  typing() {
    for (const name of [...this.dials.keys(), ...this.texts.keys()]) {
      const field = this.entry(name);
      if (field.typing) return { field: name, text: field.value };
    }
    return null;
  }

  // A text into a field, as if it had been typed there; `open`: it is not handed over yet.
  put(name, text, open) {
    const field = this.entry(name);
    if (!field) return;
    if (open && field.closest(".x-drawer")) this.drawer.open();
    if (open) field.focus();
    field.value = text;
    field.typing = open;
  }

  right(field) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("title");
  }

  // What was typed into a field cannot be: it stays there to be mended.
  wrong(name, text) {
    const field = this.entry(name);
    if (!field) return;
    field.setAttribute("aria-invalid", "true");
    field.title = text;
  }

  say(one, index) {
    const { spec, slider, value } = one;
    const moved = one.index !== index;
    one.index = index;
    if (Number(slider.value) !== index) slider.value = index;
    slider.setAttribute("aria-valuetext", spec.said[index]);
    slider.style.setProperty("--at", `${(100 * index) / Math.max(1, spec.values.length - 1)}%`);
    if (value.typing || (!moved && value.hasAttribute("aria-invalid"))) return; // what is being typed is left alone
    value.value = spec.said[index];
    value.size = Math.max(4, value.value.length);
    this.right(value);
  }

  switch(spec) {
    const held = this.others.get(spec.field);
    if (held) return void (held.checked = spec.on);
    const box = h("input", { type: "checkbox", role: "switch" });
    box.checked = spec.on;
    box.addEventListener("change", () => this.turn({ [spec.field]: box.checked }));
    this.others.set(spec.field, box);
    this.home(spec, ".x-switches").append(h("label.x-switch", { "data-field": spec.name, "data-words": spec.words, title: spec.hint }, box, h("span", {}, spec.name)));
  }

  choice(spec) {
    const held = this.others.get(spec.field);
    if (held) return void choose(held, spec.value);
    const options = spec.options.map((name) => h("option", { value: name }, name || spec.placeholder));
    const list = h("select", { "aria-label": spec.name }, ...options);
    choose(list, spec.value);
    list.addEventListener("change", () => this.turn({ [spec.field]: list.value }));
    this.others.set(spec.field, list);
    this.home(spec, ".x-choices").append(h("label.x-choice", { "data-field": spec.name, "data-words": spec.words, title: spec.hint }, h("span", {}, spec.name), list));
  }

  several(spec) {
    const boxes = spec.options.map((name) => h("input", { type: "checkbox", value: name }));
    const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
    const group = h("fieldset.x-several", { "data-field": spec.name, "data-words": spec.words }, h("legend", {}, spec.name),
      ...boxes.map((box) => h("label", {}, box, h("span", {}, box.value))));
    group.addEventListener("change", () => this.turn({ [spec.field]: chosen() }));
    Object.defineProperty(group, "value", { set: (words) => boxes.forEach((box) => { box.checked = words.includes(box.value); }) });
    this.others.set(spec.field, group);
    this.home(spec).append(group);
  }

  text(spec) {
    const one = { now: "" };
    const tag = { toml: "textarea.x-value", quantiles: "textarea.x-value.x-line" }[spec.shape] || "input.x-value";
    one.field = this.typed(spec, () => one.now, tag);
    if (tag !== "input.x-value") one.field.rows = spec.shape === "toml" ? 2 : 1;
    this.texts.set(spec.field, one);
    this.home(spec).append(h("div.x-text", { "data-field": spec.name, "data-words": spec.words },
      h("button.n.label", { type: "button", "data-why": `field:${spec.field}`, tabindex: -1 }, spec.name), one.field, h("small", {}, spec.hint)));
  }

  // Where Python says that everything stands, but for what the user has turned since.
  stand(at, pending) {
    for (const [field, index] of Object.entries(at.dials)) {
      const one = this.dials.get(field);
      if (!(field in pending) && (one.index !== index || one.value.value !== one.spec.said[index])) this.say(one, index);
    }
    for (const [field, value] of Object.entries(at.others)) {
      const control = this.others.get(field);
      if (field in pending || !control) continue;
      if (control.type === "checkbox") control.checked = value;
      else if (control.options) choose(control, value);
      else control.value = value;
    }
  }

  // What the drawer's fields hold; one that is being typed into is left alone.
  write(texts) {
    for (const [field, text] of Object.entries(texts)) {
      const one = this.texts.get(field);
      if (!one) continue;
      const same = one.field.value === one.now;
      one.now = text;
      if (one.field.hasAttribute("aria-invalid") || (document.activeElement === one.field && !same)) continue;
      one.field.value = text;
    }
  }

  index(field) { return this.dials.get(field)?.index; }

  value(field) {
    const one = this.dials.get(field);
    return one?.spec.values[one.index];
  }

  // The stop of a slider that is nearest to a value, in the logarithm.
  nearest(field, value) {
    const { values, said } = this.dials.get(field).spec;
    const away = (v) => Math.abs(Math.log((v || 1e-9) / value));
    const index = values.reduce((best, v, i) => (away(v) < away(values[best]) ? i : best), 0);
    return { index, value: values[index], said: said[index] };
  }

  // Where the pointer stands on the map, on the sliders of its axes; null: nowhere.
  ghosts(places) {
    for (const [field, one] of this.dials) {
      const value = places?.[field], most = Math.max(1, one.spec.values.length - 1);
      one.ghost.hidden = value === undefined;
      if (value !== undefined) one.ghost.style.setProperty("--at", String(this.nearest(field, value).index / most));
    }
  }
}
Controls.count = 0;

// A choice may hold what its list does not: a region or a language that is newer than the list.
function choose(list, value) {
  if (![...list.options].some((option) => option.value === value)) list.append(h("option", { value }, value));
  list.value = value;
}

// A drawer beside the sliders: every other field by the table of the file, with a box to find one.
class Drawer {
  constructor(root, left) {
    this.groups = new Map();
    this.left = left;
    this.find = h("input.x-find", { type: "search", placeholder: "Find a field", "aria-label": "Find a field", oninput: () => this.filter() });
    this.beside = h("div.x-group", { hidden: true });
    this.inside = h("div.x-groups", {}, this.beside);
    this.none = h("p.more", { hidden: true, role: "status" }, "No field is called so.");
    this.element = h("section.x-drawer", { hidden: true, role: "region", "aria-label": "All fields" },
      h("header", {}, h("h2", {}, "All fields"), this.find, h("button.x-button.bare.x-close", { type: "button", "aria-label": "Close all fields", onclick: () => this.close() }, "×")),
      h("p.more", {}, "Type a value with its unit and press Enter. An empty field is not given: its default counts."), this.inside, this.none);
    this.button = h("button.x-button.x-all", { type: "button", "aria-expanded": "false", onclick: () => (this.element.hidden ? this.open() : this.close()) }, "All fields…");
    root.append(this.element);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  group(key, title, hint) {
    const place = h("div.x-group", {}, h("h3", {}, title), hint ? h("p.more", {}, hint) : null);
    this.groups.set(key, place);
    this.inside.append(place);
  }

  open() {
    this.element.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.find.focus();
  }

  close(focus = this.button) {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    focus.focus();
  }

  // A field fits if every word is in its name, its description or its synonyms, or its group's heading has all.
  filter() {
    const wanted = this.find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text) => wanted.every((word) => text.includes(word));
    const of = (field) => `${field.textContent} ${field.dataset.words || ""}`.toLowerCase();
    let any = false;
    for (const group of this.groups.values()) {
      const heading = fits(group.firstChild.textContent.toLowerCase());
      let some = false;
      for (const field of group.querySelectorAll("[data-field]")) {
        field.hidden = !(heading || fits(of(field)));
        some ||= !field.hidden;
      }
      group.hidden = !some;
      any ||= some;
    }
    const front = wanted.length ? [...this.left.querySelectorAll("[data-field]")].filter((field) => fits(of(field))) : [];
    this.beside.hidden = !front.length;
    this.beside.replaceChildren(h("h3", {}, "On the main screen"), ...front.map((field) =>
      h("button.n.open", { type: "button", onclick: () => this.close(field.querySelector("input:not([type=range]), select")) }, field.dataset.field)));
    this.none.hidden = any || Boolean(front.length);
  }
}
