/** The parts of an alert's panel: what it is, on what it rests, what was done, who was told. */

import { headlineOf, isUnanswered } from '../alerts'
import { type App, focusOf } from '../app'
import { timeFormat } from '../clock'
import { h } from '../dom'
import { readable, wordFor } from '../labels'
import type { AlertDetail, Delivery, IncidentFeature, Transition } from '../types'
import {
  actorLabel,
  bandChip,
  codeLabel,
  county,
  deathsText,
  eventLabel,
  fact,
  markChip,
  reportsText,
  stateChip,
} from './parts'
import { markImage } from './mark'

type Parts = readonly (HTMLElement | null)[]

function at(app: App, time: string): string {
  const { me, language } = app.store.get()
  return timeFormat(me?.mission.time_zone ?? 'UTC', language).dateTime(Date.parse(time))
}

export function header(app: App, { alert }: AlertDetail): Parts {
  const { language } = app.store.get()
  const acknowledged =
    alert.acknowledged_at === null
      ? null
      : app.t('detail.acknowledged.by', {
          time: at(app, alert.acknowledged_at),
          who: alert.acknowledged_by ?? '–',
        })
  return [
    h(
      'div',
      { class: 'row-top' },
      bandChip(app, alert.band),
      h('span', { class: 'number' }, `A ${alert.number}`),
      h(
        'span',
        { class: 'priority' },
        `${app.t('inbox.priority', { n: alert.priority })}, ${wordFor(language, 'priority', String(alert.priority))}`,
      ),
      h(
        'span',
        { 'data-testid': 'detail-state', 'data-state': alert.state },
        stateChip(app, alert),
      ),
    ),
    h(
      'h2',
      { id: 'detail-title', class: 'detail-title', 'data-testid': 'detail-title' },
      headlineOf(alert),
    ),
    ...caveats(app, alert),
    h(
      'dl',
      { class: 'facts' },
      fact(app, 'detail.place', alert.place_name),
      fact(app, 'detail.actor', actorLabel(app, alert.actor_class)),
      fact(app, 'detail.raised', at(app, alert.raised_at)),
      fact(app, 'detail.acknowledged', acknowledged),
    ),
    linked(app, 'detail.continues', alert.continues),
    linked(app, 'detail.replaced', alert.replaced_by),
  ]
}

function caveats(app: App, alert: AlertDetail['alert']): Parts {
  return [
    alert.retrospective ? caveat(app, 'retrospective') : null,
    alert.illustrative ? caveat(app, 'illustrative') : null,
  ]
}

function caveat(app: App, name: 'retrospective' | 'illustrative'): HTMLElement {
  return h(
    'p',
    { class: `caveat caveat-${name}` },
    markChip(app, name),
    ` ${app.t(`help.${name}`)}`,
  )
}

function linked(
  app: App,
  key: 'detail.continues' | 'detail.replaced',
  id: string | null,
): HTMLElement | null {
  if (id === null) return null
  const href = `#/alerts/${encodeURIComponent(id)}`
  return h('p', { class: 'linked' }, `${app.t(key)}. `, h('a', { href }, app.t('detail.open.it')))
}

export function evidence(app: App, { incidents }: AlertDetail): Parts {
  const title = h('h3', {}, app.t('detail.evidence'))
  if (incidents.length === 0)
    return [title, h('p', { class: 'quiet' }, app.t('detail.evidence.none'))]
  return [
    title,
    h(
      'ul',
      { class: 'evidence', 'data-testid': 'evidence' },
      ...incidents.map((each) => evidenceRow(app, each)),
    ),
  ]
}

function evidenceRow(app: App, incident: IncidentFeature): HTMLElement {
  const { properties } = incident
  const when = at(app, properties.occurred_start)
  const facts = [when, county(incident), deathsText(app, incident), reportsText(app, incident)]
  return h(
    'li',
    { class: 'evidence-row', 'data-incident-id': incident.id },
    markImage(properties.event_class),
    h(
      'div',
      { class: 'evidence-what' },
      h('strong', {}, eventLabel(app, incident)),
      properties.illustrative && markChip(app, 'illustrative'),
      properties.exercise && markChip(app, 'exercise'),
      h(
        'span',
        { class: 'row-meta' },
        ...facts.filter((each) => each !== '').map((each) => h('span', {}, each)),
      ),
    ),
    h('div', { class: 'evidence-do' }, mapButton(app, incident), incidentLink(app, incident)),
  )
}

function mapButton(app: App, incident: IncidentFeature): HTMLElement {
  if (focusOf(incident) === null) return h('span', { class: 'quiet' }, app.t('detail.noplace'))
  return h(
    'button',
    {
      type: 'button',
      class: 'button',
      'data-key': `map-${incident.id}`,
      'data-testid': 'evidence-map',
      'aria-label': `${app.t('detail.show.map')}: ${eventLabel(app, incident)}, ${county(incident)}`,
      onclick: () => app.focusOn(incident),
    },
    app.t('detail.show.map'),
  )
}

function incidentLink(app: App, incident: IncidentFeature): HTMLElement {
  return h(
    'a',
    {
      class: 'button',
      href: `#/incidents/${encodeURIComponent(incident.id)}`,
      'data-key': `incident-${incident.id}`,
      'data-testid': 'evidence-incident',
    },
    app.t('detail.open.incident'),
  )
}

export function ledger(app: App, { transitions }: AlertDetail): Parts {
  const newest = [...transitions].sort((a, b) => b.seq - a.seq)
  return [
    h('h3', {}, app.t('detail.ledger')),
    h(
      'ol',
      { class: 'ledger', 'data-testid': 'ledger', reversed: true },
      ...newest.map((each) => step(app, each)),
    ),
  ]
}

function step(app: App, transition: Transition): HTMLElement {
  const what = stepWord(app, transition)
  const { reason } = transition
  const reasonWord =
    reason === null ? '' : (codeLabel(app, 'no_response_reason', reason) ?? readable(reason))
  return h(
    'li',
    { 'data-seq': transition.seq, 'data-state': transition.to_state },
    h('time', { datetime: transition.at }, at(app, transition.at)),
    h(
      'div',
      {},
      h('strong', {}, what),
      ` ${app.t('ledger.by', { who: transition.by })}`,
      reasonWord !== '' &&
        h('p', { class: 'note' }, app.t('ledger.reason', { reason: reasonWord })),
      transition.note !== null &&
        transition.note !== '' &&
        h('p', { class: 'note' }, transition.note),
    ),
  )
}

/** Where the step led; what kind of step it was where it led nowhere new. */
function stepWord(app: App, transition: Transition): string {
  const { language } = app.store.get()
  const isMove = transition.from_state !== null && transition.from_state !== transition.to_state
  return isMove
    ? wordFor(language, 'state', transition.to_state)
    : wordFor(language, 'kind', transition.kind)
}

export function deliveries(app: App, { alert, deliveries: rung }: AlertDetail): Parts {
  const title = h('h3', {}, app.t('detail.deliveries'))
  if (rung.length === 0) {
    const why = isUnanswered(alert) || !alert.retrospective ? null : app.t('help.retrospective')
    return [title, h('p', { class: 'quiet' }, why ?? app.t('detail.deliveries.none'))]
  }
  const ordered = [...rung].sort(
    (a, b) => b.seq - a.seq || (a.endpoint_id < b.endpoint_id ? -1 : 1),
  )
  return [
    title,
    h(
      'ul',
      { class: 'deliveries', 'data-testid': 'deliveries' },
      ...ordered.map((each) => delivery(app, each)),
    ),
  ]
}

function delivery(app: App, each: Delivery): HTMLElement {
  const tries =
    each.attempts === 1
      ? app.t('delivery.attempt')
      : app.t('delivery.attempts', { n: each.attempts })
  const status =
    each.last_status === null ? '' : app.t('delivery.status', { status: each.last_status })
  const details = [app.t('ledger.step', { seq: each.seq }), tries, status, each.last_error ?? '']
  return h(
    'li',
    { class: `delivery delivery-${each.state.toLowerCase()}`, 'data-state': each.state },
    h('strong', {}, each.endpoint_id),
    h('span', { class: 'delivery-result' }, result(app, each)),
    h(
      'span',
      { class: 'row-meta' },
      ...details.filter((text) => text !== '').map((text) => h('span', {}, text)),
    ),
  )
}

function result(app: App, each: Delivery): string {
  if (each.state !== 'DELIVERED') return wordFor(app.store.get().language, 'delivery', each.state)
  if (each.delivered_at === null) return app.t('delivery.DELIVERED.short')
  return app.t('delivery.DELIVERED', { time: at(app, each.delivered_at) })
}
