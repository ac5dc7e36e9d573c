// A photograph of a document's page: the centre reads its zone once and keeps nothing. What it read goes into the field for the
// officer to check; nothing is looked up by itself.

interface Read {
  state: "read" | "corrected" | "unsure";
  lines: string[];
  sureness: { of: string; least: number }[];
}

export function startPhoto(desk: HTMLElement, fill: (lines: string[]) => void): void {
  const input = desk.querySelector<HTMLInputElement>("[data-mrz-photo]");
  const said = desk.querySelector<HTMLElement>("[data-mrz-photo-said]");
  if (!input || !said) return;
  const say = (key: string, tone: string, more = ""): void => {
    said.className = `notice tone-${tone}`;
    said.textContent = `${input.dataset[key] ?? key}${more}`;
    said.hidden = false;
  };
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (!file) return;
    say("busy", "grey");
    read(file)
      .then((found) => {
        if (!found) return say("none", "amber");
        fill(found.lines);
        say(found.state, found.state === "read" ? "green" : "amber", least(input, found));
      })
      .catch(() => say("failed", "amber"))
      .finally(() => (input.value = ""));
  });
}

/** What the centre read; `null` when it found no zone. */
async function read(file: File): Promise<Read | null> {
  const csrf = document.querySelector<HTMLInputElement>('input[name="csrf"]')?.value ?? "";
  const reply = await fetch("/api/v1/mrz", {
    method: "POST",
    headers: { "content-type": file.type || "image/jpeg", "x-csrf-token": csrf },
    body: file,
  });
  if (reply.status === 422) return null;
  if (!reply.ok) throw new Error("not read");
  return (await reply.json()) as Read;
}

/** The two fields the reader is least sure of. */
function least(input: HTMLElement, found: Read): string {
  const fields = [...found.sureness].sort((a, b) => a.least - b.least).slice(0, 2);
  const words = fields.map((one) => `${input.getAttribute(`data-of-${one.of}`) ?? one.of} ${Math.round(one.least)} %`);
  return words.length > 0 ? ` ${input.dataset["least"] ?? ""} ${words.join(", ")}.` : "";
}
