import { expect, test } from "vitest";
import { points } from "../src/spark";

test("the newest value is at the right, zero at the bottom", () => {
  expect(points([0, 8], 3)).toBe("60.0,40.0 120.0,5.2");
});
