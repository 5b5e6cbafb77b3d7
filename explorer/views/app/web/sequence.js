// One request, a row a step: what it is, who does it for whom, and when, as bars on one line of time. Where the names
// of those who do it have no room, a row is what it is, and when: a tap tells who.

const LEAST = 1.18, MOST = 2.3; // of a row [em]
const SILENT = 0.55, LEAST_SILENT = 0.4; // a hand-over between two steps, of a row; where room is short [em]

function sequence(place, spec, { width, height: room, em }) {
  const compact = width < 470, steps = compact ? spec.steps.filter((step) => !step.silent) : spec.steps, rows = steps.length;
  const actors = compact ? [] : spec.actors, time = 5.2 * em;
  const levels = actors.length > 5 ? 3 : 2, head = compact ? 1.6 * em : (levels + 0.8) * em, level = (i) => (0.85 + 1.1 * (i % levels)) * em;
  const silent = steps.filter((step) => step.silent).length, told = rows - silent, wanted = (told + SILENT * silent) * LEAST * em;
  place.style.minHeight = `${head + (told * LEAST + silent * LEAST_SILENT) * em + 6}px`;
  const free = room ? room - head - 6 : wanted, row = clamp(free / (told + SILENT * silent), LEAST * em, MOST * em);
  const between = clamp((free - told * row) / (silent || 1), LEAST_SILENT * em, SILENT * row), tall = steps.map((step) => (step.silent ? between : row));
  const longest = Math.max(...steps.map((step) => wide(step.title, em)));
  const titles = Math.min(width * (compact ? 0.66 : 0.38), longest + 14);
  const barsLeft = compact ? titles : width * 0.84 - time, lanes = barsLeft - titles - 14;
  const gap = lanes / (actors.length || 1), lane = (i) => titles + gap * (i + 0.5);
  const height = head + tall.reduce((sum, each) => sum + each, 0) + 6;
  const parts = actors.flatMap((actor, i) => [
    s("path", { d: `M${lane(i)} ${level(i) + 0.35 * em}V${height - 6}`, class: "life" }),
    s("text", { x: lane(i), y: level(i), class: "actor mid" }, fitting(actor, levels * gap - 6, 0.95 * em, 600)),
  ]);
  let y = head, spent = 0;
  const total = spec.total || 1;
  for (let i = 0; i < rows; i++) {
    const step = steps[i], middle = y + tall[i] / 2;
    const from = lane(step.from), to = lane(step.to);
    const group = s("g", step.silent ? { class: "silent" } : { class: `step p-${step.phase}`, "data-why": `step:${step.key}` });
    if (!step.silent) {
      const start = barsLeft + (width - time - barsLeft) * (spent / total);
      const long = Math.max(2, (width - time - barsLeft) * (step.seconds / total));
      spent += step.seconds;
      group.append(
        s("rect", { x: 0, y, width, height: tall[i], class: "row" }),
        s("text", { x: 0, y: middle + 0.34 * em, class: "title" }, fitting(step.title, titles - 6, em)),
        s("rect", { x: Math.min(start, width - time - 2), y: middle - 0.36 * em, width: long, height: 0.72 * em, rx: 2, class: "bar" }),
        s("text", { x: width, y: middle + 0.34 * em, class: "time end" }, step.said),
      );
    }
    if (from === to && !compact) group.append(s("rect", { x: from - 4.5, y: y + 3, width: 9, height: tall[i] - 6, rx: 2, class: "own" }));
    else if (!compact) {
      const sign = to > from ? 1 : -1, end = to - 2 * sign;
      group.append(
        s("path", { d: `M${from + 2 * sign} ${middle}H${end - 5 * sign}`, class: "arrow" }),
        s("path", { d: `M${end} ${middle}l${-7 * sign} -3.6v7.2z`, class: "tip" }),
      );
    }
    parts.push(group);
    y += tall[i];
  }
  const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spec.alt }, ...parts);
  const old = place.querySelector("svg");
  if (old) morph(old, svg);
  else place.replaceChildren(svg);
}

const measuring = document.createElement("canvas").getContext("2d");

function wide(text, em, weight = 400) {
  measuring.font = `${weight} ${em}px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif`;
  return measuring.measureText(text).width;
}

// The text as it fits into so many pixels.
function fitting(text, pixels, em, weight = 400) {
  if (wide(text, em, weight) <= pixels) return text;
  let short = text;
  while (short.length > 3 && wide(`${short}…`, em, weight) > pixels) short = short.slice(0, -1);
  return `${short.trimEnd()}…`;
}
