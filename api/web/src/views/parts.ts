/** Small pieces that several views share. */

import type { App } from '../app'
import { due, duration } from '../clock'
import { h } from '../dom'
import { type Key, readable, wordFor } from '../labels'
import type { CodeListName } from '../state'
import type { Alert, BandCode, IncidentFeature } from '../types'

/** Band in words with a mark of its own, so that colour is not the only sign. */
export function bandChip(app: App, band: BandCode): HTMLElement {
  const glyph = { 1: '○', 2: '◐', 3: '▲', 4: '◆' }[band]
  return h(
    'span',
    { class: `band band-${band}` },
    h('span', { 'aria-hidden': 'true' }, glyph),
    ` ${app.t(`band.${band}`)}`,
  )
}

export function markChip(
  app: App,
  name: 'retrospective' | 'illustrative' | 'exercise' | 'unverified' | 'shadow',
): HTMLElement {
  return h(
    'span',
    { class: `mark mark-${name}`, title: app.t(`help.${name}`) },
    app.t(`mark.${name}`),
  )
}

export function stateChip(app: App, alert: Alert): HTMLElement {
  const word = wordFor(app.store.get().language, 'state', alert.state)
  return h('span', { class: `state state-${alert.state.toLowerCase()}` }, word)
}

export interface DueText {
  readonly tone: 'none' | 'later' | 'soon' | 'overdue'
  readonly text: string
}

export function dueText(app: App, alert: Alert, nowMs: number): DueText {
  if (alert.ack_due_at === null) return { tone: 'none', text: app.t('due.none') }
  const left = due(alert.ack_due_at, nowMs)
  if (left.tone !== 'overdue' && left.minutes === 0) return { tone: 'soon', text: app.t('due.now') }
  const units = { d: app.t('unit.d'), h: app.t('unit.h'), min: app.t('unit.min') }
  return {
    tone: left.tone,
    text: app.t(`due.${left.tone}`, { time: duration(left.minutes, units) }),
  }
}

/** The label of a code in the reader's language, if the list has one. */
export function codeLabel(app: App, list: CodeListName, code: string): string | undefined {
  const { language, codes } = app.store.get()
  return codes.get(list)?.get(code)?.[language]
}

export function eventLabel(app: App, incident: IncidentFeature): string {
  const { event_type: type, label } = incident.properties
  return codeLabel(app, 'event_type', type) ?? label ?? readable(type)
}

/** Who an actor is by kind; "ANY" stands for a flag that looks at all of them. */
export function actorLabel(app: App, actorClass: string): string {
  if (actorClass === '' || actorClass === 'ANY') return ''
  return codeLabel(app, 'actor_type', actorClass) ?? readable(actorClass)
}

export function county(incident: IncidentFeature): string {
  const { adm2_name: name, adm2, adm1 } = incident.properties
  return name ?? adm2 ?? adm1 ?? '–'
}

export function deathsText(app: App, incident: IncidentFeature): string {
  const killed = incident.properties.killed_best ?? 0
  return killed === 0 ? '' : app.t('incident.deaths', { n: killed })
}

export function reportsText(app: App, incident: IncidentFeature): string {
  const { n_reports: reports } = incident.properties
  return reports === 1
    ? app.t('incident.report.short')
    : app.t('incident.reports.short', { n: reports })
}

/** One line of "term: what", left out when there is nothing to say. */
export function fact(
  app: App,
  key: Key,
  ...what: readonly (Node | string | null)[]
): HTMLElement | null {
  const said = what.filter((each) => each !== null && each !== '')
  if (said.length === 0) return null
  return h('div', { class: 'fact' }, h('dt', {}, app.t(key)), h('dd', {}, ...said))
}
