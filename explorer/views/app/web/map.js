// The decision map: cells painted on a canvas, axes, names and the cross on top. It knows places and names only.

const PAD = { left: 58, right: 16, top: 8, bottom: 36 }; // about the cells [pixels], at the type's usual size
const USUAL = 12.96;

class DecisionMap {
  constructor(place, controls, turn, send) {
    this.controls = controls;
    this.turn = turn;
    this.ask = send;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.cells = null;
    this.clip = `x-clip-${DecisionMap.count++}`;
    this.svg = s("svg", { class: "x-over", "aria-hidden": "true" });
    this.grip = h("div.x-grip", { "aria-hidden": "true" }); // about the dot: a finger drags it here, elsewhere it scrolls the page
    this.tip = h("div.x-tip", { hidden: true, "aria-hidden": "true" });
    this.stage = h("div.x-stage", {
      tabindex: 0, role: "application", "aria-roledescription": "decision map",
      "aria-label": "Decision map. Arrow keys move the workload; plus, minus and 0 zoom; Shift with arrows pans; Enter opens the design.",
    }, this.canvas, this.svg, this.grip, this.tip);
    this.said = h("p.x-hidden", { "aria-live": "polite" });
    place.append(this.stage, this.said);
    this.measure();
    this.paint = frame(() => this.draw());
    new ResizeObserver(() => { this.measure(); this.paint(); }).observe(this.stage);
    this.listen();
  }

  listen() {
    const { stage } = this;
    stage.addEventListener("focus", () => this.spec && this.controls.ahead([this.spec.x.field, this.spec.y.field]));
    stage.addEventListener("pointermove", (event) => this.over(event));
    stage.addEventListener("pointerleave", () => this.leave());
    stage.addEventListener("pointerdown", (event) => {
      if (event.button > 1 || !this.inside(event) || (event.pointerType === "touch" && event.target !== this.grip)) return;
      event.preventDefault();
      stage.focus({ preventScroll: true });
      stage.setPointerCapture(event.pointerId);
      if (event.shiftKey || event.button === 1) {
        this.panning = { x: event.clientX, y: event.clientY, moved: false };
        return;
      }
      this.dragging = true;
      this.go(event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      stage.addEventListener(end, (event) => {
        if (this.panning && !this.panning.moved && end === "pointerup") this.openAt(...this.place(event));
        this.dragging = this.panning = false;
      });
    }
    stage.addEventListener("click", (event) => {
      if (event.pointerType === "touch" && event.target !== this.grip && this.inside(event)) this.go(event);
    });
    stage.addEventListener("wheel", (event) => {
      const still = document.documentElement.scrollHeight <= innerHeight + 1 && this.stage.closest(".alone");
      if (!this.inside(event) || !(event.ctrlKey || event.metaKey || still)) return;
      event.preventDefault();
      this.zoom(Math.exp(clamp(event.deltaY, -400, 400) * 0.0015), this.place(event));
    }, { passive: false });
    stage.addEventListener("keydown", (event) => this.key(event));
  }

  // Cells row by row from the lowest y: the number of a name; and money.
  set(spec, cells, usd) {
    Object.assign(this, { spec, usd: usd.length ? usd : null });
    const wanted = this.wanted, { x, y } = spec;
    if (!spec.zoomed) this.whole = { [x.field]: [x.low, x.high], [y.field]: [y.low, y.high] };
    const older = wanted?.[x.field] && wanted[y.field] && !(near(wanted[x.field], x) && near(wanted[y.field], y));
    if (!older) this.view = { x: [x.low, x.high], y: [y.low, y.high] }; // else the window that was asked for follows
    if (cells) this.cells = cells;
    this.stage.parentNode.querySelector(".x-skeleton")?.remove();
    if (this.widest() !== this.measured) this.measure();
    this.paint();
  }

  key(event) {
    if (!this.spec) return;
    const zoom = { "+": 0.7, "=": 0.7, "-": 1 / 0.7, _: 1 / 0.7 }[event.key];
    if (zoom && !event.ctrlKey && !event.metaKey) return event.preventDefault(), this.zoom(zoom, this.today());
    if (event.key === "0") return event.preventDefault(), this.fit();
    if (event.key === "Enter") return event.preventDefault(), this.openAt(...this.today());
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    if (event.shiftKey) return this.pan(step[0] * 0.15, step[1] * 0.15);
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
    this.measured = this.widest();
    pad.left = Math.max(pad.left, this.measured + 7 + 1.4 * this.em); // the axis' name stands beside its ticks
    const { clientWidth, clientHeight } = this.stage;
    this.box = { width: clientWidth - pad.left - pad.right, height: clientHeight - pad.top - pad.bottom };
  }

  widest() { return Math.max(0, ...(this.spec?.y.ticks || []).map(([, text]) => wide(text, 0.9 * this.em))); }

  across(value) { return this.pad.left + this.box.width * part(ends(this.view.x), value); }
  up(value) { return this.pad.top + this.box.height * (1 - part(ends(this.view.y), value)); }

  place(event) {
    const edge = this.stage.getBoundingClientRect(), { width, height } = this.box;
    const x = clamp((event.clientX - edge.left - this.pad.left) / width, 0, 1);
    const y = clamp(1 - (event.clientY - edge.top - this.pad.top) / height, 0, 1);
    return [at(ends(this.view.x), x), at(ends(this.view.y), y)];
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

  // What part of the axes is shown --------------------------------------------------------------

  // Zoom both axes about a place; the cells that are there follow at once, finer ones come.
  zoom(factor, [x, y]) {
    const zoomed = ([low, high], about) => [about * (low / about) ** factor, about * (high / about) ** factor];
    this.look({ x: zoomed(this.view.x, x), y: zoomed(this.view.y, y) });
  }

  pan(dx, dy) {
    const moved = ([low, high], by) => [low * (high / low) ** by, high * (high / low) ** by];
    this.look({ x: moved(this.view.x, dx), y: moved(this.view.y, dy) });
  }

  look(view) {
    const { x, y } = this.spec;
    if (Math.min(view.x[1] / view.x[0], view.y[1] / view.y[0]) < 1.5) return;
    if (Math.max(view.x[1] / view.x[0], view.y[1] / view.y[0]) > 1e12) return;
    this.view = view;
    this.wanted = { [x.field]: view.x, [y.field]: view.y };
    this.paint();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask({ do: "zoom", windows: this.wanted }), 150);
  }

  // The whole is shown at once: Python sends a map only if it differs from the last that it sent.
  fit() {
    const { x, y } = this.spec, whole = this.whole || {};
    this.wanted = null;
    clearTimeout(this.asking);
    if (whole[x.field] && whole[y.field]) {
      this.view = { x: whole[x.field], y: whole[y.field] };
      this.paint();
    }
    this.ask({ do: "zoom", windows: {} });
  }

  // The design that wins at a place, on a page of its own: for the workload there.
  openAt(x, y) {
    const name = this.spec.names[this.cells?.[this.cell(x, y)]];
    if (!name) return void (this.said.textContent = this.spec.nothing);
    const [vx, vy] = this.today(), here = Math.abs(Math.log(x / vx)) + Math.abs(Math.log(y / vy)) < 1e-6;
    this.ask({ do: "design", key: name.design, at: here ? {} : { [this.spec.x.field]: x, [this.spec.y.field]: y } });
  }

  // Gestures -------------------------------------------------------------------------------------

  leave() {
    this.pointer = null;
    this.tip.hidden = true;
    this.hair?.replaceChildren();
    this.give();
    this.controls.ghosts(null);
  }

  go(event) {
    const [x, y] = this.place(event), { spec, controls } = this;
    this.move({
      [spec.x.field]: controls.nearest(spec.x.field, x).index,
      [spec.y.field]: controls.nearest(spec.y.field, y).index,
    });
  }

  over(event) {
    if (this.panning) {
      const { width, height } = this.box, dx = event.clientX - this.panning.x, dy = event.clientY - this.panning.y;
      if (!this.panning.moved && Math.hypot(dx, dy) < 4) return;
      this.panning = { x: event.clientX, y: event.clientY, moved: true };
      return this.pan(-dx / width, dy / height);
    }
    if (!this.inside(event) && !this.dragging) return this.leave();
    this.pointer = event;
    if (this.dragging) this.go(event);
    const [x, y] = this.place(event), { spec, controls } = this;
    if (event.pointerType === "touch" && !this.dragging) return;
    const near = [spec.x, spec.y].map((axis, i) => controls.nearest(axis.field, [x, y][i]).said);
    const usd = this.usd?.[this.cell(x, y)];
    const rows = [h("b", {}, this.nameAt(x, y)), h("span", {}, `${spec.x.name} ${near[0]}, ${spec.y.name.toLowerCase()} ${near[1]}`)];
    if (Number.isFinite(usd)) rows.splice(1, 0, h("span", {}, `about ${dollars(usd)} a month`));
    const level = this.ringAt(x, y);
    if (level) rows.push(h("span", {}, `inside the ring of the middle ${level} % of the requests`));
    if (!this.dragging && this.spec.names[this.cells?.[this.cell(x, y)]]) rows.push(h("small", {}, "Shift+click opens this design"));
    this.crosshair(x, y);
    controls.ghosts({ [spec.x.field]: x, [spec.y.field]: y });
    this.tip.replaceChildren(...rows);
    this.tip.hidden = false;
    const edge = this.stage.getBoundingClientRect();
    const [left, top] = this.beside(event.clientX - edge.left, event.clientY - edge.top, edge);
    this.tip.style.transform = `translate(${left}px, ${top}px)`;
  }

  // The narrowest ring about the workload that holds a place: its share of the requests [%]; 0: outside all.
  ringAt(x, y) {
    const [vx, vy] = this.today();
    const inside = (ring) => {
      let within = false;
      const log = ring.map(([fx, fy]) => [Math.log(vx * fx), Math.log(vy * fy)]), px = Math.log(x), py = Math.log(y);
      for (let i = 0, j = log.length - 1; i < log.length; j = i++) {
        const [[ax, ay], [bx, by]] = [log[i], log[j]];
        if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) within = !within;
      }
      return within;
    };
    const levels = this.spec.cloud.map((ring, i) => (inside(ring) ? this.spec.levels[i] : Infinity));
    const least = Math.min(...levels);
    return Number.isFinite(least) ? least : 0;
  }

  // Where the box with the words stands: beside the pointer where it covers neither the dot nor the inner ring, else in a corner.
  beside(px, py, edge) {
    const { offsetWidth: w, offsetHeight: t } = this.tip, gap = 14, { pad } = this, [vx, vy] = this.today();
    const about = (ring) => {
      const xs = ring.map(([fx]) => this.across(vx * fx)), ys = ring.map(([, fy]) => this.up(vy * fy));
      return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    };
    const cx = this.across(vx), cy = this.up(vy), dot = { left: cx - 9, right: cx + 9, top: cy - 9, bottom: cy + 9 };
    const rings = this.spec.cloud.map(about), right = edge.width - w - 4, bottom = edge.height - pad.bottom - t - 4;
    const sides = [[px + gap, py + gap], [px + gap, py - t - gap], [px - w - gap, py + gap], [px - w - gap, py - t - gap]];
    const corners = [[right, 4], [pad.left + 4, 4], [right, bottom], [pad.left + 4, bottom]];
    const inside = ([x, y]) => x >= 0 && y >= 0 && x <= right && y <= edge.height - t;
    const covered = ([x, y], box) => Math.max(0, Math.min(x + w, box.right) - Math.max(x, box.left)) * Math.max(0, Math.min(y + t, box.bottom) - Math.max(y, box.top));
    const pointer = { left: px - 6, right: px + 6, top: py - 6, bottom: py + 6 };
    const cost = (place, i) => 1e6 * Number(covered(place, dot) + covered(place, pointer) > 0) + rings.reduce((sum, ring) => sum + covered(place, ring), 0) + (i < sides.length ? i : w * t / 2 + i);
    const places = [...sides, ...corners], costs = places.map((place, i) => (inside(place) ? cost(place, i) : Infinity));
    const best = costs.indexOf(Math.min(...costs));
    return places[best].map((at) => Math.max(0, at));
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
    const pen = canvas.getContext("2d"), { theme } = this.stage.closest(".x-app").dataset;
    if (this.inks?.theme !== theme) this.inks = { theme, ...palette(this.stage) };
    if (this.image?.width !== w || this.image?.height !== t) Object.assign(this, { image: pen.createImageData(w, t), kinds: new Uint8Array(w * t) });
    const share = (axis, window) => window.map((value) => part(axis, value));
    smooth(this.kinds, this.cells, this.spec.nx, this.spec.ny, w, t, { x: share(this.spec.x, this.view.x), y: share(this.spec.y, this.view.y) });
    const colours = this.spec.names.map((name) => pixel(name[theme]));
    paint(new Uint32Array(this.image.data.buffer), this.kinds, w, t, colours, this.inks, Math.round(9 * scale), scale);
    pen.putImageData(this.image, 0, 0);
  }

  overlay() {
    const { spec } = this, { width, height } = this.box, bottom = this.pad.top + height;
    const parts = [s("rect", { x: this.pad.left, y: this.pad.top, width, height, class: "edge" })];
    const tick = (axis, at, text, attributes) => {
      const element = s("text", { class: "tick", ...attributes }, text);
      this.ticks.push({ axis, at, half: axis ? 0.5 * this.em : 0.5 * wide(text, 0.9 * this.em), element });
      return element;
    };
    this.ticks = [];
    let taken = -Infinity;
    const shown = ([low, high]) => ([value]) => value >= low * 0.999 && value <= high * 1.001;
    for (const [value, text] of spec.x.ticks.filter(shown(this.view.x))) {
      const x = this.across(value), half = 0.45 * wide(text, this.em);
      if (x - half < taken + 0.5 * this.em) continue;
      taken = x + half;
      const atEnd = x > this.pad.left + width - 12;
      parts.push(s("path", { d: `M${x} ${bottom}v4`, class: "edge" }), tick(0, atEnd ? x + 14 - half : x, text, { x: atEnd ? x + 14 : x, y: bottom + 1.2 * this.em, class: atEnd ? "tick end" : "tick mid" }));
    }
    for (const [value, text] of spec.y.ticks.filter(shown(this.view.y))) {
      const y = this.up(value);
      parts.push(s("path", { d: `M${this.pad.left} ${y}h-4`, class: "edge" }), tick(1, y, text, { x: this.pad.left - 7, y: y + 0.32 * this.em, class: "tick end" }));
    }
    const name = wide(spec.x.name, 0.92 * this.em), rings = spec.cloud.length ? wide(spec.rings, 0.9 * this.em) : 0;
    const aside = (width - name) / 2 < rings + this.em, base = bottom + 2.4 * this.em; // the name gives way to the left
    if (rings && name + rings + 2 * this.em < width) parts.push(s("text", { x: this.pad.left + width, y: base, class: "tick end rings", "data-why": "word:ring" }, spec.rings));
    parts.push(s("text", { x: this.pad.left + (aside ? 0 : width / 2), y: base, class: aside ? "axis" : "axis mid" }, spec.x.name));
    const turned = `translate(${0.9 * this.em} ${this.pad.top + height / 2}) rotate(-90)`;
    parts.push(s("text", { transform: turned, class: "axis mid" }, spec.y.name));
    this.kept = [];
    this.hair = s("g", { class: "hair" });
    this.marker = s("g", { class: "cross" });
    const settled = near(this.view.x, spec.x) && near(this.view.y, spec.y);
    const names = settled ? this.regions() : [], borders = settled ? spec.lines.flatMap((line) => this.border(line)) : [];
    this.svg.replaceChildren(...parts, s("g", { class: "names" }, ...names), s("g", { class: "borders" }, ...borders), this.hair, this.marker);
    this.cross();
    if (this.pointer && !this.panning && !this.dragging) this.over(this.pointer); // which rests where it was
  }

  // The name of each region where it has most room, wholly inside it, upright or turned; none where it does not fit.
  regions() {
    const { spec, em } = this, { nx, ny } = spec, { width, height } = this.box, free = this.around(this.cells);
    const dx = width / (nx - 1), dy = height / (ny - 1), { far, boxes } = distances(free, nx, ny, this.box);
    return [...spec.names.keys(), NOTHING].flatMap((kind) => {
      const inside = boxes.get(kind);
      if (!inside) return [];
      const room = inside.wide, sum = sums(free, nx, kind, inside);
      const label = kind === NOTHING ? [spec.nothing] : spec.names[kind].label;
      const measured = (text) => wide(text, em, 600), each = label.map((option, i) => (i ? `+ ${option}` : option));
      const one = [label.join(" + ")], forms = [broken(label, room, measured), each, wrapped(each, room, measured), wrapped(each, 0, measured)];
      for (const [lines, turned] of [...forms.map((form) => [form, false]), [one, true], [each, true], [wrapped(each, 0, measured), true]]) {
        if (!lines) continue;
        const along = Math.max(...lines.map(measured)) + 4, across = lines.length * 1.2 * em + 4;
        const [w, h] = (turned ? [across, along] : [along, across]).map((size, i) => Math.ceil(size / [dx, dy][i]) + 1);
        const place = roomiest(far, sum, nx, ny, inside, w, h);
        if (!place) continue;
        for (let y = place.y; y < place.y + h; y++) free.fill(CROSS, y * nx + place.x, y * nx + place.x + w);
        const x = (place.x + (w - 1) / 2) * dx, y = height - (place.y + (h - 1) / 2) * dy;
        const [half, tall] = turned ? [across / 2, along / 2] : [along / 2, across / 2];
        this.kept.push({ left: x - half, right: x + half, top: y - tall, bottom: y + tall });
        const turn = `translate(${this.pad.left + x} ${this.pad.top + y})${turned ? " rotate(-90)" : ""}`, top = 0.34 * em - (lines.length - 1) * 0.6 * em;
        return s("text", { class: "name mid", transform: turn }, ...lines.map((line, i) => s("tspan", { x: 0, y: top + 1.2 * em * i }, line)));
      }
      return [];
    });
  }

  // Whether a box of the map [pixels] lies within cells of one kind; any kind but the cross' own, where none is named.
  alike({ left, right, top, bottom }, kind, cells) {
    const { nx, ny } = this.spec, { width, height } = this.box;
    if (left < 1 || top < 1 || right > width - 1 || bottom > height - 1) return false;
    const column = (x) => clamp(Math.round((x / width) * (nx - 1)), 0, nx - 1), row = (y) => clamp(Math.round((1 - y / height) * (ny - 1)), 0, ny - 1);
    const same = kind ?? cells[row((top + bottom) / 2) * nx + column((left + right) / 2)];
    if (same === CROSS) return false;
    for (let r = row(bottom); r <= row(top); r++) {
      for (let c = column(left); c <= column(right); c++) if (cells[r * nx + c] !== same) return false;
    }
    return true;
  }

  // The cells without those beside the cross: no name stands there.
  around(cells) {
    const { nx, ny } = this.spec, { width, height } = this.box, free = cells.slice();
    const [x, y] = this.today(), column = part(this.spec.x, x) * (nx - 1), row = part(this.spec.y, y) * (ny - 1);
    for (let r = 0; r < ny; r++) {
      for (let c = 0; c < nx; c++) {
        if (Math.abs(c - column) * width < 1.1 * this.em * nx && Math.abs(r - row) * height < 1.2 * this.em * ny) free[r * nx + c] = CROSS;
      }
    }
    return free;
  }

  // What a border is made by, beside it: on the side and at the place where it crosses nothing.
  border({ x, y, text, steep }) {
    const { em, pad } = this, long = 0.86 * wide(text, em) / 2 + 2, high = 0.62 * em, cells = this.around(this.cells);
    const cx = this.across(x) - pad.left, cy = this.up(y) - pad.top, away = high + 3;
    for (const along of [0, 1, -1, 2, -2, 3, -3]) {
      for (const side of [-1, 1, -1.6, 1.6]) {
        const mx = steep ? cx + side * away : cx + along * long * 0.5, my = steep ? cy + along * long * 0.5 : cy + side * away;
        const [hx, hy] = steep ? [high, long] : [long, high];
        const box = { left: mx - hx, right: mx + hx, top: my - hy, bottom: my + hy };
        if (!this.alike(box, null, cells) || this.kept.some((other) => touches(box, other))) continue;
        this.kept.push(box);
        const place = `translate(${pad.left + mx} ${pad.top + my})${steep ? " rotate(-90)" : ""}`;
        return [s("text", { transform: place, class: "why mid", dy: "0.35em" }, text)];
      }
    }
    return [];
  }

  // Lines through the pointer, with what they stand for at the axes, in the place of the ticks there.
  crosshair(x, y) {
    const { pad, box, controls, spec } = this, px = this.across(x), py = this.up(y);
    const said = [spec.x, spec.y].map((axis, i) => controls.nearest(axis.field, [x, y][i]).said);
    this.hair.replaceChildren(
      s("path", { d: `M${px} ${pad.top}V${pad.top + box.height}M${pad.left} ${py}H${pad.left + box.width}` }),
      s("text", { x: px, y: pad.top + box.height + 1.2 * this.em, class: "at mid" }, said[0]),
      s("text", { x: pad.left - 7, y: py + 0.32 * this.em, class: "at end" }, said[1]));
    this.give(px, 0.5 * wide(said[0], 0.9 * this.em, 650), py);
  }

  // Ticks under the values of the crosshair are left out; none when there is no crosshair.
  give(px, half, py) {
    for (const { axis, at, half: own, element } of this.ticks || []) {
      const away = axis ? Math.abs(at - py) : Math.abs(at - px);
      element.classList.toggle("under", px !== undefined && away < own + (axis ? 0.5 * this.em : half + 0.3 * this.em));
    }
  }

  cross() {
    if (!this.spec || !this.marker) return;
    const { spec } = this, [vx, vy] = this.today(), { width, height } = this.box;
    const clipped = { "clip-path": `url(#${this.clip})` };
    const x = clamp(this.across(vx), this.pad.left, this.pad.left + width), y = clamp(this.up(vy), this.pad.top, this.pad.top + height);
    const parts = [s("clipPath", { id: this.clip }, s("rect", { x: this.pad.left, y: this.pad.top, width, height }))];
    for (const ring of spec.cloud) {
      const path = ring.map(([fx, fy]) => `${this.across(vx * fx).toFixed(1)} ${this.up(vy * fy).toFixed(1)}`).join("L");
      parts.push(s("path", { d: `M${path}Z`, class: "cloud", ...clipped }));
    }
    for (const [px, py, text] of this.pins || []) {
      const cx = this.across(px), cy = this.up(py);
      parts.push(s("circle", { cx, cy, r: 6, class: "pin", ...clipped }), s("text", { x: cx, y: cy + 3.5, class: "pin-name mid", ...clipped }, text));
    }
    parts.push(s("circle", { cx: x, cy: y, r: 6.5, class: "halo" }), s("circle", { cx: x, cy: y, r: 4.5, class: "dot" }));
    this.marker.replaceChildren(...parts);
    this.grip.style.translate = `${x}px ${y}px`;
  }
}

DecisionMap.count = 0;
const CROSS = NOTHING - 1; // of a cell beside the cross: no name stands there

function ends([low, high]) { return { low, high }; }
function near(window, axis) {
  return Boolean(window) && Math.abs(Math.log(window[0] / axis.low)) + Math.abs(Math.log(window[1] / axis.high)) < 0.02;
}

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
