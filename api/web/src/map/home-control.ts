/** A button that shows the whole mission again. */

import type { IControl } from 'maplibre-gl'
import { h } from '../dom'

export class HomeControl implements IControl {
  private readonly element: HTMLElement
  private readonly button: HTMLButtonElement

  constructor(onHome: () => void) {
    this.button = h(
      'button',
      { type: 'button', class: 'home', 'data-testid': 'map-home', onclick: onHome },
      h('span', { 'aria-hidden': 'true' }, '⤢'),
    )
    this.element = h('div', { class: 'maplibregl-ctrl maplibregl-ctrl-group' }, this.button)
  }

  label(text: string): void {
    this.button.title = text
    this.button.setAttribute('aria-label', text)
  }

  onAdd(): HTMLElement {
    return this.element
  }

  onRemove(): void {
    this.element.remove()
  }
}
