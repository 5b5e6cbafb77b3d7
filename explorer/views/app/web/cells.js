// The cells of a map: painted smoothly, in the theme's colours, and where each kind has room for its name.

const NOTHING = 255; // of a cell: no design is feasible
const UNKNOWN = 253; // of a pixel: not worked out yet

// The distance of each cell of a kind to the nearest other one, and how much room it has to both sides [pixels].
function distances(cells, nx, ny, kind, { width, height }) {
  const dx = width / nx, dy = height / ny, far = new Float32Array(nx * ny).fill(1e9);
  const pass = (y, x, sy, sx) => {
    const i = y * nx + x;
    if (cells[i] !== kind) return void (far[i] = 0);
    const up = y + sy >= 0 && y + sy < ny ? far[i + sy * nx] : 0, side = x + sx >= 0 && x + sx < nx ? far[i + sx] : 0;
    far[i] = Math.min(far[i], up + dy, side + dx * 0.55);
  };
  for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) pass(y, x, -1, -1);
  for (let y = ny - 1; y >= 0; y--) for (let x = nx - 1; x >= 0; x--) pass(y, x, 1, 1);
  let wide = 0;
  for (let y = 0, i = 0; y < ny; y++) for (let x = 0, run = 0; x < nx; x++, i++) wide = Math.max(wide, run = cells[i] === kind ? run + dx : 0);
  return { far, wide };
}

// How many cells of a kind lie below and left of each: whether a box is all of it is then known by its corners.
function sums(cells, nx, ny, kind) {
  const out = new Uint32Array((nx + 1) * (ny + 1));
  for (let y = 0; y < ny; y++) {
    for (let x = 0, row = 0; x < nx; x++) {
      row += cells[y * nx + x] === kind;
      out[(y + 1) * (nx + 1) + x + 1] = out[y * (nx + 1) + x + 1] + row;
    }
  }
  return out;
}

// The place with most room about it where a box [cells] lies wholly in its kind, in the middle of such places; null: nowhere.
function roomiest(far, sum, nx, ny, w, h) {
  const middle = (h >> 1) * nx + (w >> 1), wide = nx + 1;
  const each = (visit) => {
    for (let y = 1; y + h < ny; y++) {
      for (let x = 1; x + w < nx; x++) {
        const low = y * wide + x, high = low + h * wide;
        if (sum[high + w] - sum[high] - sum[low + w] + sum[low] === w * h) visit(x, y, far[y * nx + x + middle]);
      }
    }
  };
  let most = 0, n = 0, mx = 0, my = 0, best = null, least = Infinity;
  each((x, y, room) => { most = Math.max(most, room); });
  if (!most) return null;
  each((x, y, room) => { if (room > 0.85 * most) { n++; mx += x; my += y; } });
  each((x, y, room) => {
    const away = Math.abs(x - mx / n) + Math.abs(y - my / n);
    if (room > 0.85 * most && away < least) { least = away; best = { x, y }; }
  });
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
// `view` is what part of the cells is shown, as shares; beyond them nothing is known.
function smooth(cells, nx, ny, width, height, view) {
  const out = new Uint8Array(width * height);
  for (let py = 0; py < height; py++) {
    const sy = view.y[0] + (view.y[1] - view.y[0]) * (1 - py / (height - 1));
    const y = sy * (ny - 1), row = Math.min(Math.floor(y), ny - 2), v = y - row;
    for (let px = 0, i = py * width; px < width; px++, i++) {
      const sx = view.x[0] + (view.x[1] - view.x[0]) * (px / (width - 1));
      if (sx < -1e-9 || sx > 1 + 1e-9 || sy < -1e-9 || sy > 1 + 1e-9) { out[i] = UNKNOWN; continue; }
      const x = clamp(sx, 0, 1) * (nx - 1), column = Math.min(Math.floor(x), nx - 2), u = x - column;
      const at = Math.max(row, 0) * nx + column;
      const a = cells[at], b = cells[at + 1], c = cells[at + nx], d = cells[at + nx + 1];
      if (a === b && a === c && a === d) { out[i] = a; continue; }
      const wa = (1 - u) * (1 - v), wb = u * (1 - v), wc = (1 - u) * v, wd = u * v;
      const sa = wa + (b === a ? wb : 0) + (c === a ? wc : 0) + (d === a ? wd : 0);
      const sb = wb + (a === b ? wa : 0) + (c === b ? wc : 0) + (d === b ? wd : 0);
      const sc = wc + (a === c ? wa : 0) + (b === c ? wb : 0) + (d === c ? wd : 0);
      const sd = wd + (a === d ? wa : 0) + (b === d ? wb : 0) + (c === d ? wc : 0);
      const most = Math.max(sa, sb, sc, sd);
      out[i] = most === sa ? a : most === sb ? b : most === sc ? c : d;
    }
  }
  return out;
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
