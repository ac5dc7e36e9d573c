// The photograph viewer: linked zoom and pan; side by side, overlay, blink; eyes and ears; the other shots.
// Portraits arrive aligned: 480 x 600 with the eyes at (180, 250) and (300, 250).
import { say } from "./arrivals";
import { clamp, lookAt, WHOLE, zoomAt, type View } from "./geometry";

const BLINK_MS = 600;
let timer: number | undefined;

export function startCompare(): void {
  const all = () => {
    for (const root of document.querySelectorAll<HTMLElement>("[data-compare]:not([data-js-live])")) setUp(root);
  };
  all();
  document.addEventListener("tapal:fresh", all);
}

function setUp(root: HTMLElement): void {
  root.setAttribute("data-js-live", "");
  let view: View = WHOLE;
  const stage = root.querySelector<HTMLElement>("[data-stage]");
  if (!stage) return;
  const draw = (next: View) => {
    view = clamp(next);
    root.style.setProperty("--zoom", String(view.zoom));
    root.style.setProperty("--pan-x", String(view.x));
    root.style.setProperty("--pan-y", String(view.y));
    root.toggleAttribute("data-zoomed", view.zoom > 1);
  };
  const act = (name: string) => {
    const step = 12 * view.zoom;
    const moves: Record<string, () => void> = {
      in: () => draw(zoomAt(view, 1.4)),
      out: () => draw(zoomAt(view, 1 / 1.4)),
      whole: () => draw(WHOLE),
      eyes: () => draw(lookAt(2.6, 240, 255, shareOf(root))),
      ears: () => draw(lookAt(3, view.x > 20 ? 370 : 110, 290, shareOf(root))),
      left: () => draw({ ...view, x: view.x + step }),
      right: () => draw({ ...view, x: view.x - step }),
      up: () => draw({ ...view, y: view.y + step }),
      down: () => draw({ ...view, y: view.y - step }),
    };
    moves[name]?.();
  };
  root.addEventListener("click", (event) => onClick(root, event, act));
  root.addEventListener("input", (event) => {
    const slider = event.target as HTMLInputElement;
    if (slider.matches("[data-mix]")) root.style.setProperty("--mix", String(Number(slider.value) / 100));
  });
  stage.addEventListener("keydown", (event) => {
    const name = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" }[event.key];
    if (!name) return;
    event.preventDefault();
    act(name);
  });
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pane = paneUnder(event);
      const box = (pane ?? stage).getBoundingClientRect();
      const at = (value: number, start: number, size: number) => ((value - start) / size - 0.5) * 100;
      const factor = Math.exp(-event.deltaY * 0.0018);
      draw(zoomAt(view, factor, at(event.clientX, box.left, box.width), at(event.clientY, box.top, box.height)));
    },
    { passive: false },
  );
  drag(root, stage, () => view, draw);
}

function drag(root: HTMLElement, stage: HTMLElement, view: () => View, draw: (v: View) => void): void {
  let from: { x: number; y: number; view: View; box: DOMRect } | undefined;
  stage.addEventListener("pointerdown", (event) => {
    if (view().zoom <= 1 || event.button !== 0) return;
    const box = (paneUnder(event) ?? stage).getBoundingClientRect();
    from = { x: event.clientX, y: event.clientY, view: view(), box };
    stage.setPointerCapture(event.pointerId);
    root.setAttribute("data-dragging", "");
  });
  stage.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    draw({ ...from.view, x: from.view.x + (dx / from.box.width) * 100, y: from.view.y + (dy / from.box.height) * 100 });
  });
  const end = () => {
    from = undefined;
    root.removeAttribute("data-dragging");
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
}

function paneUnder(event: MouseEvent): HTMLElement | null {
  return (event.target as Element).closest<HTMLElement>(".pane");
}

/** Width of the drawn photograph in the width of its pane. */
function shareOf(root: HTMLElement): number {
  const pane = root.querySelector(".pane");
  const box = pane?.getBoundingClientRect();
  return box && box.width > 0 ? Math.min(1, (box.height * 0.8) / box.width) : 1;
}

function onClick(root: HTMLElement, event: Event, act: (name: string) => void): void {
  const target = event.target as Element;
  const mode = target.closest<HTMLElement>("[data-mode-button]")?.dataset["modeButton"];
  if (mode) setMode(root, mode);
  const move = target.closest<HTMLElement>("[data-view-button]")?.dataset["viewButton"];
  if (move) act(move);
  const shot = target.closest<HTMLElement>("[data-shot]");
  if (shot) {
    event.preventDefault();
    showShot(root, shot);
  }
  const step = target.closest<HTMLElement>("[data-next-shot]");
  if (step) nextShot(root, step.dataset["nextShot"] ?? "now");
}

function setMode(root: HTMLElement, mode: string): void {
  root.dataset["mode"] = mode;
  for (const button of root.querySelectorAll<HTMLElement>("[data-mode-button]")) {
    button.setAttribute("aria-pressed", String(button.dataset["modeButton"] === mode));
  }
  window.clearInterval(timer);
  if (mode !== "blink") return;
  // With reduced motion each press of the key turns the photograph once; otherwise they alternate.
  root.toggleAttribute("data-list-on-top");
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    timer = window.setInterval(() => root.toggleAttribute("data-list-on-top"), BLINK_MS);
  }
}

function showShot(root: HTMLElement, shot: HTMLElement): void {
  const side = shot.dataset["shot"] ?? "now";
  const image = root.querySelector<HTMLImageElement>(`.pane--${side} img`);
  const small = shot.querySelector("img");
  if (!image || !small) return;
  image.src = small.src;
  image.alt = small.alt;
  const caption = root.querySelector(`.pane--${side} [data-which]`);
  if (caption) caption.textContent = shot.dataset["label"] ?? "";
  for (const other of root.querySelectorAll(`[data-shot="${side}"]`)) {
    other.setAttribute("aria-pressed", String(other === shot));
  }
}

function nextShot(root: HTMLElement, side: string): void {
  const shots = [...root.querySelectorAll<HTMLElement>(`[data-shot="${side}"]`)];
  const here = shots.findIndex((el) => el.getAttribute("aria-pressed") === "true");
  const next = shots[(here + 1) % shots.length];
  if (!next) return;
  showShot(root, next);
  say(next.dataset["label"] ?? "");
}
