// The conversation on the page. Each message is put in whole and once, so that it is spoken once; focus
// is never moved, and the page scrolls along only for a reader who is at the end.

import { aloud } from "./aloud.js";

// Choices that are no answer to the question stand back a little.
const QUIETER = new Set(["dont_know", "skipped", "declined", "neither", "why", "later", "skip_all", "again", "leave"]);
const INLINE = /(https?:\/\/[^\s<>"]+)|(?<=^|[\s(])(\/[a-z]{3,24})(?![\w/])/g;
const NEAR_THE_END = 120;

function made(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// A choice's label without the number that shows its place.
function bare(label, place) {
  return label.startsWith(`${place} `) ? label.slice(`${place} `.length) : label;
}

function button(label, className, act) {
  const element = made("button", className, label);
  element.type = "button";
  element.onclick = act;
  return element;
}

export class Log {
  #list;
  #on;
  #last = null;
  #following = true;

  // on: {tap(data, label, message), command(text), newest(hidden)}
  constructor(list, on) {
    this.#list = list;
    this.#on = on;
    addEventListener("scroll", () => this.#atEnd() && on.newest(true), { passive: true });
  }

  // What the resident said or chose.
  own(text, language, words) {
    this.#following = this.#lastInSight();
    const item = made("li", "own");
    item.lang = language;
    item.append(made("span", "unseen", `${words["web.you"]}: `), made("p", "", text));
    this.#put([item], "instant");
    return item;
  }

  // What the bot says. `asked` when the resident waits for it; `extra` goes below the last message.
  say(says, wordsOf, asked, extra = null) {
    if (!asked) this.#following = this.#atEnd();
    const items = says.map((say) => this.#message(say, wordsOf(say.language)));
    if (says.some((say) => say.buttons.length)) this.#settle();
    const asking = says.findLastIndex((say) => say.buttons.length);
    if (asking >= 0) this.#last = { say: says[asking], item: items[asking] };
    if (extra) items.at(-1).append(extra);
    this.#put(items, "smooth");
  }

  // Whether the question in `says` is the one that stands at the end already, perhaps under a remark.
  stands(says) {
    const [say, other] = says;
    if (!this.#last || !say || other) return false;
    const { say: shown } = this.#last;
    const same = JSON.stringify(say.buttons) === JSON.stringify(shown.buttons);
    return same && !say.intro && say.head === shown.head && say.text === shown.text;
  }

  // The reply brought no new choices: those of this message can be used again.
  reopen(item) {
    if (item !== this.#last?.item) return;
    for (const one of item.querySelectorAll(".choices button")) this.#able(one, true);
  }

  clear() {
    this.#list.replaceChildren();
    this.#last = null;
  }

  #message(say, words) {
    const item = made("li", "bot");
    item.lang = say.language;
    item.append(made("span", "unseen", `${words["web.bot"]}: `));
    if (say.intro) item.append(made("p", "remark", say.intro));
    if (say.head) item.append(made("h2", "", say.head));
    const labels = say.buttons.flat().map((one, place) => bare(one.label, place + 1));
    for (const part of say.text.split(/\n{2,}/)) if (part) item.append(this.#paragraph(part, labels));
    if (say.file) item.append(this.#download(say.file, words));
    const choices = say.buttons.flat().map((one) => one.label);
    item.append(aloud([say.intro, say.head, say.text, ...choices].filter(Boolean).join(".\n"), say.language, words));
    if (say.buttons.length) item.append(this.#choices(say, item));
    return item;
  }

  // A side that can be chosen, or a line of its own above others, stands out where it is told.
  #paragraph(text, labels) {
    const paragraph = made("p");
    const side = labels.find((label) => text.startsWith(`${label}: `));
    const title = side ? `${side}:` : (/^[^\n.:?!]{1,60}(?=\n)/.exec(text)?.[0] ?? "");
    if (title) paragraph.append(made("strong", "", title));
    let done = title.length;
    for (const found of text.matchAll(INLINE)) {
      const [whole, address, command] = found;
      const ours = address?.startsWith(document.body.dataset.address);
      if (address && !ours) continue;
      paragraph.append(text.slice(done, found.index));
      paragraph.append(ours ? this.#link(address) : button(command, "command", () => this.#on.command(command)));
      done = found.index + whole.length;
    }
    paragraph.append(text.slice(done));
    return paragraph;
  }

  #link(address) {
    const link = made("a", "", address);
    link.href = address;
    link.target = "_blank";
    return link;
  }

  #download(file, words) {
    const bytes = Uint8Array.from(atob(file.data), (character) => character.charCodeAt(0));
    const link = made("a", "download", `${words["web.download"]} (${file.name})`);
    link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    link.download = file.name;
    return link;
  }

  #choices(say, item) {
    const group = made("div", "choices");
    group.setAttribute("role", "group");
    if (say.head) group.setAttribute("aria-label", say.head);
    let place = 0;
    for (const row of say.buttons) {
      const line = made("div", "row");
      for (const { label, data } of row) line.append(this.#choice(label, data, (place += 1), item));
      group.append(line);
    }
    return group;
  }

  #choice(label, data, place, item) {
    const rest = bare(label, place);
    const one = button("", QUIETER.has(data.split(":")[1]) ? "choice quieter" : "choice", (event) => {
      if (one.getAttribute("aria-disabled") === "true") return;
      // Who uses the keyboard stays on the button, which lets go when they move on.
      this.#use(item, one, event.detail === 0);
      this.#on.tap(data, rest, item);
    });
    if (rest !== label) one.append(made("span", "number", String(place)), " ");
    one.append(rest);
    return one;
  }

  #use(item, chosen, byKeyboard) {
    for (const one of item.querySelectorAll(".choices button")) {
      if (one === chosen && byKeyboard) {
        one.setAttribute("aria-disabled", "true");
        one.onblur = () => {
          one.onblur = null;
          if (one.getAttribute("aria-disabled") === "true") this.#able(one, false);
        };
      } else this.#able(one, false);
    }
    for (const one of item.querySelectorAll("[aria-pressed=true].choice")) one.removeAttribute("aria-pressed");
    chosen.setAttribute("aria-pressed", "true");
  }

  #able(one, able) {
    one.disabled = !able;
    one.removeAttribute("aria-disabled");
  }

  // A newer question stands there: the choices of the earlier one no longer count.
  #settle() {
    for (const one of this.#last?.item.querySelectorAll(".choices button") ?? []) {
      if (one !== document.activeElement) this.#able(one, false);
      else if (!one.disabled) this.#use(this.#last.item, one, true);
    }
  }

  // ---------------------------------------------------------------- following

  #put(items, behavior) {
    this.#list.append(...items);
    if (this.#following) this.#show(items[0], behavior);
    else this.#on.newest(false);
  }

  // To the end; but where the news is longer than the screen, its beginning stays in sight.
  #show(item, behavior) {
    const first = item.previousElementSibling?.className === "own" ? item.previousElementSibling : item;
    const top = first.getBoundingClientRect().top + scrollY - this.#covered() - 12;
    const end = document.documentElement.scrollHeight - innerHeight;
    scrollTo({ top: Math.max(scrollY, Math.min(end, top)), behavior: this.#calm() ? "instant" : behavior });
  }

  #calm() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  #covered() {
    const top = document.querySelector("header.top");
    return getComputedStyle(top).position === "sticky" ? top.offsetHeight : 0;
  }

  #atEnd() {
    return document.documentElement.scrollHeight - innerHeight - scrollY < NEAR_THE_END;
  }

  #lastInSight() {
    const last = this.#list.lastElementChild;
    return !last || this.#atEnd() || last.getBoundingClientRect().top < innerHeight;
  }
}
