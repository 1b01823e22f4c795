// Reading aloud, where this device itself has a voice for the language. A voice of somebody else's
// server is never used: it would be told what is read.

let reading = null;
const waiting = new Set();

function voiceFor(language) {
  const fits = (voice) => voice.localService && voice.lang.toLowerCase().split(/[-_]/)[0] === language;
  return globalThis.speechSynthesis?.getVoices().find(fits);
}

function stop() {
  speechSynthesis.cancel();
  reading?.();
  reading = null;
}

function read(button, text, language, words) {
  const wasMe = button.getAttribute("aria-pressed") === "true";
  stop();
  if (wasMe) return;
  const spoken = new SpeechSynthesisUtterance(text);
  spoken.lang = language;
  spoken.voice = voiceFor(language);
  button.setAttribute("aria-pressed", "true");
  button.textContent = words["web.stop_reading"];
  reading = () => {
    button.setAttribute("aria-pressed", "false");
    button.textContent = words["web.read_aloud"];
  };
  spoken.onend = spoken.onerror = () => {
    if (button.getAttribute("aria-pressed") === "true") stop();
  };
  speechSynthesis.speak(spoken);
}

// A button that reads `text`; hidden until there is a voice for it.
export function aloud(text, language, words) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "aloud";
  button.textContent = words["web.read_aloud"];
  button.hidden = !voiceFor(language);
  button.onclick = () => read(button, text, language, words);
  waiting.add({ button, language });
  return button;
}

globalThis.speechSynthesis?.addEventListener?.("voiceschanged", () => {
  for (const { button, language } of waiting) button.hidden = !voiceFor(language);
});
addEventListener("pagehide", () => globalThis.speechSynthesis?.cancel());
