// What a number is made of: beside it on hovering and focus, held open by a click, closed by Escape.

const HOVER_MS = 140;

class Why {
  constructor(root, ask) {
    this.root = root;
    this.ask = ask;
    this.box = h("div.x-why", { hidden: true, id: `x-why-${Why.count++}`, role: "dialog", "aria-label": "Where this comes from", tabindex: -1 });
    root.append(this.box);
    root.addEventListener("pointerover", (event) => this.hover(event));
    root.addEventListener("focusin", (event) => this.focus(event));
    root.addEventListener("focusout", (event) => {
      if (!this.held && !this.box.contains(event.relatedTarget)) this.close();
    });
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.box.hidden) {
        event.stopPropagation();
        this.close(true);
      }
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.held && !this.box.contains(event.target)) this.close();
    });
  }

  of(event) { return event.target.closest?.("[data-why]"); }

  hover(event) {
    if (event.pointerType === "touch") return; // a tap is a click
    clearTimeout(this.timer);
    if (this.held || this.box.contains(event.target)) return;
    const target = this.of(event);
    if (target === this.target && target) return;
    this.timer = setTimeout(() => (target ? this.open(target) : this.close()), HOVER_MS);
  }

  focus(event) {
    const target = this.of(event);
    if (target?.matches(":focus-visible") && !this.held) this.open(target);
  }

  click(event) {
    const target = event.target.closest("[data-open], [data-list]") ? null : this.of(event);
    if (!target || this.box.contains(event.target)) return;
    const again = this.held && target === this.target;
    if (again) return this.close();
    clearTimeout(this.timer); // what the pointer came over before
    this.open(target);
    this.held = true;
    this.box.classList.add("held");
  }

  open(target) {
    if (this.target !== target) this.held = false;
    this.target = target;
    this.key = target.dataset.why;
    this.ask(this.key);
  }

  // The answer, if it is still what is asked.
  show(key, html) {
    if (key !== this.key || !this.target) return;
    this.box.innerHTML = html;
    this.box.hidden = false;
    this.target.setAttribute("aria-describedby", this.box.id);
    this.box.scrollTop = 0;
    this.box.classList.remove("cut");
    this.box.classList.toggle("cut", this.box.scrollHeight > this.box.clientHeight + 1);
    this.place();
    if (this.held && this.box.querySelector("a, input")) this.box.focus({ preventScroll: true });
  }

  // Everything has changed: what is open is asked again.
  again() {
    if (!this.target || this.box.hidden) return;
    if (!this.target.isConnected) return this.close();
    this.key = this.target.dataset.why;
    if (this.key) this.ask(this.key);
    else this.close();
  }

  place() {
    const edge = this.root.getBoundingClientRect(), at = this.target.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const low = Math.min(innerHeight, edge.bottom), below = at.bottom + 8 + height < low || at.top - edge.top < height + 8;
    const left = clamp(at.left + at.width / 2 - width / 2, edge.left + 6, Math.max(edge.left + 6, edge.right - width - 6));
    const top = below ? Math.min(at.bottom + 6, Math.max(edge.top, low - height - 6)) : at.top - height - 6;
    this.box.style.transform = `translate(${Math.round(left - edge.left)}px, ${Math.round(top - edge.top)}px)`;
  }

  close(back = false) {
    clearTimeout(this.timer);
    const { target } = this;
    Object.assign(this, { target: null, key: null, held: false });
    this.box.hidden = true;
    this.box.classList.remove("held");
    target?.removeAttribute("aria-describedby");
    if (back && target?.isConnected) target.focus?.();
  }
}
Why.count = 0;

// One tab stop a panel; the arrows go from number to number.
function roving(panel) {
  const stops = () => [...panel.querySelectorAll(".n")].filter((one) => one.getClientRects().length);
  const settle = () => {
    const all = stops(), now = all.find((one) => one.tabIndex === 0 && one.dataset.stop) || all[0];
    all.forEach((one) => {
      const place = one === now ? 0 : -1;
      if (one.tabIndex !== place || !one.hasAttribute("tabindex")) one.tabIndex = place;
      if (one === now) one.dataset.stop = "1";
      else if (one.dataset.stop) delete one.dataset.stop;
    });
  };
  panel.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const all = stops(), index = all.indexOf(event.target);
    if (!step || index < 0) return;
    event.preventDefault();
    const next = all[(index + step + all.length) % all.length];
    all.forEach((one) => { delete one.dataset.stop; });
    next.dataset.stop = "1";
    settle();
    next.focus();
  });
  return settle;
}
