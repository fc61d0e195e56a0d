/** What the marks and lines on the map mean. */

import type { App } from '../app'
import { type Child, h, replace } from '../dom'
import { FAMILIES } from '../families'
import { drawSite, type SiteMark } from '../map/icons'
import { familyImage } from './mark'

const SITES: readonly SiteMark[] = ['civilian_site', 'un_base', 'settlement', 'health', 'airfield']
// Where there is room, a legend that is closed only costs a click.
const ROOM_PX = 1500

export class LegendView {
  readonly element = h('details', { class: 'legend', 'data-testid': 'legend' })
  private readonly app: App

  constructor(app: App) {
    this.app = app
    this.element.open = window.innerWidth >= ROOM_PX
    app.store.on(['language', 'heat'], () => this.render())
    this.render()
  }

  private render(): void {
    const { t } = this.app
    replace(
      this.element,
      h('summary', { 'data-key': 'legend' }, t('legend.title')),
      h(
        'div',
        { class: 'legend-body' },
        group(t('legend.kinds'), [
          ...FAMILIES.map((family) => item(familyImage(family), t(`family.${family}`))),
          item(sizes(), t('legend.size')),
          item(swatch('pale'), t('legend.recent')),
          item(swatch('dashed'), t('legend.dashed')),
          item(swatch('alert'), t('legend.alert')),
          item(swatch('circle'), t('legend.circle')),
          this.app.store.get().heat ? item(swatch('heat'), t('legend.heat')) : null,
        ]),
        group(
          t('legend.sites'),
          SITES.map((site) => item(siteImage(site), t(`legend.site.${site}`))),
        ),
        group(t('legend.lines'), [
          item(swatch('line-international'), t('legend.line.international')),
          item(swatch('line-disputed'), t('legend.line.disputed')),
          item(swatch('line-adm1'), t('legend.line.adm1')),
          item(swatch('line-adm2'), t('legend.line.adm2')),
        ]),
      ),
    )
  }
}

function group(title: string, items: readonly (HTMLElement | null)[]): HTMLElement {
  return h('div', { class: 'legend-group' }, h('h4', {}, title), h('ul', {}, ...items))
}

function item(picture: Child, text: string): HTMLElement {
  return h('li', {}, picture, text)
}

function swatch(name: string): HTMLElement {
  return h('span', { class: `swatch swatch-${name}`, 'aria-hidden': 'true' })
}

function sizes(): HTMLElement {
  return h(
    'span',
    { class: 'sizes', 'aria-hidden': 'true' },
    ...[1, 3, 5].map((size) => h('span', { class: `size size-${size}` })),
  )
}

function siteImage(site: SiteMark): HTMLElement {
  const canvas = h('canvas', {
    class: 'mark-image site-image',
    width: 36,
    height: 36,
    'aria-hidden': 'true',
  })
  const context = canvas.getContext('2d')
  if (context !== null) drawSite(context, 36, site)
  return canvas
}
