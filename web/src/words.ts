// The few words the script itself says, in the page's language: the server puts them on #words.

/** The word with this name, `{x}` replaced; the name itself when it is missing, so that a gap is seen. */
export function word(name: string, values: Record<string, string | number> = {}): string {
  const text = document.getElementById("words")?.dataset[name] ?? name;
  return fill(text, values);
}

/** Replaces `{name}` by its value. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}
