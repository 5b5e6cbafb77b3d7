// Where the screen stands: its state in the page's address, and whether Python still answers.

const SETTLED_MS = 700; // after the last change the address follows
const PULSE_MS = 1000; // between two questions whether Python is there
const SILENCE_MS = 1500; // without an answer before the server is asked whether the kernel runs
const BUSY_MS = 6000; // without an answer of a kernel that runs before it is said
const PATIENCE_MS = 30000; // as long a slow machine may be silent
const READ_MS = 1500; // to read why the page loads again
const RETURNS = 3; // times in a minute that the page comes back by itself
const MOVES = ["turn", "type", "preset", "undo", "redo", "reset", "paste", "open", "axes", "pin", "swap", "load", "keep", "rename", "remove", "design"]; // what leads to another place
const CHANGES = ["turn", "type", "preset", "reset", "paste", "undo", "redo", "open", "swap", "load"]; // what changes the workload
const AGAIN = ["turn", "type", "preset", "reset", "paste", "typing"]; // what a new kernel can do again

// The address behind the #: reload, back, forward and a bookmark lead to what was shown.
class Address {
  constructor(screen) {
    this.screen = screen;
    this.now = location.hash;
    this.led = true; // until the user asks for something, the address is only spelt as Python spells it
    this.asked = 0; // the question whose answer counts
    this.pending = []; // changes that are not in the address yet
    this.covered = 0; // of them, those that the answer covers
    // The server's token is in a cookie by now: no bookmark and no screenshot has to show it.
    const bare = new URL(location.href);
    if (bare.searchParams.has("token")) {
      bare.searchParams.delete("token");
      history.replaceState(null, "", bare);
    }
    this.moved = () => this.go();
    addEventListener("popstate", this.moved);
  }

  end() { removeEventListener("popstate", this.moved); clearTimeout(this.waiting); }

  read(hash = location.hash) { return Object.fromEntries(new URLSearchParams(hash.slice(1))); }

  // Something has changed: once it rests, Python is asked for the letters of where it stands.
  follow() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.covered = this.pending.length;
      this.screen.send({ do: "where", number: ++this.asked });
      this.waiting = setTimeout(() => this.keep(), SETTLED_MS);
    }, SETTLED_MS);
  }

  // What the user asks of Python: from here on it is a place of its own.
  sent(message) {
    if (MOVES.includes(message.do)) this.led = false;
    if (!CHANGES.includes(message.do)) return;
    const last = this.pending.at(-1), { number, ...change } = message;
    if (change.do === "turn" && last?.do === "turn" && this.pending.length > this.covered) Object.assign(last.values, change.values);
    else this.pending.push(change.do === "turn" ? { do: "turn", values: { ...change.values } } : change);
    if (this.screen.pulse?.lost) this.keep();
  }

  // What Python has not answered, and what is being typed: in the address too, so that a new kernel does it again.
  keep() {
    const end = this.pending.findIndex((change) => !AGAIN.includes(change.do));
    const changes = end < 0 ? [...this.pending] : this.pending.slice(0, end), typing = this.screen.controls.typing();
    changes.push(...this.screen.unsent());
    if (typing) changes.push({ do: "typing", ...typing });
    if (!changes.length) return;
    this.kept = true;
    const parts = new URLSearchParams(this.now.slice(1));
    parts.set("p", JSON.stringify(changes));
    history.replaceState(null, "", `#${parts}`);
  }

  // The changes that an address keeps, once: none of an address that is not whole.
  left() {
    const { p } = this.read();
    if (!p) return [];
    const parts = new URLSearchParams(location.hash.slice(1));
    parts.delete("p");
    this.now = `${parts}` && `#${parts}`;
    this.kept = true;
    try { return JSON.parse(p).filter((change) => AGAIN.includes(change.do)); } catch { return []; }
  }

  hash(letters) {
    const { spec } = this.screen.map, open = this.screen.opened;
    const parts = Object.fromEntries(["w", "v", "a", "av", "s"].map((name) => [name, letters[name]]));
    parts.m = spec ? `${spec.x.field},${spec.y.field}` : this.read().m;
    if (open) parts.d = open;
    return `#${new URLSearchParams(Object.entries(parts).filter(([, value]) => value))}`;
  }

  // A new place, but for the first one, and for one that the browser led to: that is only spelt as Python spells it.
  write(letters) {
    if (letters.number !== this.asked) return;
    clearTimeout(this.waiting);
    this.pending.splice(0, this.covered);
    this.covered = 0;
    const hash = letters.w ? this.hash(letters) : "", same = !this.now || this.led;
    if (hash === this.now && !this.kept) return;
    history[same || hash === this.now ? "replaceState" : "pushState"](null, "", hash || location.pathname + location.search);
    this.now = hash;
    this.kept = false;
    if (this.pending.length) this.follow();
  }

  // Led elsewhere, or to the same address again: the screen may have moved on since it was written.
  go() {
    const left = this.left();
    this.now = left.length ? this.now : location.hash;
    this.asked++; // what Python still answers is of before
    this.pending = [];
    this.covered = 0;
    clearTimeout(this.waiting);
    this.screen.arrive(this.read());
    this.led = true;
  }
}

// Whether Python answers. What is lost is said; the page comes back by itself where it can.
class Pulse {
  constructor(screen, alone) {
    Object.assign(this, { screen, alone, number: 0, heard: Date.now() });
    this.beat = setInterval(() => this.ask(), PULSE_MS);
    this.seen = () => { if (!document.hidden) { this.heard = Date.now(); this.ask(); } };
    document.addEventListener("visibilitychange", this.seen);
  }

  end() {
    clearInterval(this.beat);
    document.removeEventListener("visibilitychange", this.seen);
  }

  get silence() { return Date.now() - this.heard; }

  // Anything that Python says is a sign of life.
  life() {
    this.heard = Date.now();
    if (!this.lost) return;
    this.lost = false;
    this.screen.alive("");
    this.screen.send({ do: "hello", ...(this.alone ? this.screen.address.read() : {}) });
  }

  async ask() {
    if (document.hidden || this.returning) return;
    try { this.screen.send({ do: "ping", number: ++this.number }); } catch { /* a closed socket: the silence says it */ }
    if (this.looking || this.silence < (this.alone ? SILENCE_MS : BUSY_MS)) return;
    this.looking = true;
    await this.look();
    this.looking = false;
  }

  // What the server knows of this page's kernel; null where the server itself does not answer.
  async kernel() {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
    const url = `${(config.baseUrl || "/").replace(/\/?$/, "/")}api/kernels/${config.kernelId}`;
    try {
      const answer = await fetch(url, { cache: "no-store", redirect: "manual" });
      const { execution_state: state } = answer.ok ? await answer.json() : {};
      return { known: answer.ok, gone: answer.status === 404, state };
    } catch { return null; }
  }

  async look() {
    if (!this.alone) return this.say("Python does not answer: it is busy with another cell, or its kernel has ended. Then run this cell again.");
    const kernel = await this.kernel();
    if (this.silence < SILENCE_MS) return;
    if (!kernel) this.say("The explorer has ended. Start “explorer app” again: this page then goes on where it was.");
    else if (kernel.gone) this.comeBack();
    else if (!kernel.known) this.say("The explorer was started anew: open the address that it prints. What stands behind # in this one can be pasted there.");
    else if (this.silence < BUSY_MS) return;
    else if (kernel.state === "busy" && this.silence < 2 * PATIENCE_MS) this.say("This takes longer than usual: it is being worked out…");
    else if (this.silence < PATIENCE_MS) this.say("Python does not answer yet…");
    else this.comeBack();
  }

  say(text) {
    this.lost = true;
    this.screen.alive(text);
    this.screen.address?.keep();
  }

  // The server is there, the kernel is not: a new one takes the state from the address.
  comeBack() {
    const times = JSON.parse(sessionStorage.getItem("explorer-returns") || "[]").filter((then) => Date.now() - then < 60000);
    if (times.length >= RETURNS) return this.say("The computation ended several times. Reload the page to try again.");
    sessionStorage.setItem("explorer-returns", JSON.stringify([...times, Date.now()]));
    this.returning = true;
    this.say("The computation has ended: it starts again where it was…");
    setTimeout(() => { this.screen.address.keep(); location.reload(); }, READ_MS);
  }
}
