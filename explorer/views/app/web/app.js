// One screen: what is turned goes out as one message, what follows from it comes in as one message.

class Screen {
  constructor(model, element) {
    this.model = model;
    this.number = 0;
    this.pending = {}; // what was turned and typed while a change is on its way
    this.typed = new Map();
    this.flying = false;
    const alone = model.get("alone");
    this.root = h("div.x-app", alone ? {} : { role: "region", "aria-label": "Explorer" });
    // A key that is pressed here is none of the notebook's commands: it asks what has the focus.
    this.root.addEventListener("focusin", ({ target }) => target.setAttribute(QUIET, "true"));
    if (alone) this.root.classList.add("alone");
    element.append(this.root);
    this.theme();
    this.bar = new Bar(this.root, (message, buffers) => this.send(message, buffers), this);
    this.lay();
    this.controls = new Controls(this.left, this.drawer, (values) => this.turn(values), (field, text) => this.type(field, text), (fields) => this.send({ do: "ahead", fields }));
    this.map = new DecisionMap(this.panel("map").querySelector(".x-map-stage"), this.controls, (values) => this.turn(values), (message) => this.send(message));
    this.why = new Why(this.root, (key) => this.send({ do: "why", key }));
    this.settle = Object.keys(PANELS).map((name) => roving(this.panel(name)));
    const place = this.panel("steps").querySelector(".x-sequence");
    this.fitted = frame(() => this.fit());
    addEventListener("resize", this.fitted);
    new ResizeObserver(() => {
      this.size = { width: place.clientWidth, height: place.clientHeight, em: parseFloat(getComputedStyle(place).fontSize) };
      this.steps();
      this.fitted();
    }).observe(place);
    this.heard = (message, buffers) => this.hear(message, buffers);
    model.on("msg:custom", this.heard);
    this.root.addEventListener("click", (event) => {
      const asked = event.target.closest("[data-do], [data-open], [data-list]");
      if (!asked) return;
      const { open, list } = asked.dataset;
      if (open) this.send({ do: "design", key: open });
      else if (list) this.send({ do: "list", name: list });
      else this.send({ do: asked.dataset.do });
    });
    this.trouble.addEventListener("pointerdown", () => { this.trouble.textContent = ""; });
    this.address = alone ? new Address(this) : null;
    this.scenarios = new Scenarios(this.bar, (message) => this.send(message));
    this.pulse = new Pulse(this, alone);
    this.tour = new Tour(this.root);
    (alone ? document : this.root).addEventListener("keydown", (event) => {
      if (event.key !== "?" || event.target.matches("input:not([type=range], [type=checkbox]), textarea")) return;
      event.preventDefault();
      this.send({ do: "help" });
    });
    this.again = this.address?.left() || [];
    this.send({ do: "hello", ...(this.address?.read() || {}) });
    this.looked(this.address?.read() || {});
    if (this.address) this.address.led = true;
  }

  end() {
    this.model.off("msg:custom", this.heard);
    this.address?.end();
    this.pulse.end();
    removeEventListener("resize", this.fitted);
    this.unwatch?.();
  }

  send(message, buffers = []) {
    if (CHANGES.includes(message.do) && message.do !== "turn") this.flush();
    this.address?.sent(message);
    if (SLOW.includes(message.do)) this.wait(WAIT_MS);
    this.model.send(message, undefined, buffers);
  }

  // Layout ---------------------------------------------------------------------------------------

  lay() {
    const panel = (name, ...inside) => h(`section.x-panel.x-${name}`, { "data-panel": name, "aria-label": PANELS[name] }, ...inside);
    const awaited = (name, rows) => panel(name, h("header", {}, h("h2", {}, PANELS[name])), skeleton(rows));
    this.left = h("section.x-panel.x-left", { "aria-label": "Workload" }, h("h2", {}, "Workload"), h("div.x-dials"), h("div.x-switches"), h("div.x-choices"));
    this.left.querySelector("h2").after(skeleton(16));
    this.drawer = new Drawer(this.root, this.left);
    this.left.append(this.drawer.button);
    this.axes = ["x", "y"].map((axis) => h("select", { "aria-label": axis === "x" ? "Axis across" : "Axis up", onchange: () => this.send({ do: "axes", x: this.axes[0].value, y: this.axes[1].value }) }));
    const tools = [
      ["+", "Zoom in (+)", () => this.map.spec && this.map.zoom(0.7, this.map.today())],
      ["−", "Zoom out (−)", () => this.map.spec && this.map.zoom(1 / 0.7, this.map.today())],
      ["⤢", "Show the whole map (0)", () => this.map.fit()],
      ["⤓", "The map as a file", () => this.bar.picture(this.map)],
    ];
    const buttons = tools.map(([sign, name, onclick]) => h("button.x-button.bare", { type: "button", "aria-label": name, title: name, onclick }, sign));
    const map = panel("map",
      h("header", {}, h("h2", {}, "What wins where"), h("span.x-axes", {}, this.axes[1], h("span", {}, "over"), this.axes[0])),
      h("div.x-under", {}, h("p.x-common"), h("span.x-zoom", {}, ...buttons)), h("div.x-map-stage", {}, skeleton(0)));
    this.trouble = h("p.x-trouble", { role: "alert" });
    const { root } = this;
    this.main = h(this.model.get("alone") ? "main.x-main" : "div.x-main", {}, this.left, map, awaited("answer", 7),
      panel("steps", h("h2", {}, "One request"), h("div.x-sequence", {}, skeleton(6))), awaited("limits", 9), awaited("costs", 9), awaited("rejected", 5), awaited("turns", 5));
    root.append(this.trouble, this.main);
  }

  panel(name) { return this.root.querySelector(`[data-panel=${name}]`); }

  // Light or dark: the notebook's own, or what the browser prefers, or what was chosen here.
  theme() {
    const wanted = matchMedia("(prefers-color-scheme: dark)"), { body } = document;
    const set = () => {
      const own = this.model.get("alone") ? null : body.dataset.jpThemeLight;
      const dark = this.chosen ?? (own ? own === "false" : wanted.matches);
      this.root.dataset.theme = dark ? "dark" : "light";
      if (this.model.get("alone")) document.documentElement.style.background = getComputedStyle(this.root).getPropertyValue("--bg");
      this.map?.paint();
    };
    const watch = new MutationObserver(set);
    watch.observe(body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
    wanted.addEventListener("change", set);
    this.unwatch = () => { watch.disconnect(); wanted.removeEventListener("change", set); };
    this.turnTheme = () => { this.chosen = this.root.dataset.theme === "light"; set(); };
    set();
  }

  // The page's address leads elsewhere: back, forward, or a link that was pasted.
  arrive(places) {
    this.send({ do: "arrive", number: ++this.number, ...places });
    this.looked(places);
  }

  // What an address says beside the workload: the axes of the map, the design that is open.
  looked({ m, d }) {
    const [x, y] = (m || "").split(",");
    if (x && y) this.send({ do: "axes", x, y });
    if (d) this.send({ do: "design", key: d });
    else if (this.opened) {
      this.opened = "";
      this.bar.dialog.close();
    }
  }

  // One screen without scrolling: where the answer and its steps need the room, the lists below end earlier.
  // Trying every level lays the screen out again and again: it is done only where something grew or shrank.
  fit() {
    const shape = [innerWidth, innerHeight, this.panel("answer").offsetHeight, this.drawn?.steps.length, this.root.querySelectorAll(".x-main li").length].join();
    if (shape !== this.shape || this.root.offsetHeight > innerHeight) this.tighten();
    this.shape = shape;
    this.settle.forEach((settle) => settle());
  }

  tighten() {
    const tightest = Number(getComputedStyle(this.main).getPropertyValue("--tightest")), levels = [];
    this.root.dataset.tight = "";
    while (levels.length < tightest && this.root.offsetHeight > innerHeight) {
      levels.push(levels.length + 1);
      this.root.dataset.tight = levels.join(" ");
    }
  }

  // Whether Python answers, in one line that stays until it does.
  alive(text) {
    this.root.classList.toggle("lost", Boolean(text));
    this.bar.lost(text);
  }

  help(words) {
    const pair = ([name, text]) => [h("dt", {}, name), h("dd", {}, text)];
    const steps = h("button.x-button", { type: "button", onclick: () => { this.bar.dialog.close(); this.tour.start(); } }, "First steps");
    this.bar.page("Help", "", () => {});
    this.bar.dialog.querySelector(".x-page").append(h("p", {}, steps), h("h3", {}, "Keys"), h("dl.x-pairs", {}, ...KEYS.flatMap(pair)),
      h("h3", {}, "Words"), h("dl.x-pairs", {}, ...Object.entries(words).flatMap(pair)));
  }

  // The scenarios side by side; once one came or went, the address follows.
  beside(message) {
    this.scenarios.show(message);
    if (message.did !== "scenarios") this.address?.follow();
  }

  // A design on a page of its own.
  open({ title, html, steps, key, at }) {
    this.bar.page(title, html, () => {
      if (!this.opened) return;
      this.opened = "";
      if (this.address) this.address.led = false;
      this.address?.follow();
    });
    this.opened = Object.keys(at).length ? "" : key;
    this.address?.follow();
    const place = this.bar.dialog.querySelector(".x-open-steps");
    sequence(place, steps, { width: place.clientWidth, height: 0, em: parseFloat(getComputedStyle(place).fontSize) });
  }

  // Out ------------------------------------------------------------------------------------------

  // One turn at a time is on its way; the latest values wait for its answer.
  turn(values) {
    Object.assign(this.pending, values);
    for (const field of Object.keys(values)) this.typed.delete(field);
    if (this.map.spec && [this.map.spec.x, this.map.spec.y].some(({ field }) => field in values)) this.map.cross();
    this.fly();
  }

  type(field, text) {
    delete this.pending[field];
    this.typed.set(field, text);
    this.fly();
  }

  fly() {
    if (!this.flying) this.flush();
    else if (this.pulse?.lost) this.address?.keep();
  }

  // What was turned and typed goes out before anything else that changes the workload.
  flush() {
    const changes = this.unsent();
    if (!changes.length) return;
    this.flying = this.pending;
    this.pending = {};
    this.typed.clear();
    for (const change of changes) this.send({ ...change, number: ++this.number });
  }

  // The changes that wait for an answer.
  unsent() {
    const turned = Object.keys(this.pending).length ? [{ do: "turn", values: { ...this.pending } }] : [];
    return [...turned, ...[...this.typed].map(([field, text]) => ({ do: "type", field, text }))];
  }

  // What was changed while Python was away is done once more.
  redo() {
    const changes = this.again;
    this.again = [];
    for (const { do: what, ...change } of changes) {
      if (what === "typing" || what === "type") this.controls.put(change.field, change.text, what === "typing");
      if (what !== "typing") this.send({ do: what, ...change, number: ++this.number });
    }
    if (this.address && changes.length) this.address.led = true;
  }

  // In -------------------------------------------------------------------------------------------

  hear(message, buffers) {
    this.pulse?.life();
    if (message.say === "state") this.state(message, buffers);
    else if (message.say === "why") this.why.show(message.key, message.html);
    else if (message.say === "share") this.bar.share(message, this.address?.hash(message.where));
    else if (message.say === "where") this.address?.write(message);
    else if (message.say === "design") this.open(message);
    else if (message.say === "help") this.help(message.words);
    else if (message.say === "list") this.bar.page(message.title, message.html, () => {});
    else if (message.say === "scenarios") this.beside(message);
    else if (message.say === "file") download(message.name, message.kind, buffers[0]);
    else if (message.say === "working") this.bar.busy(message.text);
  }

  state(message, buffers) {
    if (message.drawer) this.controls.fields(message.drawer);
    if (message.controls) this.controls.make(message.controls, { ...this.pending, ...(this.flying || {}) });
    if (message.bar) this.bar.stand(message.bar);
    const fault = message.trouble && !("number" in message);
    if (fault || message.number === this.number) this.flying = false;
    if (message.wrong) this.controls.wrong(message.wrong, message.trouble);
    if (message.at) this.controls.stand(message.at, { ...this.pending, ...(this.flying || {}) });
    if (message.texts) this.controls.write(message.texts);
    if (message.trouble !== undefined) {
      this.trouble.textContent = message.trouble || message.remark || "";
      this.trouble.classList.toggle("remark", !message.trouble);
    }
    for (const [name, html] of Object.entries(message.panels || {})) show(this.panel(name), html);
    if (message.steps) { this.drawn = message.steps; this.steps(); }
    if (message.map) this.mapped(message.map, buffers);
    if (message.pins) this.map.pins = message.pins;
    if (message.pins || (message.at && this.map.spec)) this.map.cross();
    if (message.stale === false || fault) this.rest();
    else if (message.partial === false) this.wait(REST_MS); // only what would change the answer is missing
    if (message.at) this.why.again();
    if (message.at) this.address?.follow();
    if (message.turned) this.root.dataset.shown = message.turned;
    if (message.at && !this.begun) {
      this.begun = true;
      if (this.model.get("alone")) this.tour.first();
      this.redo();
    }
    if (message.steps || message.panels) this.fitted(); // in the next frame, after the map: the screen is laid out once
    if (message.live) this.root.dataset.live = message.live;
    if (message.partial !== undefined) this.root.classList.toggle("partial", message.partial);
    this.fly();
  }

  // A panel is still that of another workload: said once it has lasted so long, until all are of this one.
  wait(ms) {
    this.root.classList.add("stale");
    if (this.waited || (this.patience === WAIT_MS && ms === WAIT_MS)) return; // the first of many changes counts
    clearTimeout(this.waiting);
    this.patience = ms;
    this.waiting = setTimeout(() => { this.waited = true; this.bar.under(true); }, ms);
  }

  rest() {
    clearTimeout(this.waiting);
    this.patience = this.waited = null;
    this.root.classList.remove("stale");
    this.bar.under(false);
  }

  mapped(spec, buffers) {
    if (spec.axes) {
      this.axes.forEach((list, i) => {
        const names = spec.axes.map(([field]) => field).join();
        if (list.dataset.names !== names) {
          list.dataset.names = names;
          list.replaceChildren(...spec.axes.map(([field, name]) => h("option", { value: field }, name)));
        }
        list.value = [spec.x, spec.y][i].field;
      });
    }
    this.panel("map").querySelector(".x-common").textContent = spec.common;
    this.map.set(spec, new Uint8Array(bytes(buffers[0])), new Float32Array(bytes(buffers[1])));
  }

  steps() {
    if (this.drawn && this.size) sequence(this.panel("steps").querySelector(".x-sequence"), this.drawn, this.size);
  }
}

const WAIT_MS = 300, REST_MS = 800; // before it is said that panels are computed: all; only what waits for a pause
const SLOW = ["hello", "arrive", "turn", "type", "preset", "undo", "redo", "reset", "paste", "open", "axes", "zoom", "pin", "swap", "load"];
const QUIET = "data-lm-suppress-shortcuts";
const PANELS = {
  map: "Decision map", answer: "Recommended design", steps: "One request, step by step", limits: "Limits used",
  costs: "Cost a month", rejected: "Ruled out", turns: "What would change the answer",
};

function bytes(view) {
  return view.buffer ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view;
}

export default {
  render({ model, el }) {
    const screen = new Screen(model, el);
    return () => screen.end();
  },
};
