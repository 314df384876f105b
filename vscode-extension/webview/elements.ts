/** Creates elements. Text is inserted as text, never as markup. */

type Properties = Record<string, string | number | boolean | undefined>;

/** An element with attributes; those that are `undefined` or `false` are left out. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...inside);
  return element;
}

/** A button, and what it does. */
export function button(words: string, does: () => void, properties: Properties = {}): HTMLButtonElement {
  const element = make("button", { type: "button", ...properties }, words);
  element.addEventListener("click", does);
  return element;
}

/** Gives a parent these children in this order, moving as few as possible, because an element that moves loses the focus. */
export function arrange(parent: Element, wanted: readonly Element[]): void {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((element, n) => {
    const there = parent.children[n];
    if (there !== element) parent.insertBefore(element, there ?? null);
  });
}
