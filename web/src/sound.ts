// A short tone for a new alert. Off until the officer switches it on; the choice stays in this browser.

const KEY = "tapal.sound";
let context: AudioContext | undefined;

function isOn(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

/** One tone; two for what must be acted on now. Silent when switched off or not yet allowed by the browser. */
export function beep(urgent: boolean): void {
  if (!isOn()) return;
  context ??= new AudioContext();
  void context.resume();
  tone(context, 0, 660);
  if (urgent) tone(context, 0.22, 880);
}

function tone(audio: AudioContext, after: number, hertz: number): void {
  const [wave, gain, start] = [audio.createOscillator(), audio.createGain(), audio.currentTime + after];
  wave.frequency.value = hertz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.18, start + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.18);
  wave.connect(gain).connect(audio.destination);
  wave.start(start);
  wave.stop(start + 0.2);
}

function show(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-sound]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isOn()));
    const label = button.querySelector("[data-sound-label]");
    if (label) label.textContent = (isOn() ? button.dataset["on"] : button.dataset["off"]) ?? "";
  }
}

export function startSound(): void {
  show();
  document.addEventListener("tapal:fresh", show);
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("[data-sound]");
    if (!button) return;
    localStorage.setItem(KEY, isOn() ? "off" : "on");
    show();
    beep(false);
  });
}
