// The workload: sliders over round values, switches and choices. A slider says its value before Python does.

class Controls {
  constructor(place, turn, focused) {
    this.place = place;
    this.turn = turn;
    this.focused = focused;
    this.dials = new Map();
    this.others = new Map();
  }

  // Everything anew: another workload has other values to stop at.
  make(spec) {
    spec.dials.forEach((dial) => this.dial(dial));
    spec.switches.forEach((one) => this.switch(one));
    spec.choices.forEach((one) => this.choice(one));
  }

  dial(spec) {
    const held = this.dials.get(spec.field);
    if (held) {
      Object.assign(held.spec, spec);
      held.slider.max = spec.values.length - 1;
      return this.say(held, spec.index);
    }
    const id = `x-${spec.field.replace(/\W/g, "-")}-${Controls.count++}`;
    const slider = h("input", { type: "range", id, min: 0, max: spec.values.length - 1, step: 1 });
    const value = h("button.n", { type: "button", "data-why": `field:${spec.field}` });
    const one = { spec, slider, value, row: null };
    slider.addEventListener("input", () => {
      this.say(one, Number(slider.value));
      this.turn({ [spec.field]: spec.values[one.index] });
    });
    slider.addEventListener("focus", () => this.focused(spec.field));
    one.row = h("div.x-dial", {}, h("label", { for: id }, spec.name), value, slider);
    this.dials.set(spec.field, one);
    this.place.querySelector(".x-dials").append(one.row);
    this.say(one, spec.index);
  }

  say(one, index) {
    const { spec, slider, value } = one;
    one.index = index;
    if (Number(slider.value) !== index) slider.value = index;
    slider.setAttribute("aria-valuetext", spec.said[index]);
    slider.style.setProperty("--at", `${(100 * index) / Math.max(1, spec.values.length - 1)}%`);
    value.textContent = spec.said[index];
    value.setAttribute("aria-label", `${spec.name}: ${spec.said[index]}`);
  }

  switch(spec) {
    const held = this.others.get(spec.field);
    if (held) return void (held.checked = spec.on);
    const box = h("input", { type: "checkbox", role: "switch" });
    box.checked = spec.on;
    box.addEventListener("change", () => this.turn({ [spec.field]: box.checked }));
    this.others.set(spec.field, box);
    this.place.querySelector(".x-switches").append(h("label.x-switch", {}, box, h("span", {}, spec.name)));
  }

  choice(spec) {
    const held = this.others.get(spec.field);
    if (held) return void (held.value = spec.value);
    const options = spec.options.map((name) => h("option", { value: name }, name));
    const list = h("select", { "aria-label": spec.name }, ...options);
    list.value = spec.value;
    list.addEventListener("change", () => this.turn({ [spec.field]: list.value }));
    this.others.set(spec.field, list);
    this.place.querySelector(".x-choices").append(h("label.x-choice", {}, h("span", {}, spec.name), list));
  }

  // Where Python says that everything stands, but for what the user has turned since.
  stand(at, pending) {
    for (const [field, index] of Object.entries(at.dials)) {
      const one = this.dials.get(field);
      if (!(field in pending) && one.index !== index) this.say(one, index);
    }
    for (const [field, value] of Object.entries(at.others)) {
      const control = this.others.get(field);
      if (field in pending || !control) continue;
      if (control.type === "checkbox") control.checked = value;
      else control.value = value;
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
}
Controls.count = 0;
