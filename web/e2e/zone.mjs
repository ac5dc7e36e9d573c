// Machine readable zones of invented passports (TD3, ICAO Doc 9303-4), for a simulated reader.

const value = (sign) => (sign === "<" ? 0 : /\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 55);
const digit = (text) => String([...text].reduce((sum, sign, at) => sum + value(sign) * [7, 3, 1][at % 3], 0) % 10);
const filled = (text, size) => text.padEnd(size, "<").slice(0, size);

/** The two lines; birth and expiry as YYMMDD. */
export function passport({ state, number, surname, given = "", birth = "910506", sex = "F", expiry = "350101", nationality = state }) {
  const name = given ? `${surname}<<${given}` : surname;
  const first = filled(`P<${filled(state, 3)}${name.replaceAll(" ", "<")}`, 44);
  const of = (text) => text + digit(text);
  const [n, b, e] = [of(filled(number, 9)), of(birth), of(expiry)];
  const optional = `${"<".repeat(14)}0`;
  const second = `${n}${filled(nationality, 3)}${b}${sex}${e}${optional}`;
  return [first, second + digit(n + b + e + optional)];
}

/** What a reader in keyboard mode does: every character at once, a line ends with Enter. */
export async function read(page, lines) {
  for (const line of lines) {
    await page.keyboard.type(line, { delay: 0 });
    await page.keyboard.press("Enter");
  }
}
