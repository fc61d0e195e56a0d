/** Building the page without markup: what comes from data can only become text. */

export type Child = Node | string | number | null | undefined | false
type Listener = (event: Event) => void
export type Attributes = Record<string, string | number | boolean | null | undefined | Listener>

/**
 * Make an element. A function under `onclick` and the like becomes a listener, `true` an empty
 * attribute; `false`, null and undefined leave the attribute out.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value)
  append(element, children)
  return element
}

function setAttribute(element: HTMLElement, name: string, value: Attributes[string]): void {
  if (typeof value === 'function') {
    element.addEventListener(name.slice(2), value)
    return
  }
  if (value === undefined || value === null || value === false) return
  element.setAttribute(name, value === true ? '' : String(value))
}

export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)))
  }
}

/**
 * Put new children into a container and keep the keyboard focus on the element with the same
 * `data-key`, so that a live update never throws a reader out of their place.
 */
export function replace(container: Element, ...children: readonly Child[]): void {
  const active = document.activeElement
  const key =
    active instanceof HTMLElement && container.contains(active) ? active.dataset['key'] : undefined
  const fragment = document.createDocumentFragment()
  append(fragment, children)
  container.replaceChildren(fragment)
  if (key === undefined) return
  for (const candidate of container.querySelectorAll<HTMLElement>('[data-key]')) {
    if (candidate.dataset['key'] !== key) continue
    candidate.focus({ preventScroll: true })
    return
  }
}

/** Change text only where it differs: a screen reader repeats what was written again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}
