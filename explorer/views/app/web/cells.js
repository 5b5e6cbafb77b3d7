// The cells of a map: painted smoothly, in the theme's colours, and where each kind has room for its name.

const NOTHING = 255; // of a cell: no design is feasible
const UNKNOWN = 253; // of a pixel: not worked out yet

// The middle of the widest place of a kind, by the distance to its nearest other cell [pixels].
function roomiest(cells, nx, ny, kind, { width, height }) {
  const dx = width / nx, dy = height / ny, far = new Float32Array(nx * ny);
  const pass = (y, x, sy, sx) => {
    const i = y * nx + x;
    if (cells[i] !== kind) return void (far[i] = 0);
    const up = y + sy >= 0 && y + sy < ny ? far[i + sy * nx] : 0, side = x + sx >= 0 && x + sx < nx ? far[i + sx] : 0;
    far[i] = Math.min(far[i], up + dy, side + dx * 0.55);
  };
  far.fill(1e9);
  for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) pass(y, x, -1, -1);
  for (let y = ny - 1; y >= 0; y--) for (let x = nx - 1; x >= 0; x--) pass(y, x, 1, 1);
  const most = far.reduce((a, b) => Math.max(a, b), 0);
  if (!most) return null;
  let n = 0, mx = 0, my = 0;
  far.forEach((d, i) => { if (d > 0.85 * most) { n++; mx += i % nx; my += Math.floor(i / nx); } });
  mx /= n;
  my /= n;
  let best = 0, least = Infinity;
  far.forEach((d, i) => {
    const away = Math.abs((i % nx) - mx) + Math.abs(Math.floor(i / nx) - my);
    if (d > 0.85 * most && away < least) { least = away; best = i; }
  });
  const row = Math.floor(best / nx);
  let left = best % nx, right = left;
  while (left > 0 && cells[row * nx + left - 1] === kind) left--;
  while (right < nx - 1 && cells[row * nx + right + 1] === kind) right++;
  const run = (right - left + 1) * dx, x = run < 3 * most ? ((left + right + 1) / 2) * dx : ((best % nx) + 0.5) * dx;
  return { room: most, wide: 2 * Math.min(x - left * dx, (right + 1) * dx - x), x, y: height - (row + 0.5) * dy };
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

function palette(element) {
  const style = getComputedStyle(element);
  const ink = (name) => {
    const value = parseInt(style.getPropertyValue(name).trim().slice(1), 16);
    return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
  };
  const areas = Array.from({ length: 10 }, (_, i) => ink(`--m${i}`));
  return { areas, border: ink("--m-border"), nothing: ink("--m-none"), hatch: ink("--m-hatch") };
}
