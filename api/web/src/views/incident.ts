/** An incident's panel: what is known, how exactly, and which reports say so. */

import { type App, focusOf } from '../app'
import { timeFormat } from '../clock'
import { h } from '../dom'
import { readable, wordFor } from '../labels'
import { asListed } from '../incidents'
import { metres } from '../numbers'
import type { IncidentDetail, IncidentFeature, Member, Victims } from '../types'
import { actorLabel, county, eventLabel, fact, markChip, reportsText } from './parts'
import { markImage } from './mark'

export function incidentBody(app: App, detail: IncidentDetail): readonly (HTMLElement | null)[] {
  const incident = asListed(detail, undefined)
  return [
    h(
      'div',
      { class: 'section' },
      ...head(app, incident),
      facts(app, detail, incident),
      showButton(app, incident),
    ),
    nearby(app, detail),
    reports(app, detail),
  ]
}

function at(app: App, time: string): string {
  const { me, language } = app.store.get()
  return timeFormat(me?.mission.time_zone ?? 'UTC', language).dateTime(Date.parse(time))
}

function head(app: App, incident: IncidentFeature): readonly (HTMLElement | null)[] {
  const { properties } = incident
  return [
    h(
      'div',
      { class: 'row-top' },
      h('span', { class: 'number' }, app.t('incident.title')),
      h('span', { class: 'priority' }, app.t('incident.revision', { n: properties.revision })),
      properties.illustrative && markChip(app, 'illustrative'),
      properties.exercise && markChip(app, 'exercise'),
    ),
    h(
      'h2',
      { id: 'detail-title', class: 'detail-title', 'data-testid': 'detail-title' },
      markImage(properties.event_class),
      ` ${eventLabel(app, incident)}, ${county(incident)}`,
    ),
    properties.retracted ? h('p', { class: 'caveat' }, app.t('incident.retracted')) : null,
  ]
}

function facts(app: App, detail: IncidentDetail, incident: IncidentFeature): HTMLElement {
  const { properties } = detail
  const { language } = app.store.get()
  const word = wordFor(language, 'severity', String(properties.severity))
  const actors = (properties.actor_tokens ?? [])
    .map((token) => readable(token.replaceAll('-', ' ')))
    .join(', ')
  return h(
    'dl',
    { class: 'facts' },
    fact(app, 'incident.when', at(app, properties.occurred_start)),
    fact(app, 'incident.where', ...where(app, detail, incident)),
    fact(
      app,
      'incident.severity',
      app.t('incident.severity.value', { n: properties.severity, word }),
    ),
    fact(app, 'incident.actors', actors === '' ? actorLabel(app, properties.actor_class) : actors),
    fact(app, 'incident.victims', victims(app, properties.victims)),
    fact(app, 'incident.sources', sources(app, detail)),
  )
}

function where(
  app: App,
  { properties }: IncidentDetail,
  incident: IncidentFeature,
): readonly string[] {
  const candidates = properties.adm2_candidates ?? []
  const parts = [county(incident)]
  if (properties.radius_m !== null) {
    parts.push(
      `. ${app.t('incident.precision', { radius: metres(properties.radius_m) })} (${properties.precision})`,
    )
  } else {
    parts.push(`. ${app.t('detail.noplace')} (${properties.precision})`)
  }
  if (candidates.length > 1)
    parts.push(`. ${app.t('incident.candidates', { names: candidates.join(', ') })}`)
  return parts
}

function victims(app: App, counted: Victims | undefined): string {
  if (counted === undefined) return ''
  const { killed_min: min, killed_best: best, killed_max: max } = counted
  const killed =
    best + max === 0
      ? ''
      : min === max
        ? app.t('incident.killed.exact', { best })
        : app.t('incident.killed', { best, min, max })
  const some = (
    key: 'incident.civilians' | 'incident.injured' | 'incident.un.killed' | 'incident.un.injured',
    n: number,
  ): string => (n === 0 ? '' : app.t(key, { n }))
  return [
    killed,
    some('incident.civilians', counted.civilians_killed_best),
    some('incident.injured', counted.injured_best),
    some('incident.un.killed', counted.un_killed_best),
    some('incident.un.injured', counted.un_injured_best),
  ]
    .filter((part) => part !== '')
    .join(', ')
}

function sources(app: App, incident: IncidentDetail): string {
  const { properties } = incident
  return app.t('incident.sources.value', {
    reports: reportsText(app, incident),
    independent: properties.n_independent,
    grade: `${properties.reliability ?? '–'}${properties.credibility ?? ''}`,
  })
}

function showButton(app: App, incident: IncidentFeature): HTMLElement | null {
  if (focusOf(incident) === null) return null
  return h(
    'button',
    {
      type: 'button',
      class: 'button',
      'data-key': 'show-map',
      onclick: () => app.focusOn(incident),
    },
    app.t('detail.show.map'),
  )
}

function nearby(app: App, { properties }: IncidentDetail): HTMLElement | null {
  const near = properties.nearby ?? []
  if (near.length === 0) return null
  return h(
    'div',
    { class: 'section' },
    h('h3', {}, app.t('incident.nearby')),
    h(
      'ul',
      { class: 'plain' },
      ...near.map((each) =>
        h('li', {}, `${each.name} · ${metres(each.distance_m)} · ${readable(each.kind)}`),
      ),
    ),
  )
}

function reports(app: App, { properties }: IncidentDetail): HTMLElement {
  const { members } = properties
  const title = h('h3', {}, app.t('incident.reports'))
  // Members as bare keys are what a reader without the permission gets.
  if (!members?.every(isReport)) {
    return h(
      'div',
      { class: 'section' },
      title,
      h('p', { class: 'quiet' }, app.t('incident.reports.none')),
    )
  }
  return h(
    'div',
    { class: 'section' },
    title,
    h(
      'ul',
      { class: 'reports', 'data-testid': 'reports' },
      ...members.map((each) => report(app, each)),
    ),
  )
}

function isReport(member: unknown): member is Member {
  return typeof member === 'object' && member !== null && !Array.isArray(member)
}

function report(app: App, member: Member): HTMLElement {
  const grade = gradeOf(member)
  const warnings = (member.warnings ?? []).map(warningText)
  return h(
    'li',
    { class: 'report', 'data-report-id': member.report_id },
    h(
      'p',
      { class: 'row-meta' },
      h('strong', {}, app.t('incident.unit', { unit: member.unit_id })),
      grade !== '' && h('span', {}, grade),
      member.revision > 1 && h('span', {}, app.t('incident.revision', { n: member.revision })),
      h('span', {}, at(app, member.occurred_start)),
      h('span', {}, app.t('incident.received', { time: at(app, member.received_at) })),
    ),
    member.text !== undefined &&
      member.text !== null &&
      member.text !== '' &&
      h('p', { class: 'report-text' }, member.text),
    ...warnings.map((warning) => h('p', { class: 'report-warning' }, `⚠ ${warning}`)),
  )
}

function gradeOf({ source }: Member): string {
  const grade = (name: string): string => {
    const value = source?.[name]
    return typeof value === 'string' ? value : ''
  }
  return `${grade('reliability')}${grade('credibility')}`
}

function warningText(warning: unknown): string {
  if (typeof warning === 'string') return warning
  if (typeof warning !== 'object' || warning === null) return ''
  const { detail, message, code } = warning as Record<string, unknown>
  return (
    [detail, message, code].find((each): each is string => typeof each === 'string') ??
    JSON.stringify(warning)
  )
}
