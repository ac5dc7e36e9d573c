// Makes one element like another without replacing what did not change, so that focus, typed text and scroll stay.
// Properties (value, checked) are never touched; `data-keep` protects a subtree the script owns.

/** Makes `from` like `to`. Children are matched by `data-key` or id, else by place and tag. */
export function morph(from: Element, to: Element): void {
  if (from.hasAttribute("data-keep") && from.getAttribute("data-keep") === to.getAttribute("data-keep")) return;
  syncAttributes(from, to);
  const keyed = new Map<string, Element>();
  for (const child of from.children) {
    const key = keyOf(child);
    if (key) keyed.set(key, child);
  }
  let at: ChildNode | null = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const match = find(at, wanted, keyed);
    if (!match) {
      from.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (match !== at) move(from, match, at);
    else at = at.nextSibling;
    if (match instanceof Element && wanted instanceof Element) morph(match, wanted);
    else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
  }
  while (at) {
    const next: ChildNode | null = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** Moves a child; what has the focus in it keeps it. */
function move(parent: Element, child: ChildNode, before: ChildNode | null): void {
  const focused = document.activeElement;
  const inside = focused instanceof HTMLElement && child.contains(focused);
  parent.insertBefore(child, before);
  if (inside && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

function keyOf(el: Element): string | null {
  return el.getAttribute("data-key") ?? (el.id || null);
}

function find(at: ChildNode | null, wanted: ChildNode, keyed: Map<string, Element>): ChildNode | null {
  if (wanted instanceof Element) {
    const key = keyOf(wanted);
    if (key) {
      const match = keyed.get(key);
      return match && match.tagName === wanted.tagName ? match : null;
    }
    // The next one of the same kind: what lies between went away, and is removed at the end.
    for (let el: ChildNode | null = at; el; el = el.nextSibling) {
      if (el instanceof Element && !keyOf(el) && el.tagName === wanted.tagName) return el;
    }
    return null;
  }
  return at && at.nodeType === wanted.nodeType ? at : null;
}

/** Elements whose attributes the script sets: what the server says of them is only their first state. */
const OWN = "[data-missing], [data-sound], [data-link], [data-next-shot]";

function syncAttributes(from: Element, to: Element): void {
  if (from.matches(OWN)) return;
  const stays = (name: string) => name === "open" || name === "data-new" || name.startsWith("data-js-");
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !stays(name)) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value && !stays(name)) from.setAttribute(name, value);
  }
}
