import { expect, test } from "vitest";
import { fill } from "../src/words";

test("values are put in, unknown names stay visible", () => {
  expect(fill("no connection since {time} ({x})", { time: "14:02:11" })).toBe("no connection since 14:02:11 ({x})");
});
