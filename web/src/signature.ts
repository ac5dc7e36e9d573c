// A box to sign in: strokes as SVG path data in whole numbers, sent with the form. Without this file the name is typed.

const BOX = { width: 600, height: 200 };
/** The centre takes no longer one. */
const LONGEST = 20_000;

/** Strokes as the centre keeps them: `M x y L x y ...`, inside the box. */
export function pathOf(strokes: [number, number][][]): string {
  const whole = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
  const words: string[] = [];
  for (const stroke of strokes) {
    stroke.forEach(([x, y], at) => words.push(at === 0 ? "M" : "L", String(whole(x, BOX.width)), String(whole(y, BOX.height))));
  }
  return words.join(" ");
}

export function startSignature(): void {
  const field = document.querySelector<HTMLElement>("[data-signature]");
  const canvas = field?.querySelector("canvas");
  const input = field?.querySelector<HTMLInputElement>("input[name=path]");
  const pen = canvas?.getContext("2d");
  if (!field || !canvas || !input || !pen) return;
  field.hidden = false;
  let strokes: [number, number][][] = [];
  let drawing = false;
  const at = (event: PointerEvent): [number, number] => {
    const edge = canvas.getBoundingClientRect();
    return [((event.clientX - edge.left) / edge.width) * BOX.width, ((event.clientY - edge.top) / edge.height) * BOX.height];
  };
  const draw = () => {
    pen.clearRect(0, 0, BOX.width, BOX.height);
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.lineWidth = 2.5;
    pen.lineCap = "round";
    pen.lineJoin = "round";
    for (const stroke of strokes) {
      pen.beginPath();
      stroke.forEach(([x, y], n) => (n === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
      pen.stroke();
    }
    input.value = pathOf(strokes);
  };
  canvas.addEventListener("pointerdown", (event) => {
    drawing = true;
    canvas.setPointerCapture(event.pointerId);
    strokes.push([at(event)]);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    const stroke = strokes[strokes.length - 1];
    const last = stroke?.[stroke.length - 1];
    if (!drawing || !stroke || !last || input.value.length > LONGEST - 40) return;
    const next = at(event);
    // Points closer than two units only make it longer.
    if (Math.hypot(next[0] - last[0], next[1] - last[1]) < 2) return;
    stroke.push(next);
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (drawing = false));
  field.querySelector("[data-signature-clear]")?.addEventListener("click", () => {
    strokes = [];
    draw();
  });
}
