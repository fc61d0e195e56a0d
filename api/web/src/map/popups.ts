/** What opens on the map itself. Built from elements: names come from data, and stay text. */

import type { App } from '../app'
import { timeFormat } from '../clock'
import { h } from '../dom'
import { wordFor } from '../labels'
import { county, eventLabel } from '../views/parts'
import { markImage } from '../views/mark'

/** Many incidents are reported at the same village: let the reader pick. */
export function chooser(app: App, ids: readonly string[]): HTMLElement {
  const { incidents, language, me } = app.store.get()
  const format = timeFormat(me?.mission.time_zone ?? 'UTC', language)
  const found = ids.flatMap((id) => incidents.get(id) ?? [])
  found.sort(
    (a, b) => Date.parse(b.properties.occurred_start) - Date.parse(a.properties.occurred_start),
  )
  const rows = found.map((incident) =>
    h(
      'li',
      {},
      h(
        'a',
        { href: `#/incidents/${encodeURIComponent(incident.id)}` },
        markImage(incident.properties.event_class),
        h(
          'span',
          {},
          eventLabel(app, incident),
          h(
            'span',
            { class: 'row-meta' },
            h('span', {}, format.dateTime(Date.parse(incident.properties.occurred_start))),
            h('span', {}, county(incident)),
          ),
        ),
      ),
    ),
  )
  return h('div', { class: 'popup' }, h('h4', {}, app.t('map.choose')), h('ul', {}, ...rows))
}

export function siteCard(
  app: App,
  layer: string,
  properties: Readonly<Record<string, unknown>>,
): HTMLElement {
  const text = (name: string): string => {
    const value = properties[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const since = text('valid_from')
  return h(
    'div',
    { class: 'popup' },
    h('h4', {}, text('name')),
    h('p', {}, wordFor(app.store.get().language, 'legend.site', layer)),
    since !== '' && h('p', { class: 'quiet' }, app.t('site.valid', { from: since })),
  )
}
