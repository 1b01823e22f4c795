// A room: what the server says is so is drawn anew; what is tapped is sent. The key of a tab is kept for the
// tab alone, in sessionStorage, until somebody is counted: then the server makes it a cookie.

const { role, code } = document.body.dataset;
const words = JSON.parse(document.body.dataset.words);
const KEPT = `room-${code}`;
const SOONEST = 500;
const LATEST = 10_000;

let language = document.documentElement.lang;
let socket = null;
let failures = 0;
let until = 0;

const id = (name) => document.getElementById(name);

function make(tag, text = "", more = {}) {
  const one = document.createElement(tag);
  one.textContent = text;
  Object.assign(one, more);
  return one;
}

function say(key) {
  const status = id("status");
  status.textContent = key ? words[language][key] : "";
  status.lang = language;
}

function own(name, value) {
  if (value === undefined) return sessionStorage.getItem(name) ?? "";
  sessionStorage.setItem(name, value);
  return value;
}

// ---------------------------------------------------------------- begin

async function begin(event) {
  language = event.currentTarget.dataset.language;
  const answer = await fetch("/room", { method: "POST", headers: { "Accept-Language": language } }).catch(() => null);
  if (!answer) return say("web.reconnecting");
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    id("status").textContent = told.alert ?? words[language]["error.later"];
    return undefined;
  }
  own(`room-${told.code}`, told.visit);
  location.assign(`/room/${told.code}/screen`);
  return undefined;
}

// ---------------------------------------------------------------- the line

function open() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/room/${code}/socket`);
  socket.onopen = () => socket.send(JSON.stringify({ hello: { visit: own(KEPT), role, language: navigator.language } }));
  socket.onmessage = (message) => hear(JSON.parse(message.data));
  socket.onclose = () => {
    say("web.reconnecting");
    failures += 1;
    setTimeout(open, Math.min(LATEST, SOONEST * 2 ** failures) * (0.5 + Math.random() / 2));
  };
}

function hear(frame) {
  failures = 0;
  say("");
  if (frame.visit) own(KEPT, frame.visit);
  if (frame.alert) id("status").textContent = frame.alert;
  if (frame.say) ask(frame.say);
  if ("scene" in frame) show(frame.scene);
}

function tap(data) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ tap: data }));
}

// Who is counted is found again in this browser; who is not keeps the key in this tab only.
function keep(data) {
  if (data.startsWith("group.join:count.")) {
    setTimeout(() => {
      const body = JSON.stringify({ visit: own(KEPT) });
      fetch("/keep", { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => {});
    }, 1000);
  }
}

// ---------------------------------------------------------------- what is shown

function show(scene) {
  if (!scene) return;
  document.body.dataset.stage = scene.stage;
  until = scene.paused || !scene.left ? 0 : Date.now() + scene.left * 1000;
  tick();
  id("panels").replaceChildren(...scene.panels.map(panel));
  document.body.classList.toggle("panels", scene.panels.length > 0);
  if (role === "screen") id("steering").replaceChildren(...scene.buttons.map((row) => keys(row)));
}

function panel({ language: spoken, head, lines, views }, number) {
  const section = make("section", "", { lang: spoken });
  section.append(make(number ? "h2" : "h1", head), ...views.map(view), ...lines.map((line) => make("p", line)));
  return section;
}

function view({ head, rows, text }) {
  const figure = make("figure", "", { className: "view" });
  figure.append(make("figcaption", head));
  if (text) figure.append(make("p", text, { className: "nearly" }));
  const most = Math.max(1, ...rows.map(([, people]) => people));
  const list = make("ul");
  for (const [label, people] of rows) {
    const item = make("li");
    const bar = make("span", "", { className: "bar" });
    bar.toggleAttribute("data-none", people === 0);
    bar.style.inlineSize = `${(100 * people) / most}%`;
    bar.setAttribute("aria-hidden", "true");
    item.append(make("span", label, { className: "label" }), make("span", people, { className: "people" }), bar);
    list.append(item);
  }
  if (rows.length) figure.append(list);
  return figure;
}

function ask({ language: spoken, head, intro, text, buttons }) {
  language = spoken;
  document.documentElement.lang = spoken;
  const remark = id("remark");
  remark.textContent = intro;
  const there = id("say");
  const before = there.querySelector("h1")?.textContent;
  there.lang = spoken;
  const parts = text.split("\n\n").map((part) => make("p", part));
  there.replaceChildren(...(head ? [make("h1", head)] : []), ...parts, ...buttons.map((row) => keys(row)));
  // A new question begins at its top; the same one stays where it is.
  if (before !== undefined && before !== head) {
    scrollTo({ top: 0 });
    there.focus({ preventScroll: true });
  }
}

function keys(row) {
  const group = make("div", "", { className: "row" });
  for (const { label, data } of row) {
    const button = make("button", label, { type: "button", className: "choice" });
    button.dataset.at = data.split(":")[0];
    button.addEventListener("click", () => {
      tap(data);
      keep(data);
    });
    group.append(button);
  }
  return group;
}

function tick() {
  const seconds = Math.max(0, Math.round((until - Date.now()) / 1000));
  const time = id("time");
  if (time) time.textContent = until ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "";
}

if (role === "begin") {
  for (const button of document.querySelectorAll(".begin")) button.addEventListener("click", begin);
} else {
  setInterval(tick, 1000);
  open();
}
