// The page: header, composer, and what a reply changes around the conversation.

import * as device from "./device.js";
import { Line } from "./line.js";
import { Log } from "./log.js";

const MOST_CHARACTERS = 4_000;
const MOST_BYTES = 16_000;
const TOAST = 4_000;
const CROWDED = 0.35;

const words = JSON.parse(document.body.dataset.words);
const find = (id) => document.getElementById(id);
const wordsOf = (language) => words[language] ?? words[here];

let here = document.documentElement.lang;
let kept = device.marked();
let own = device.isOwn();
let ended = false;
let status = "";
let work = Promise.resolve();

const ownButtons = new Set();
const log = new Log(find("messages"), {
  tap: (data, label, item) => said({ tap: data }, label, item),
  command: (text) => said({ text }, text),
  newest: (hidden) => (find("newest").hidden = hidden || !find("newest").textContent),
});
const line = new Line(navigator.language, { reply, refused, visit: strange, state });

// ---------------------------------------------------------------- said and answered

function said(what, label, item = null) {
  log.own(label, here, words[here]);
  const again = ended && what.text === "/start";
  ended = false;
  if (again) line.open();
  else line.send(what, { item });
}

function reply(frame, mine, repeated) {
  follow(frame.counted);
  const says = repeated && log.stands(frame.says) ? [] : frame.says;
  if (says.length) tell(says, Boolean(mine));
  else if (frame.toast) toast(frame.toast);
  if (mine?.item && !says.some((say) => say.buttons.length)) log.reopen(mine.item);
}

function refused(mine) {
  toast(words[here]["error.later"]);
  if (mine?.item) log.reopen(mine.item);
}

function tell(says, asked) {
  speak(says.at(-1).language);
  const gone = says.some((say) => say.forgotten || say.leave_device);
  if (gone) log.clear();
  log.say(says, wordsOf, asked, says.some((say) => say.own_device) ? ownButton() : null);
  if (gone) vanish(says.some((say) => say.forgotten));
}

// Nothing stays here. After forgetting only the receipt stands; after leaving the next person is welcomed.
function vanish(forgotten) {
  ended = forgotten;
  kept = own = false;
  show();
  line.forget();
  work = work.then(() => device.leave());
  if (!forgotten) work.then(() => line.open());
}

// ---------------------------------------------------------------- this device

function follow(counted) {
  if (counted && !kept) {
    kept = true;
    work = work.then(async () => (kept = await device.keep(line.visit, own)));
  } else if (!counted && kept) strange();
  show();
}

// The server does not know this browser's key (any more): what was left of it goes.
function strange() {
  if (kept) work = work.then(() => device.leave());
  kept = own = false;
  show();
}

async function remember() {
  const wanted = !own;
  if (await device.keep(line.visit, wanted)) own = wanted;
  show();
}

function ownButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "own-device";
  button.onclick = remember;
  ownButtons.add(button);
  show();
  return button;
}

function show() {
  for (const button of ownButtons) {
    button.setAttribute("aria-pressed", String(own));
    button.textContent = words[here][own ? "web.own_device_done" : "web.own_device"];
  }
  find("own").parentElement.hidden = !kept;
}

// ---------------------------------------------------------------- header and status

function speak(language) {
  here = words[language] ? language : here;
  document.documentElement.lang = here;
  document.title = words[here]["web.title"];
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = words[here][element.dataset.word] ?? "";
  }
  find("text").placeholder = words[here]["web.placeholder"];
  find("log").setAttribute("aria-label", words[here]["web.title"]);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === here));
  }
  state(status);
  show();
}

function state(name) {
  status = name;
  const text = { reconnecting: words[here]["web.reconnecting"], later: words[here]["error.later"] }[name] ?? "";
  if (find("status").textContent !== text) find("status").textContent = text;
}

function toast(text) {
  find("status").textContent = text;
  setTimeout(() => state(status), TOAST);
}

function opens(button, panel) {
  const set = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  const close = () => {
    if (panel.contains(document.activeElement)) button.focus();
    set(false);
  };
  button.hidden = false;
  button.onclick = () => set(panel.hidden);
  panel.addEventListener("click", (event) => event.target.closest("button") && close());
  document.addEventListener("click", (event) => !button.parentElement.contains(event.target) && set(false));
  button.parentElement.addEventListener("keydown", (event) => event.key === "Escape" && close());
  button.parentElement.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !button.parentElement.contains(event.relatedTarget)) set(false);
  });
}

// Header and composer stay in sight only where they leave most of the screen to the text.
function fit() {
  const taken = document.querySelector("header.top").offsetHeight + find("bottom").offsetHeight;
  document.body.classList.toggle("crowded", taken > innerHeight * CROWDED);
}

// ---------------------------------------------------------------- composer

function send() {
  const text = find("text").value.trim();
  if (!text) return;
  if ([...text].length > MOST_CHARACTERS || new TextEncoder().encode(JSON.stringify(text)).length > MOST_BYTES) {
    toast(words[here]["typed.too_long"]);
    return;
  }
  find("text").value = "";
  grow();
  said({ text }, text);
}

function grow() {
  const text = find("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
}

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
find("text").addEventListener("input", grow);
find("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
find("newest").onclick = () => scrollTo({ top: document.documentElement.scrollHeight });
for (const button of document.querySelectorAll("[data-command]")) {
  button.onclick = () => said({ text: button.dataset.command }, button.textContent);
}
for (const button of document.querySelectorAll("[data-language]")) {
  button.onclick = () => {
    speak(button.dataset.language);
    said({ text: `/language ${button.dataset.language}` }, button.textContent);
  };
}
find("own").onclick = remember;
ownButtons.add(find("own"));
opens(find("languages-open"), find("languages"));
opens(find("menu-open"), find("menu"));
find("bottom").hidden = false;
const fitting = new ResizeObserver(fit);
for (const bar of [document.querySelector("header.top"), find("bottom")]) fitting.observe(bar);
addEventListener("resize", fit);
speak(here);
work = kept ? Promise.resolve() : device.leave();
work.then(() => line.open());
