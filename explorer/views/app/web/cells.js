// The cells of a map: painted smoothly, in the theme's colours, and where each kind has room for its name.

const NOTHING = 255; // of a cell: no design is feasible
const UNKNOWN = 253; // of a pixel: not worked out yet

// Of each cell the distance to the nearest one of another kind [pixels]; of each kind the box that holds its cells, and
// how much room it has to both sides [pixels].
function distances(cells, nx, ny, { width, height }) {
  const dx = width / nx, dy = height / ny, far = new Float32Array(nx * ny), boxes = new Map();
  for (let y = 0, i = 0; y < ny; y++) {
    for (let x = 0, run = 0; x < nx; x++, i++) {
      const kind = cells[i];
      const up = y ? (cells[i - nx] === kind ? far[i - nx] : 0) : 0, side = x && cells[i - 1] === kind ? far[i - 1] : 0;
      far[i] = Math.min(up + dy, side + dx * 0.55);
      run = x && cells[i - 1] === kind ? run + dx : dx;
      let box = boxes.get(kind);
      if (!box) boxes.set(kind, box = { left: x, right: x, low: y, high: y, wide: 0 });
      if (x < box.left) box.left = x;
      if (x > box.right) box.right = x;
      box.high = y;
      if (run > box.wide) box.wide = run;
    }
  }
  for (let y = ny - 1, i = nx * ny - 1; y >= 0; y--) {
    for (let x = nx - 1; x >= 0; x--, i--) {
      const kind = cells[i];
      const down = y + 1 < ny && cells[i + nx] === kind ? far[i + nx] : 0, side = x + 1 < nx && cells[i + 1] === kind ? far[i + 1] : 0;
      far[i] = Math.min(far[i], down + dy, side + dx * 0.55);
    }
  }
  return { far, boxes };
}

// How many cells of a kind lie below and left of each in its box: whether a part of it is all of that kind is then
// known by its corners.
function sums(cells, nx, kind, { left, right, low, high }) {
  const wide = right - left + 2, out = new Uint32Array(wide * (high - low + 2));
  for (let y = low; y <= high; y++) {
    const to = (y - low + 1) * wide + 1 - left;
    for (let x = left, row = 0; x <= right; x++) {
      if (cells[y * nx + x] === kind) row++;
      out[to + x] = out[to + x - wide] + row;
    }
  }
  return out;
}

// The place with most room about it where a box [cells] lies wholly in its kind, in the middle of such places; null: nowhere.
function roomiest(far, sum, nx, ny, { left, right, low, high }, w, h) {
  const middle = (h >> 1) * nx + (w >> 1), wide = right - left + 2, places = [];
  let most = 0, n = 0, mx = 0, my = 0, best = null, least = Infinity;
  for (let y = Math.max(low, 1); y + h <= high + 1 && y + h < ny; y++) {
    for (let x = Math.max(left, 1); x + w <= right + 1 && x + w < nx; x++) {
      const from = (y - low) * wide + x - left, to = from + h * wide;
      if (sum[to + w] - sum[to] - sum[from + w] + sum[from] !== w * h) continue;
      const room = far[y * nx + x + middle];
      if (room > most) most = room;
      places.push(x, y, room);
    }
  }
  if (!most) return null;
  const roomy = (i) => places[i + 2] > 0.85 * most;
  for (let i = 0; i < places.length; i += 3) if (roomy(i)) { n++; mx += places[i]; my += places[i + 1]; }
  for (let i = 0; i < places.length; i += 3) {
    const away = Math.abs(places[i] - mx / n) + Math.abs(places[i + 1] - my / n);
    if (roomy(i) && away < least) { least = away; best = { x: places[i], y: places[i + 1] }; }
  }
  return best;
}

// Options side by side as long as they fit into so many pixels; none if one alone does not.
function broken(label, pixels, measured) {
  const lines = [];
  for (const option of label) {
    const longer = lines.length ? `${lines.at(-1)} + ${option}` : option;
    if (lines.length && measured(longer) <= pixels) lines[lines.length - 1] = longer;
    else lines.push(lines.length ? `+ ${option}` : option);
  }
  return lines.every((line) => measured(line) <= pixels) ? lines : null;
}

// Options one below the other, each broken between its words to fit into so many pixels; none if one word does not.
function wrapped(options, pixels, measured) {
  const lines = [], words = options.flatMap((option) => option.replace("+ ", "+\u00a0").split(" ").map((word, i) => [word, i === 0]));
  const widest = Math.max(pixels, ...words.map(([word]) => measured(word)));
  if (pixels && widest > pixels) return null;
  for (const [word, first] of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && !first && measured(longer) <= widest) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// Each pixel takes the kind that weighs most among its four cells: borders are slanted where the cells step.
// `view` is what part of the cells is shown, as shares; beyond them nothing is known. Where the four are of one kind,
// which is nearly everywhere, a whole run of pixels is filled at once.
function smooth(out, cells, nx, ny, width, height, view) {
  const outside = (share) => share < -1e-9 || share > 1 + 1e-9;
  const columns = new Int32Array(width), us = new Float64Array(width);
  for (let px = 0; px < width; px++) {
    const sx = view.x[0] + (view.x[1] - view.x[0]) * (px / (width - 1)), x = clamp(sx, 0, 1) * (nx - 1);
    columns[px] = outside(sx) ? -1 : Math.min(Math.floor(x), nx - 2);
    us[px] = x - columns[px];
  }
  for (let py = 0; py < height; py++) {
    const start = py * width, sy = view.y[0] + (view.y[1] - view.y[0]) * (1 - py / (height - 1));
    if (outside(sy)) { out.fill(UNKNOWN, start, start + width); continue; }
    const y = clamp(sy, 0, 1) * (ny - 1), row = Math.min(Math.floor(y), ny - 2), v = y - row;
    for (let px = 0; px < width;) {
      const column = columns[px], first = px;
      if (column < 0) {
        while (px < width && columns[px] < 0) px++;
        out.fill(UNKNOWN, start + first, start + px);
        continue;
      }
      const at = row * nx + column, a = cells[at], b = cells[at + 1], c = cells[at + nx], d = cells[at + nx + 1];
      if (a === b && a === c && a === d) {
        while (px < width && columns[px] === column) px++;
        out.fill(a, start + first, start + px);
        continue;
      }
      for (; px < width && columns[px] === column; px++) {
        const u = us[px], wa = (1 - u) * (1 - v), wb = u * (1 - v), wc = (1 - u) * v, wd = u * v;
        const sa = wa + (b === a ? wb : 0) + (c === a ? wc : 0) + (d === a ? wd : 0);
        const sb = wb + (a === b ? wa : 0) + (c === b ? wc : 0) + (d === b ? wd : 0);
        const sc = wc + (a === c ? wa : 0) + (b === c ? wb : 0) + (d === c ? wd : 0);
        const sd = wd + (a === d ? wa : 0) + (b === d ? wb : 0) + (c === d ? wc : 0);
        const most = Math.max(sa, sb, sc, sd);
        out[start + px] = most === sa ? a : most === sb ? b : most === sc ? c : d;
      }
    }
  }
}

// The colours of the pixels: a border between two kinds, hatching where nothing is feasible.
function paint(paper, kinds, width, height, colours, inks, pitch, line) {
  for (let y = 0; y < height; y++) {
    const start = y * width, end = start + width;
    for (let i = start; i < end;) {
      const kind = kinds[i], first = i;
      while (i < end && kinds[i] === kind) i++;
      if (kind === NOTHING) for (let j = first; j < i; j++) paper[j] = (j - start + y) % pitch < line ? inks.hatch : inks.nothing;
      else paper.fill(kind === UNKNOWN ? inks.nothing : colours[kind], first, i);
      if (i < end && kind !== UNKNOWN) paper[i - 1] = inks.border;
    }
    if (y + 1 === height) continue;
    for (let i = start; i < end; i++) if (kinds[i] !== kinds[i + width] && kinds[i] !== UNKNOWN) paper[i] = inks.border;
  }
}

// A colour "#rrggbb" as the number of a pixel.
function pixel(text) {
  const value = parseInt(text.trim().slice(1), 16);
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

function palette(element) {
  const style = getComputedStyle(element), ink = (name) => pixel(style.getPropertyValue(name));
  return { border: ink("--m-border"), nothing: ink("--m-none"), hatch: ink("--m-hatch") };
}
