// Where the screen stands: its state in the page's address, and whether Python still answers.

const SETTLED_MS = 700; // after the last change the address follows
const PULSE_MS = 4000; // between two questions whether Python is there
const SILENCE_MS = 9000; // without an answer before it is said
const PATIENCE_MS = 30000; // as long a slow machine may be silent
const READ_MS = 1500; // to read why the page loads again
const RETURNS = 3; // times in a minute that the page comes back by itself
const MOVES = ["turn", "type", "preset", "undo", "redo", "reset", "paste", "open", "axes", "pin", "swap", "load", "keep", "rename", "remove", "design"]; // what leads to another place

// The address behind the #: reload, back, forward and a bookmark lead to what was shown.
class Address {
  constructor(screen) {
    this.screen = screen;
    this.now = location.hash;
    this.asked = 0; // the question whose answer counts
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
    this.waiting = setTimeout(() => this.screen.send({ do: "where", number: ++this.asked }), SETTLED_MS);
  }

  // What the user asks of Python: from here on it is a place of its own.
  sent(what) { if (MOVES.includes(what)) this.led = false; }

  hash(letters) {
    const { spec } = this.screen.map, open = this.screen.opened;
    const parts = Object.fromEntries(["w", "v", "a", "av", "s"].map((name) => [name, letters[name]]));
    if (spec) parts.m = `${spec.x.field},${spec.y.field}`;
    if (open) parts.d = open;
    return `#${new URLSearchParams(Object.entries(parts).filter(([, value]) => value))}`;
  }

  // A new place, but for the first one, and for one that the browser led to: that is only spelt as Python spells it.
  write(letters) {
    if (letters.number !== this.asked) return;
    const hash = letters.w ? this.hash(letters) : "", same = !this.now || this.led;
    this.led = false;
    if (hash === this.now) return;
    this.now = hash;
    history[same ? "replaceState" : "pushState"](null, "", hash || location.pathname + location.search);
  }

  // Led elsewhere, or to the same address again: the screen may have moved on since it was written.
  go() {
    this.now = location.hash;
    this.asked++; // what Python still answers is of before
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

  // Anything that Python says is a sign of life.
  life() {
    this.heard = Date.now();
    if (!this.lost) return;
    this.lost = false;
    this.screen.alive("");
    this.screen.send({ do: "hello", ...(this.alone ? this.screen.address.read() : {}) });
  }

  ask() {
    if (document.hidden) return;
    try { this.screen.send({ do: "ping", number: ++this.number }); } catch { /* a closed socket: the silence says it */ }
    if (Date.now() - this.heard > SILENCE_MS) this.silent();
  }

  // What the server knows of this page's kernel; null where the server itself does not answer.
  async kernel() {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
    const url = `${(config.baseUrl || "/").replace(/\/?$/, "/")}api/kernels/${config.kernelId}`;
    try {
      const answer = await fetch(url, { cache: "no-store", redirect: "manual" });
      const { execution_state: state } = answer.ok ? await answer.json() : {};
      return { known: answer.ok || answer.status === 404, state };
    } catch { return null; }
  }

  async silent() {
    this.lost = true;
    if (!this.alone) return this.screen.alive("Python does not answer: it is busy with another cell, or its kernel has ended. Then run this cell again.");
    const kernel = await this.kernel();
    if (!this.lost) return;
    if (!kernel) this.screen.alive("The explorer has ended. Start “explorer app” again: this page then goes on where it was.");
    else if (!kernel.known) this.screen.alive("The explorer was started anew: open the address that it prints. What stands behind # in this one can be pasted there.");
    else if (kernel.state === "busy" && Date.now() - this.heard < 2 * PATIENCE_MS) this.screen.alive("This takes longer than usual: it is being worked out…");
    else if (kernel.state === "idle" && Date.now() - this.heard < PATIENCE_MS) this.screen.alive("Python does not answer yet…");
    else this.comeBack();
  }

  // The server is there, the kernel is not: a new one takes the state from the address.
  comeBack() {
    const times = JSON.parse(sessionStorage.getItem("explorer-returns") || "[]").filter((then) => Date.now() - then < 60000);
    if (times.length >= RETURNS) return this.screen.alive("The computation ended several times. Reload the page to try again.");
    sessionStorage.setItem("explorer-returns", JSON.stringify([...times, Date.now()]));
    this.screen.alive("The computation has ended: it starts again where it was…");
    setTimeout(() => location.reload(), READ_MS);
  }
}
