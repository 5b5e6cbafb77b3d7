"use strict";
// What a reader may do beyond reading: unfold all, enlarge a picture on a small screen, sort tables, filter long ones. All of it is there without this.
const sections = [...document.querySelectorAll("details.section")];
const unfold = document.querySelector(".unfold button");
if (unfold) {
  unfold.hidden = false;
  const all = () => sections.every(section => section.open);
  const label = () => { unfold.textContent = all() ? "Fold all" : "Unfold all"; };
  unfold.addEventListener("click", () => {
    const open = !all();
    for (const section of sections) section.open = open;
    label();
  });
  for (const section of sections) section.addEventListener("toggle", label);
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details")) target.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
}
for (const figure of document.querySelectorAll("figure")) {
  figure.addEventListener("click", () => figure.classList.toggle("large"));
}
const number = text => {
  const found = text.replace(/[,\u00a0\s]/g, "").replace("\u2212", "-").match(/-?\d+(\.\d+)?(e[+-]?\d+)?/);
  return found ? parseFloat(found[0]) : NaN;
};
const SCALE = { ms: 1e-3, s: 1, min: 60, h: 3600, day: 86400, days: 86400, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4, "%": 0.01 };
const value = cell => {
  const text = (cell.querySelector("div") || cell).firstChild?.textContent.trim() || "";
  const unit = text.match(/[a-zA-Z%]+\s*$/);
  const found = number(text);
  return isNaN(found) ? text.toLowerCase() : found * (unit && SCALE[unit[0].trim()] || 1);
};
const compare = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;

for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], rows = [...body.rows];
  if (rows.length < 4 || table.tHead.rows[0].cells.length < 4) continue;
  if (table.closest(".money")) continue; // a year a row: there is nothing to sort
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = rows.map((row, place) => [value(row.cells[column]), place, row]);
      keyed.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]) || a[1] - b[1]);
      body.append(...keyed.map(entry => entry[2]));
    });
  }
}

for (const table of document.querySelectorAll("#rejected > section > .table > table, #assumptions details table")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 8) continue;
  const label = document.createElement("label"), field = document.createElement("input"), told = document.createElement("span");
  field.type = "search";
  field.placeholder = "e.g. API Gateway";
  told.setAttribute("role", "status");
  label.append("Show rows with ", field);
  const line = document.createElement("p");
  line.className = "filter";
  line.append(label, told);
  table.parentElement.before(line);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    told.textContent = wanted ? `${rows.filter(row => !row.hidden).length} of ${rows.length} rows` : "";
  });
}
