// One conversation over a connection that comes and goes: what was not acknowledged is kept and sent
// again with the same id, one thing at a time, in order.

const SOONEST = 500;
const LATEST = 10_000;
const PATIENCE = 10_000;
const QUIET = 1_000;
const ASLEEP = 20_000;
const REFUSED = [1008, 1009]; // the server does not take such a frame, also not the next time

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

export class Line {
  visit = "";
  #on;
  #language;
  #queue = [];
  #socket = null;
  #ready = false;
  #seen = 0;
  #failures = 0;
  #again = 0;
  #ackBy = 0;
  #quiet = 0;
  #hidden = Infinity;

  // on: {reply(frame, mine, repeated), refused(mine), visit(), state(name)}; state is "", "reconnecting" or "later".
  constructor(language, on) {
    this.#language = language;
    this.#on = on;
    addEventListener("online", () => this.#again && this.open());
    addEventListener("offline", () => this.#lost());
    document.addEventListener("visibilitychange", () => this.#looked());
  }

  open() {
    if (this.#socket) return;
    this.#rest();
    this.#fret();
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/chat`);
    this.#socket = socket;
    this.#ackBy = setTimeout(() => this.#lost(), PATIENCE);
    socket.onopen = () => {
      const hello = { seen: this.#seen, language: this.#language };
      if (this.visit) hello.visit = this.visit;
      socket.send(JSON.stringify({ hello }));
    };
    socket.onmessage = (message) => this.#heard(JSON.parse(message.data));
    socket.onclose = (event) => {
      if (REFUSED.includes(event.code) && this.#queue.length) this.#on.refused(this.#queue.shift().mine);
      this.#lost();
    };
  }

  // One thing said; `mine` comes back with its reply.
  send(what, mine) {
    this.#queue.push({ frame: { id: newId(), ...what }, mine, sent: 0 });
    this.open();
    if (this.#queue.length === 1) this.#sendFirst();
  }

  // Hang up and know nothing any more.
  forget() {
    this.#hangUp();
    this.#rest();
    this.#calm();
    this.#queue = [];
    this.visit = "";
    this.#seen = 0;
    this.#failures = 0;
  }

  #sendFirst() {
    const first = this.#queue[0];
    if (!first || !this.#ready) return;
    first.sent += 1;
    clearTimeout(this.#ackBy);
    this.#ackBy = setTimeout(() => this.#lost(), PATIENCE);
    this.#socket.send(JSON.stringify(first.frame));
  }

  #heard(frame) {
    clearTimeout(this.#ackBy);
    if (frame.error) this.#later(frame);
    else if (frame.missed) this.#greeted(frame);
    else this.#reply(frame);
  }

  #greeted(frame) {
    if (frame.visit) {
      this.visit = frame.visit;
      this.#on.visit();
    }
    this.#failures = 0;
    this.#calm();
    this.#ready = true;
    for (const missed of frame.missed) this.#take(missed);
    this.#seen = frame.turn;
    this.#sendFirst();
  }

  #reply(frame) {
    this.#on.state("");
    this.#take(frame);
    this.#sendFirst();
  }

  #take(frame) {
    const first = this.#queue[0];
    const mine = first && frame.ack === first.frame.id ? this.#queue.shift() : null;
    this.#seen = frame.turn;
    this.#on.reply(frame, mine?.mine, frame.again || mine?.sent > 1);
  }

  // The database could not keep it: nothing is lost, it is tried again.
  #later(frame) {
    this.#on.state("later");
    this.#failures += 1;
    if (frame.id) this.#again = setTimeout(() => this.#sendFirst(), this.#delay());
    else this.#lost(true);
  }

  // A phone that slept may hold a connection that is long dead.
  #looked() {
    if (document.visibilityState === "hidden") {
      this.#hidden = performance.now();
      return;
    }
    if (!this.#socket && !this.#again) return;
    if (performance.now() - this.#hidden > ASLEEP) this.#hangUp();
    this.open();
  }

  #lost(known = false) {
    if (!this.#socket) return;
    this.#hangUp();
    if (!known) this.#fret();
    this.#failures += 1;
    this.#rest();
    this.#again = setTimeout(() => this.open(), this.#delay());
  }

  #hangUp() {
    const socket = this.#socket;
    this.#socket = null;
    this.#ready = false;
    clearTimeout(this.#ackBy);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #rest() {
    clearTimeout(this.#again);
    this.#again = 0;
  }

  #delay() {
    const most = Math.min(LATEST, SOONEST * 2 ** Math.min(this.#failures - 1, 10));
    return most * (0.5 + Math.random() / 2);
  }

  // A short silence is not worth a word.
  #fret() {
    this.#quiet ||= setTimeout(() => this.#on.state("reconnecting"), QUIET);
  }

  #calm() {
    clearTimeout(this.#quiet);
    this.#quiet = 0;
    this.#on.state("");
  }
}
