// One to one at the desk: a single picture of the traveller against the portrait of the document's holder. The picture goes
// to the centre once and is kept nowhere; the camera stops at once. It decides nothing.

interface Said {
  band: "same_likely" | "unclear" | "different_likely" | null;
  chance_one_in: number | null;
  /** The likeness is beyond what was measured: a number would promise too much. */
  chance_at_most: boolean;
}

/** Time a camera gets to find its exposure. */
const SETTLE_MS = 700;

export function startFace(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("[data-face-take]");
    const box = button?.closest<HTMLElement>("[data-face]");
    if (button && box && !button.disabled) {
      button.disabled = true;
      void take(box).finally(() => (button.disabled = false));
    }
  });
}

async function take(box: HTMLElement): Promise<void> {
  const video = box.querySelector<HTMLVideoElement>("[data-face-live]");
  if (!video) return;
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 960, facingMode: "user" } });
  } catch {
    say(box, "no-camera", "amber");
    return;
  }
  try {
    video.srcObject = stream;
    for (const part of [video, box.querySelector<HTMLElement>("[data-face-caption]")]) if (part) part.hidden = false;
    await video.play();
    await new Promise((done) => setTimeout(done, SETTLE_MS));
    const picture = await still(video);
    video.pause();
    await compare(box, picture);
  } catch {
    say(box, "failed", "amber");
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

async function still(video: HTMLVideoElement): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture"))), "image/jpeg", 0.92));
}

async function compare(box: HTMLElement, picture: Blob): Promise<void> {
  const csrf = document.querySelector<HTMLInputElement>('input[name="csrf"]')?.value ?? "";
  const reply = await fetch(box.dataset["face"] ?? "", {
    method: "POST",
    headers: { "content-type": "image/jpeg", "x-csrf-token": csrf },
    body: picture,
  });
  if (!reply.ok) {
    say(box, "failed", "amber");
    return;
  }
  const said = (await reply.json()) as Said;
  if (!said.band) say(box, "unusable", "amber");
  else say(box, said.band, { same_likely: "green", unclear: "amber", different_likely: "red" }[said.band], said.chance_at_most ? null : said.chance_one_in);
}

function say(box: HTMLElement, key: string, tone: string, oneIn: number | null = null): void {
  const line = box.querySelector<HTMLElement>("[data-face-said]");
  if (!line) return;
  const chance = oneIn ? ` ${(box.dataset["chance"] ?? "").replace("#", oneIn.toLocaleString(document.documentElement.lang))}` : "";
  line.className = `notice tone-${tone}`;
  line.textContent = `${box.getAttribute(`data-${key}`) ?? key}.${chance}`.replace("..", ".");
  line.hidden = false;
}
