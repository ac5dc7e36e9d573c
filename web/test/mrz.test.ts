import { expect, test } from "vitest";
import { checkDigit, checks, isWhole } from "../src/mrz";

const TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
const TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const MRVA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<";

test("the digits of the specimens", () => {
  for (const [text, digit] of [["L898902C3", 6], ["740812", 2], ["120415", 9], ["ZE184226B<<<<<", 1]] as const) expect(checkDigit(text)).toBe(digit);
  expect(checkDigit("a")).toBeNull();
});

test("every specimen agrees in every digit", () => {
  for (const [text, count] of [[TD3, 5], [TD2, 4], [TD1, 4], [MRVA, 3]] as const) {
    const found = checks(text);
    expect(found).toHaveLength(count);
    expect(found.every((one) => one.agrees)).toBe(true);
    expect(isWhole(text)).toBe(true);
  }
});

test("a wrong character is seen where it stands", () => {
  const wrong = checks(TD3.replace("L898902C3", "L898902C4"));
  expect(wrong.filter((one) => one.agrees === false).map((one) => one.field)).toEqual(["number", "composite"]);
});

test("half a zone says nothing of the other half", () => {
  const half = TD3.slice(0, 45 + 20);
  expect(isWhole(half)).toBe(false);
  expect(checks(half).map((one) => one.agrees)).toEqual([true, true, null, null, null]);
  expect(checks("P<UTO")).toEqual([]);
});
