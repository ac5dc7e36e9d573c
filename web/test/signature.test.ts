import { expect, test } from "vitest";
import { pathOf } from "../src/signature";

test("strokes are whole numbers inside the box", () => {
  expect(pathOf([])).toBe("");
  expect(pathOf([[[1.4, 2.6], [700, -3]], [[5, 5]]])).toBe("M 1 3 L 600 0 M 5 5");
});
