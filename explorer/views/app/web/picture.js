// The map as a file: as SVG and PNG what is seen, as CSV every cell.

const CARRIED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "paint-order", "font-size", "font-weight", "font-family", "text-anchor"];

// The overlay with its looks written into it, over the cells as one image.
function mapAsSvg(map, title) {
  const { clientWidth: width, clientHeight: height } = map.stage, { pad, box } = map;
  const over = map.svg.cloneNode(true), from = map.svg.querySelectorAll("*"), to = over.querySelectorAll("*");
  from.forEach((element, i) => {
    const look = getComputedStyle(element);
    to[i].setAttribute("style", CARRIED.map((name) => `${name}:${look.getPropertyValue(name)}`).join(";"));
  });
  over.querySelector(".hair")?.remove();
  const paper = getComputedStyle(map.stage.closest(".x-panel")).backgroundColor;
  const cells = s("image", { x: pad.left, y: pad.top, width: box.width, height: box.height, href: map.canvas.toDataURL("image/png") });
  const svg = s("svg", { xmlns: SVG, width, height: height + 26, viewBox: `0 -26 ${width} ${height + 26}` },
    s("rect", { x: 0, y: -26, width: "100%", height: "100%", style: `fill:${paper}` }),
    s("text", { x: 8, y: -8, style: `font:600 14px system-ui, sans-serif;fill:${getComputedStyle(map.stage).color}` }, title), cells, ...over.childNodes);
  return new XMLSerializer().serializeToString(svg);
}

async function mapAsPng(map, title) {
  const picture = new Image();
  picture.src = URL.createObjectURL(new Blob([mapAsSvg(map, title)], { type: "image/svg+xml" }));
  await picture.decode();
  const canvas = h("canvas", { width: 2 * picture.width, height: 2 * picture.height }), pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(picture.src);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

// A row a cell: the two values in the unit of their fields, the design, its money.
function mapAsCsv(map) {
  const { spec, cells, usd } = map, { nx, ny } = spec, head = (axis) => (axis.unit ? `${axis.field} [${axis.unit}]` : axis.field);
  const rows = [`${head(spec.x)},${head(spec.y)},design,monthly_usd`];
  for (let row = 0; row < ny; row++) {
    for (let column = 0; column < nx; column++) {
      const i = row * nx + column, name = spec.names[cells[i]];
      const values = [at(spec.x, column / (nx - 1)), at(spec.y, row / (ny - 1))].map((value) => Number(value.toPrecision(6)));
      rows.push(`${values.join(",")},"${name ? name.design : ""}",${name && usd && Number.isFinite(usd[i]) ? Number(usd[i].toPrecision(6)) : ""}`);
    }
  }
  return `${rows.join("\r\n")}\r\n`;
}
