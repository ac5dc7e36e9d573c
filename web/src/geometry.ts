// Zoom and pan as numbers. Pan is in per cent of the pane; pure, so that it is tested without a page.

export interface View {
  zoom: number;
  x: number;
  y: number;
}

export const WHOLE: View = { zoom: 1, x: 0, y: 0 };
export const MAX_ZOOM = 8;

/** Keeps the view where there is still photograph in the middle. */
export function clamp(view: View): View {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, view.zoom));
  const limit = ((zoom - 1) / 2) * 100;
  const within = (value: number) => Math.min(limit, Math.max(-limit, value)) + 0;
  return { zoom, x: within(view.x), y: within(view.y) };
}

/** Zooms by a factor so that the point (per cent from the middle of the pane) stays under the pointer. */
export function zoomAt(view: View, factor: number, px = 0, py = 0): View {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, view.zoom * factor));
  const by = zoom / view.zoom;
  return clamp({ zoom, x: px - (px - view.x) * by, y: py - (py - view.y) * by });
}

/** A view that puts a point of the 480 x 600 portrait in the middle. `share` is the drawn photo's width to the pane's. */
export function lookAt(zoom: number, px: number, py: number, share: number): View {
  return clamp({ zoom, x: -((px - 240) / 480) * 100 * zoom * share, y: -((py - 300) / 600) * 100 * zoom });
}
