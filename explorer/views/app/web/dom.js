// Elements, and a tree patched in place: what stays keeps its focus, its bars glide.

const SVG = "http://www.w3.org/2000/svg";

function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  return filled(element, attributes, children);
}

function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const KEPT = new Set(["tabindex", "data-stop", "data-lm-suppress-shortcuts", "aria-describedby"]);

// Make `old` the same as `wanted`, changing no more than differs. A roving tab stop is the browser's own.
function morph(old, wanted) {
  for (const { name } of [...old.attributes]) {
    if (!wanted.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphInside(old, wanted);
}

function morphInside(old, wanted) {
  const now = [...old.childNodes], then = [...wanted.childNodes];
  then.forEach((node, index) => {
    const before = now[index];
    if (!before) old.append(node);
    else if (before.nodeType !== node.nodeType || before.nodeName !== node.nodeName) before.replaceWith(node);
    else if (node.nodeType === Node.ELEMENT_NODE) morph(before, node);
    else if (before.data !== node.data) before.data = node.data;
  });
  now.slice(then.length).forEach((node) => node.remove());
}

const shown = new WeakMap();

// Show `html` inside an element; whether anything changed.
function show(element, html) {
  if (shown.get(element) === html) return false;
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  morphInside(element, wanted.content);
  shown.set(element, html);
  return true;
}

// What stands in a panel until its content is there: that it is being computed, over so many rows in grey.
function skeleton(rows) {
  return h("div.x-skeleton", {}, h("span", {}, "Computing…"), ...Array.from({ length: rows }, () => h("i")));
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function frame(draw) {
  let asked = 0;
  return () => {
    if (!asked) asked = requestAnimationFrame(() => { asked = 0; draw(); });
  };
}
