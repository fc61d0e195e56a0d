/** The map with what surrounds it. MapLibre is fetched only when a map can be drawn. */

import type { App } from '../app'
import { h, setText } from '../dom'
import { en } from '../labels/en'
import type { MapView } from '../map/map'
import { FilterBar } from './filterbar'
import { LegendView } from './legend'
import { ListView } from './list'

export class Stage {
  readonly element = h('section', { class: 'stage' })
  private readonly app: App
  private readonly map = h('div', { class: 'map', 'data-testid': 'map', role: 'region' })
  private readonly wait = h('p', { class: 'map-wait quiet' })
  private readonly disclaimer = h('p', { class: 'disclaimer', 'data-testid': 'disclaimer' })
  private readonly toAlert = h('button', {
    type: 'button',
    class: 'button to-alert',
    'data-testid': 'to-alert',
    hidden: true,
  })
  private view: MapView | null = null

  constructor(app: App) {
    this.app = app
    const frame = h(
      'div',
      { class: 'frame' },
      this.map,
      this.wait,
      new LegendView(app).element,
      this.toAlert,
    )
    this.element.append(
      new FilterBar(app).element,
      frame,
      new ListView(app).element,
      this.disclaimer,
    )
    this.toAlert.addEventListener('click', () => app.show('detail'))
    app.store.on(['mapMode', 'language', 'me', 'view', 'route', 'alertDetail'], () => this.render())
    app.store.on(['me'], () => void this.draw())
    this.render()
  }

  private render(): void {
    const { mapMode, route, alertDetail } = this.app.store.get()
    this.element.dataset['mode'] = mapMode
    this.element.setAttribute('aria-label', this.app.t('tab.map'))
    this.map.setAttribute('aria-label', this.app.t('map.label'))
    setText(this.wait, this.app.t('map.loading'))
    setText(this.disclaimer, this.disclaimerText())
    const alert = route.page === 'alert' ? alertDetail?.alert : undefined
    this.toAlert.hidden = route.page !== 'alert' && route.page !== 'incident'
    setText(
      this.toAlert,
      alert === undefined
        ? `‹ ${this.app.t('detail.back')}`
        : `‹ ${this.app.t('detail.to.alert', { number: `A ${alert.number}` })}`,
    )
  }

  /** The words that belong to the basemap, then what the mission has to add. */
  private disclaimerText(): string {
    const { me } = this.app.store.get()
    const ours = this.app.t('map.disclaimer')
    const theirs = me?.mission.disclaimer ?? ''
    const more = en['map.disclaimer'].includes(theirs) ? '' : ` ${theirs}`
    return `${ours}${more} ${this.app.t('map.sources')}`
  }

  private async draw(): Promise<void> {
    const { me, webgl } = this.app.store.get()
    if (me === null || !webgl || this.view !== null) return
    try {
      const { MapView: View } = await import('../map/map')
      this.view ??= new View(this.app, this.map)
      this.wait.hidden = true
    } catch {
      // Whatever kept the map away, the list holds the same incidents.
      this.app.store.set({ webgl: false, mapMode: 'list' })
    }
  }
}
