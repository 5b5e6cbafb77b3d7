// First steps: four boxes beside what they speak of, once in a browser; and the keys, in a list.

const SEEN = "explorer-first-steps";
const TOUCH = matchMedia("(hover: none)"); // fingers: nothing hovers, and there are no keys
const STEPS = [ // where, what, how; how with fingers, where that differs
  [".x-left", "Say what your API has to carry", "Turn a slider, or click its value and type: “2.7 MB”, “3.14 million”. All fields… holds the rest.",
    "Drag a slider, or tap its value and type: “2.7 MB”, “3.14 million”. All fields… holds the rest."],
  [".x-answer", "Read what to build", "The answer follows at once. Every number explains itself: point at it, or tab to it; a click holds it open.",
    "The answer follows at once. Every number explains itself: tap it."],
  [".x-map", "See what would win elsewhere", "Drag the dot to move the workload. The wheel zooms, Shift and drag pans, Shift and click opens a design.",
    "Drag the dot, or tap a place, to move the workload. The buttons + and − above the map zoom."],
  [".x-costs", "Open any other design", "A name in a list opens that design beside the chosen one: money, seconds, parts, limits. The address keeps where you are; Share hands it on."],
];
const KEYS = [
  ["Tab, Shift+Tab", "from panel to panel"], ["↑ ↓ ← →", "from number to number; on a slider one step; on the map the workload"],
  ["Enter", "take over what was typed; open the design at the cross of the map"], ["Escape", "close what is open; take back what was typed"],
  ["+ − 0", "on the map: zoom in, zoom out, the whole"], ["Shift + arrows", "on the map: pan"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"], ["Alt+← →", "back and forward, as in any page"], ["?", "this list"],
];

class Tour {
  constructor(root) {
    this.root = root;
    this.title = h("h3");
    this.text = h("p");
    this.count = h("small");
    this.next = h("button.x-button.primary", { type: "button", onclick: () => this.go(1) });
    this.before = h("button.x-button", { type: "button", onclick: () => this.go(-1) }, "Back");
    this.box = h("div.x-tour", { role: "dialog", "aria-label": "First steps", hidden: true }, this.title, this.text,
      h("div.x-end", {}, this.count, h("span.x-gap"), h("button.x-button", { type: "button", onclick: () => this.end() }, "Skip"), this.before, this.next));
    root.append(this.box);
    this.watch = new ResizeObserver(frame(() => this.place()));
    this.watch.observe(root);
    this.box.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { event.preventDefault(); this.go(step); }
      if (event.key === "Escape") { event.stopPropagation(); this.end(); }
    });
  }

  // Only where it was not seen yet; a browser that keeps nothing is not asked again and again.
  first() {
    try { if (!localStorage.getItem(SEEN)) this.start(); } catch { /* no storage: no tour */ }
  }

  start() {
    this.step = 0;
    this.box.hidden = false;
    this.show();
  }

  go(by) {
    this.step += by;
    if (this.step < 0) this.step = 0;
    if (this.step >= STEPS.length) return this.end();
    this.show();
  }

  show() {
    const [where, title, text, tapped = text] = STEPS[this.step], last = this.step === STEPS.length - 1;
    this.mark(where);
    this.title.textContent = title;
    this.text.textContent = TOUCH.matches ? tapped : text;
    this.count.textContent = `${this.step + 1} of ${STEPS.length}`;
    this.next.textContent = last ? "Done" : "Next";
    this.before.hidden = this.step === 0;
    const narrow = this.box.offsetWidth > 0.6 * this.root.clientWidth;
    this.root.querySelector(where).scrollIntoView({ block: narrow ? "start" : "nearest" });
    this.place();
    this.next.focus({ preventScroll: true });
  }

  // Beside the panel it speaks of, inside the screen at any width.
  place() {
    if (this.box.hidden) return;
    const panel = this.root.querySelector(STEPS[this.step][0]);
    const edge = this.root.getBoundingClientRect(), at = panel.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = this.box;
    const beside = at.right + width + 12 < edge.right ? at.right - edge.left + 10 : at.left - edge.left - width - 10;
    const left = beside > 0 ? beside : clamp(at.left - edge.left + 10, 6, Math.max(6, edge.width - width - 6));
    const low = innerHeight - edge.top - height - 6; // where nothing is free beside the panel: below, over its end
    const top = clamp(beside > 0 ? at.top - edge.top + 24 : low, 6, Math.max(6, edge.height - height - 6));
    this.box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  mark(where) {
    this.root.querySelectorAll(".x-toured").forEach((panel) => panel.classList.remove("x-toured"));
    if (where) this.root.querySelector(where).classList.add("x-toured");
  }

  end() {
    this.box.hidden = true;
    this.mark("");
    try { localStorage.setItem(SEEN, "1"); } catch { /* it is asked again next time */ }
  }
}
