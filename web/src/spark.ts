// A line of the last minute or two of a figure that changes every second. Kept in the page only.

const LONGEST = 60;

/** Points of a polyline in a 120 x 40 box, newest at the right; zero-based. */
export function points(values: number[], longest = LONGEST): string {
  const most = Math.max(1, ...values) * 1.15;
  const step = 120 / (longest - 1);
  const first = 120 - (values.length - 1) * step;
  return values.map((v, i) => `${(first + i * step).toFixed(1)},${(40 - (v / most) * 40).toFixed(1)}`).join(" ");
}

export function startSpark(): void {
  const line = document.querySelector<SVGPolylineElement>("[data-spark] polyline");
  if (!line) return;
  const values: number[] = [];
  const add = () => {
    values.push(Number(document.querySelector<HTMLElement>("[data-fps]")?.dataset["fps"] ?? 0));
    if (values.length > LONGEST) values.shift();
    line.setAttribute("points", points(values));
  };
  add();
  document.addEventListener("tapal:fresh", add);
}
