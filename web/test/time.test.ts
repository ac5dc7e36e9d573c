import { expect, test } from "vitest";
import { agoText, clockText } from "../src/time";

test.each([
  [-5, "00:00"],
  [0, "00:00"],
  [1, "00:01"],
  [14_000, "00:14"],
  [13_001, "00:14"],
  [3_599_001, "1:00:00"],
  [3_723_000, "1:02:03"],
])("a countdown of %d ms reads %s", (ms, text) => expect(clockText(ms)).toBe(text));

test("ago rounds down: what is 12.9 s old is 12 s old", () => expect(agoText(12_900)).toBe("00:12"));
