import { expect, test } from "vitest";
import { clamp, lookAt, WHOLE, zoomAt } from "../src/geometry";

test("the whole photograph cannot be moved", () => expect(clamp({ zoom: 0.2, x: 50, y: -50 })).toEqual(WHOLE));

test("zooming keeps the point under the pointer", () => {
  const before = { zoom: 2, x: 10, y: -20 };
  const [px, py] = [15, 5];
  const after = zoomAt(before, 1.5, px, py);
  const pointOf = (v: typeof before) => [(px - v.x) / v.zoom, (py - v.y) / v.zoom];
  expect(pointOf(after)[0]).toBeCloseTo(pointOf(before)[0] ?? NaN);
  expect(pointOf(after)[1]).toBeCloseTo(pointOf(before)[1] ?? NaN);
});

test("zooming in and out again comes back", () => {
  const there = zoomAt(WHOLE, 2, 10, 10);
  expect(zoomAt(there, 0.5, 10, 10)).toEqual(WHOLE);
});

test("the eyes are above the middle, so the view moves down", () => {
  expect(lookAt(2.6, 240, 255, 1).y).toBeGreaterThan(0);
  expect(lookAt(2.6, 240, 255, 1).x).toBeCloseTo(0);
});
