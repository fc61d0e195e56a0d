/** The incidents as a table: for whoever has no map, or does not want one. */

import type { App } from '../app'
import { timeFormat } from '../clock'
import { h, replace } from '../dom'
import { shown } from '../filters'
import { newestFirst } from '../incidents'
import { wordFor } from '../labels'
import type { IncidentFeature } from '../types'
import { county, eventLabel, markChip } from './parts'
import { markImage } from './mark'

const ROWS = 200

export class ListView {
  readonly element = h('div', { class: 'list', 'data-testid': 'incident-list' })
  private readonly app: App
  private readonly reason = h('p', {
    class: 'notice notice-info',
    role: 'status',
    'data-testid': 'no-map',
  })
  private readonly body = h('div', { class: 'list-body' })

  constructor(app: App) {
    this.app = app
    this.element.append(this.reason, this.body)
    app.store.on(
      ['incidents', 'filters', 'mapMode', 'language', 'codes', 'focus', 'webgl', 'me'],
      () => this.render(),
    )
    this.render()
  }

  private render(): void {
    const { mapMode, webgl } = this.app.store.get()
    this.element.hidden = mapMode !== 'list'
    this.reason.hidden = webgl
    replace(this.reason, this.app.t('map.nowebgl'))
    if (mapMode === 'list') this.renderRows()
  }

  private renderRows(): void {
    const { incidents, filters } = this.app.store.get()
    const rows = newestFirst(shown([...incidents.values()], filters)).slice(0, ROWS)
    if (rows.length === 0)
      return replace(this.body, h('p', { class: 'quiet' }, this.app.t('list.empty')))
    const heads = [
      'list.when',
      'list.what',
      'list.where',
      'list.severity',
      'list.deaths',
      'list.reports',
    ] as const
    replace(
      this.body,
      h(
        'table',
        { class: 'incidents' },
        h('caption', { class: 'unseen' }, this.app.t('list.title')),
        h(
          'thead',
          {},
          h('tr', {}, ...heads.map((key) => h('th', { scope: 'col' }, this.app.t(key)))),
        ),
        h('tbody', {}, ...rows.map((each) => this.row(each))),
      ),
    )
  }

  private row(incident: IncidentFeature): HTMLElement {
    const { properties } = incident
    const { language, me, focus } = this.app.store.get()
    const format = timeFormat(me?.mission.time_zone ?? 'UTC', language)
    const href = `#/incidents/${encodeURIComponent(incident.id)}`
    return h(
      'tr',
      {
        'data-incident-id': incident.id,
        'aria-current': focus?.id === incident.id ? 'true' : null,
      },
      h('td', { class: 'when' }, format.dateTime(Date.parse(properties.occurred_start))),
      h(
        'td',
        { class: 'what' },
        markImage(properties.event_class),
        h('a', { href, 'data-key': incident.id }, eventLabel(this.app, incident)),
        properties.illustrative && markChip(this.app, 'illustrative'),
        properties.exercise && markChip(this.app, 'exercise'),
      ),
      h('td', {}, county(incident)),
      h(
        'td',
        {},
        `${properties.severity} ${wordFor(language, 'severity', String(properties.severity))}`,
      ),
      h('td', { class: 'figure' }, properties.killed_best ?? 0),
      h('td', { class: 'figure' }, properties.n_reports),
    )
  }
}
