// The decision map: cells painted on a canvas, axes, names and the cross on top. It knows places and names only.

const PAD = { left: 58, right: 16, top: 8, bottom: 36 }; // about the cells [pixels], at the type's usual size
const USUAL = 12.96;

class DecisionMap {
  constructor(place, controls, turn) {
    this.controls = controls;
    this.turn = turn;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.cells = null;
    this.clip = `x-clip-${DecisionMap.count++}`;
    this.svg = s("svg", { class: "x-over", "aria-hidden": "true" });
    this.tip = h("div.x-tip", { hidden: true, "aria-hidden": "true" });
    this.stage = h("div.x-stage", {
      tabindex: 0, role: "application", "aria-roledescription": "decision map",
      "aria-label": "Decision map. Arrow keys move the workload.",
    }, this.canvas, this.svg, this.tip);
    this.said = h("p.x-hidden", { "aria-live": "polite" });
    place.append(this.stage, this.said);
    this.measure();
    this.paint = frame(() => this.draw());
    new ResizeObserver(() => { this.measure(); this.paint(); }).observe(this.stage);
    this.listen();
  }

  listen() {
    const { stage } = this;
    stage.addEventListener("pointermove", (event) => this.over(event));
    stage.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    stage.addEventListener("pointerdown", (event) => {
      if (event.button || !this.inside(event)) return;
      stage.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.go(event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      stage.addEventListener(end, () => { this.dragging = false; });
    }
    stage.addEventListener("keydown", (event) => this.key(event));
  }

  // Cells row by row from the lowest y: the number of a name; and money.
  set(spec, cells, usd) {
    Object.assign(this, { spec, usd: usd.length ? usd : null });
    if (cells) this.cells = cells;
    this.paint();
  }

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!step || !this.spec) return;
    event.preventDefault();
    const axis = step[0] ? this.spec.x : this.spec.y;
    const { spec } = this.controls.dials.get(axis.field);
    const index = clamp(this.controls.index(axis.field) + step[0] + step[1], 0, spec.values.length - 1);
    this.move({ [axis.field]: index });
    this.said.textContent = `${spec.said[index]}: ${this.nameAt(...this.today())}`;
  }

  move(indices) {
    const values = {};
    for (const [field, index] of Object.entries(indices)) {
      const dial = this.controls.dials.get(field);
      this.controls.say(dial, index);
      values[field] = dial.spec.values[index];
    }
    this.turn(values);
    this.cross();
  }

  // Places ---------------------------------------------------------------------------------------

  // What is said about the cells, and the cells' own box: both grow with the type.
  measure() {
    this.em = parseFloat(getComputedStyle(this.stage).fontSize) || USUAL;
    const scale = this.em / USUAL;
    const pad = this.pad = Object.fromEntries(Object.entries(PAD).map(([side, pixels]) => [side, pixels * scale]));
    const { clientWidth, clientHeight } = this.stage;
    this.box = { width: clientWidth - pad.left - pad.right, height: clientHeight - pad.top - pad.bottom };
  }

  across(value) { return this.pad.left + this.box.width * part(this.spec.x, value); }
  up(value) { return this.pad.top + this.box.height * (1 - part(this.spec.y, value)); }

  place(event) {
    const edge = this.stage.getBoundingClientRect(), { width, height } = this.box;
    const x = clamp((event.clientX - edge.left - this.pad.left) / width, 0, 1);
    const y = clamp(1 - (event.clientY - edge.top - this.pad.top) / height, 0, 1);
    return [at(this.spec.x, x), at(this.spec.y, y)];
  }

  inside(event) {
    if (!this.spec) return false;
    const edge = this.stage.getBoundingClientRect(), { width, height } = this.box;
    const x = event.clientX - edge.left - this.pad.left, y = event.clientY - edge.top - this.pad.top;
    return x >= 0 && y >= 0 && x <= width && y <= height;
  }

  cell(x, y) {
    const { nx, ny } = this.spec;
    const column = Math.round(part(this.spec.x, x) * (nx - 1)), row = Math.round(part(this.spec.y, y) * (ny - 1));
    return clamp(row, 0, ny - 1) * nx + clamp(column, 0, nx - 1);
  }

  nameAt(x, y) {
    const name = this.spec.names[this.cells?.[this.cell(x, y)]];
    return name ? name.text : this.spec.nothing;
  }

  today() { return [this.controls.value(this.spec.x.field), this.controls.value(this.spec.y.field)]; }

  // Gestures -------------------------------------------------------------------------------------

  go(event) {
    const [x, y] = this.place(event), { spec, controls } = this;
    this.move({
      [spec.x.field]: controls.nearest(spec.x.field, x).index,
      [spec.y.field]: controls.nearest(spec.y.field, y).index,
    });
  }

  over(event) {
    if (!this.inside(event) && !this.dragging) { this.tip.hidden = true; return; }
    if (this.dragging) this.go(event);
    const [x, y] = this.place(event), { spec, controls } = this;
    const near = [spec.x, spec.y].map((axis, i) => controls.nearest(axis.field, [x, y][i]).said);
    const usd = this.usd?.[this.cell(x, y)];
    const rows = [h("b", {}, this.nameAt(x, y)), h("span", {}, `${spec.x.name} ${near[0]}, ${spec.y.name.toLowerCase()} ${near[1]}`)];
    if (Number.isFinite(usd)) rows.splice(1, 0, h("span", {}, `about ${dollars(usd)} a month`));
    this.tip.replaceChildren(...rows);
    this.tip.hidden = false;
    const edge = this.stage.getBoundingClientRect();
    const px = event.clientX - edge.left, py = event.clientY - edge.top;
    const right = px + this.tip.offsetWidth + 20 > edge.width;
    this.tip.style.transform = `translate(${right ? px - this.tip.offsetWidth - 14 : px + 14}px, ${clamp(py - 20, 4, edge.height - this.tip.offsetHeight - 4)}px)`;
  }

  // Drawing --------------------------------------------------------------------------------------

  draw() {
    if (!this.spec || !this.cells || this.box.width < 40) return;
    this.areas();
    this.overlay();
  }

  areas() {
    const { width, height } = this.box, scale = Math.min(devicePixelRatio || 1, 2);
    const w = Math.round(width * scale), t = Math.round(height * scale);
    const { canvas } = this;
    if (canvas.width !== w || canvas.height !== t) Object.assign(canvas, { width: w, height: t });
    Object.assign(canvas.style, { left: `${this.pad.left}px`, top: `${this.pad.top}px`, width: `${width}px`, height: `${height}px` });
    const inks = palette(this.stage), pen = canvas.getContext("2d");
    const image = pen.createImageData(w, t), paper = new Uint32Array(image.data.buffer);
    const kinds = smooth(this.cells, this.spec.nx, this.spec.ny, w, t);
    const colour = this.spec.names.map((name) => inks.areas[name.colour % inks.areas.length]);
    for (let y = 0, i = 0; y < t; y++) {
      for (let x = 0; x < w; x++, i++) {
        const kind = kinds[i];
        const edge = (x + 1 < w && kinds[i + 1] !== kind) || (y + 1 < t && kinds[i + w] !== kind);
        if (edge) paper[i] = inks.border;
        else if (kind === NOTHING) paper[i] = (x + y) % Math.round(9 * scale) < scale ? inks.hatch : inks.nothing;
        else paper[i] = colour[kind];
      }
    }
    pen.putImageData(image, 0, 0);
  }

  overlay() {
    const { spec } = this, { width, height } = this.box, bottom = this.pad.top + height;
    const parts = [s("rect", { x: this.pad.left, y: this.pad.top, width, height, class: "edge" })];
    let taken = -Infinity;
    for (const [value, text] of spec.x.ticks) {
      const x = this.across(value), half = 0.45 * wide(text, this.em);
      if (x - half < taken + 0.5 * this.em) continue;
      taken = x + half;
      parts.push(s("path", { d: `M${x} ${bottom}v4`, class: "edge" }), s("text", { x: x > this.pad.left + width - 12 ? x + 14 : x, y: bottom + 1.2 * this.em, class: x > this.pad.left + width - 12 ? "tick end" : "tick mid" }, text));
    }
    for (const [value, text] of spec.y.ticks) {
      const y = this.up(value);
      parts.push(s("path", { d: `M${this.pad.left} ${y}h-4`, class: "edge" }), s("text", { x: this.pad.left - 7, y: y + 0.32 * this.em, class: "tick end" }, text));
    }
    parts.push(s("text", { x: this.pad.left + width / 2, y: bottom + 2.4 * this.em, class: "axis mid" }, spec.x.name));
    const turned = `translate(${0.9 * this.em} ${this.pad.top + height / 2}) rotate(-90)`;
    parts.push(s("text", { transform: turned, class: "axis mid" }, spec.y.name));
    this.names = s("g", {}, ...this.regions());
    this.borders = s("g", {}, ...spec.lines.map((line) => this.border(line)));
    this.marker = s("g", { class: "cross" });
    this.svg.replaceChildren(...parts, this.names, this.borders, this.marker);
    this.cross();
    if (spec.lines.length) this.untangle();
  }

  // The name of each region where it has most room; none where it has hardly any.
  regions() {
    const { spec, em } = this, kinds = [...spec.names.keys(), NOTHING], cells = this.around(this.cells);
    return kinds.flatMap((kind) => {
      const found = roomiest(cells, spec.nx, spec.ny, kind, this.box);
      if (!found) return [];
      const label = kind === NOTHING ? [spec.nothing] : spec.names[kind].label;
      const lines = broken(label, found.wide - 0.3 * em, (text) => wide(text, em, 600));
      if (!lines || lines.length * 1.2 * em > 2.6 * found.room + em) return [];
      const x = this.pad.left + found.x, top = this.pad.top + found.y - (lines.length - 1) * 0.6 * em + 0.34 * em;
      return s("text", { class: "name mid" }, ...lines.map((line, i) => s("tspan", { x, y: top + 1.2 * em * i }, line)));
    });
  }

  // The cells without those beside the cross: no name stands there.
  around(cells) {
    const { nx, ny } = this.spec, { width, height } = this.box, free = cells.slice();
    const [x, y] = this.today(), column = part(this.spec.x, x) * (nx - 1), row = part(this.spec.y, y) * (ny - 1);
    for (let r = 0; r < ny; r++) {
      for (let c = 0; c < nx; c++) {
        if (Math.abs(c - column) * width < 1.1 * this.em * nx && Math.abs(r - row) * height < 1.2 * this.em * ny) free[r * nx + c] = NOTHING - 1;
      }
    }
    return free;
  }

  border({ x, y, text, steep }) {
    const place = `translate(${this.across(x)} ${this.up(y)})${steep ? " rotate(-90)" : ""}`;
    return s("text", { transform: place, class: "why mid", dy: "0.35em" }, text);
  }

  // Names stay inside the map, and what would cover another is left out: regions first, then borders.
  untangle() {
    const { width } = this.box, kept = [], edge = this.svg.getBoundingClientRect();
    const at = this.marker.lastChild.getBoundingClientRect();
    for (const text of [...this.names.children, ...this.borders.children]) {
      let box = text.getBoundingClientRect();
      const over = Math.max(0, edge.left + this.pad.left + 4 - box.left) - Math.max(0, box.right - edge.left - this.pad.left - width + 4);
      if (over) {
        text.setAttribute("style", `translate:${over}px 0`);
        box = text.getBoundingClientRect();
      }
      const name = text.parentNode === this.names;
      const high = box.top < edge.top + this.pad.top - 2 || box.bottom > edge.top + this.pad.top + this.box.height + 2;
      if (kept.some((other) => touches(box, other)) || (!name && (high || touches(box, at)))) text.remove();
      else kept.push(box);
    }
  }

  cross() {
    if (!this.spec || !this.marker) return;
    const { spec } = this, [vx, vy] = this.today(), { width, height } = this.box;
    const x = clamp(this.across(vx), this.pad.left, this.pad.left + width), y = clamp(this.up(vy), this.pad.top, this.pad.top + height);
    const parts = [s("clipPath", { id: this.clip }, s("rect", { x: this.pad.left, y: this.pad.top, width, height }))];
    for (const ring of spec.cloud) {
      const path = ring.map(([fx, fy]) => `${this.across(vx * fx).toFixed(1)} ${this.up(vy * fy).toFixed(1)}`).join("L");
      parts.push(s("path", { d: `M${path}Z`, class: "cloud", "clip-path": `url(#${this.clip})` }));
    }
    for (const [px, py, text] of this.pins || []) {
      const cx = this.across(px), cy = this.up(py);
      parts.push(s("circle", { cx, cy, r: 6, class: "pin" }), s("text", { x: cx, y: cy + 3.5, class: "pin-name mid" }, text));
    }
    parts.push(s("circle", { cx: x, cy: y, r: 6.5, class: "halo" }), s("circle", { cx: x, cy: y, r: 4.5, class: "dot" }));
    this.marker.replaceChildren(...parts);
  }
}

DecisionMap.count = 0;

function part(axis, value) { return Math.log(Math.max(value, 1e-12) / axis.low) / Math.log(axis.high / axis.low); }
function at(axis, share) { return axis.low * (axis.high / axis.low) ** share; }

function touches(a, b) {
  return a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom + 1 && b.top < a.bottom + 1;
}

// A cell's money, in two digits: it is that of the cell's middle.
function dollars(usd) {
  const rounded = Number(usd.toPrecision(2));
  return `$${rounded.toLocaleString("en-US", { maximumSignificantDigits: 2 })}`;
}
