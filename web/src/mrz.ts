// Check digits of a machine readable zone (ICAO Doc 9303-3, weights 7-3-1), for the officer while typing. The server
// reads the zone again and decides; this only spares a round trip.

export type Field = "number" | "birth" | "expiry" | "optional" | "composite";

export interface Check {
  field: Field;
  /** Absent while the characters are not all there. */
  agrees: boolean | null;
}

/** Places of a field: line, first column, past the last column. */
type Span = [number, number, number];

interface Layout {
  rows: number;
  columns: number;
  visa: boolean;
  checks: { field: Field; of: Span[]; digit: [number, number]; emptyMayBeFiller?: boolean }[];
}

const TD3: Layout = {
  rows: 2,
  columns: 44,
  visa: false,
  checks: [
    { field: "number", of: [[1, 0, 9]], digit: [1, 9] },
    { field: "birth", of: [[1, 13, 19]], digit: [1, 19] },
    { field: "expiry", of: [[1, 21, 27]], digit: [1, 27] },
    { field: "optional", of: [[1, 28, 42]], digit: [1, 42], emptyMayBeFiller: true },
    { field: "composite", of: [[1, 0, 10], [1, 13, 20], [1, 21, 43]], digit: [1, 43] },
  ],
};

const TD2: Layout = {
  rows: 2,
  columns: 36,
  visa: false,
  checks: [
    { field: "number", of: [[1, 0, 9]], digit: [1, 9] },
    { field: "birth", of: [[1, 13, 19]], digit: [1, 19] },
    { field: "expiry", of: [[1, 21, 27]], digit: [1, 27] },
    { field: "composite", of: [[1, 0, 10], [1, 13, 20], [1, 21, 35]], digit: [1, 35] },
  ],
};

const TD1: Layout = {
  rows: 3,
  columns: 30,
  visa: false,
  checks: [
    { field: "number", of: [[0, 5, 14]], digit: [0, 14] },
    { field: "birth", of: [[1, 0, 6]], digit: [1, 6] },
    { field: "expiry", of: [[1, 8, 14]], digit: [1, 14] },
    { field: "composite", of: [[0, 5, 30], [1, 0, 7], [1, 8, 15], [1, 18, 29]], digit: [1, 29] },
  ],
};

/** Weighted sum modulo 10 of letters, digits and fillers; `null` for anything else. */
export function checkDigit(text: string): number | null {
  let sum = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    let value: number;
    if (sign === 60) value = 0;
    else if (sign >= 48 && sign <= 57) value = sign - 48;
    else if (sign >= 65 && sign <= 90) value = sign - 55;
    else return null;
    sum += value * [7, 3, 1][at % 3]!;
  }
  return sum % 10;
}

export function linesOf(text: string): string[] {
  return text
    .toUpperCase()
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function layoutOf(lines: string[]): Layout | null {
  const first = lines[0] ?? "";
  if (first.length === 30) return TD1;
  const layout = first.length === 44 ? TD3 : first.length === 36 ? TD2 : null;
  if (!layout || !first.startsWith("V")) return layout;
  // Visas have neither the optional nor the composite digit.
  const checks = layout.checks.filter((one) => !["optional", "composite"].includes(one.field));
  return { ...layout, visa: true, checks };
}

/** Whether the lines have the size of a document. */
export function isWhole(text: string): boolean {
  const lines = linesOf(text);
  const layout = layoutOf(lines);
  return layout !== null && lines.length === layout.rows && lines.every((line) => line.length === layout.columns);
}

/** What agrees so far. Empty until the first line has the size of a document. */
export function checks(text: string): Check[] {
  const lines = linesOf(text);
  const layout = layoutOf(lines);
  if (!layout) return [];
  const at = ([row, from, to]: Span): string => (lines[row] ?? "").slice(from, to);
  return layout.checks.map(({ field, of, digit, emptyMayBeFiller }) => {
    const whole = of.every((span) => at(span).length === span[2] - span[1]);
    const given = (lines[digit[0]] ?? "")[digit[1]];
    if (!whole || given === undefined) return { field, agrees: null };
    const written = of.map(at).join("");
    const empty = /^<*$/.test(written);
    if (given === "<" && emptyMayBeFiller && empty) return { field, agrees: true };
    // A number that goes on in the optional data (TD1, TD2) is checked there, by the server.
    if (given === "<" && field === "number" && layout !== TD3) return { field, agrees: null };
    const sum = checkDigit(written);
    return { field, agrees: sum !== null && String(sum) === given };
  });
}
