/** What the reader wants to see, and the questions to /v1 that follow. Pure. */

import { dayStartMs } from './clock'
import { FAMILIES, type Family, familyOf } from './families'
import type { IncidentFeature } from './types'

export type Span = '24h' | '7d' | '30d' | 'all' | 'custom'

export interface Filters {
  readonly span: Span
  /** Mission-local days, both included; "" is open. Used when `span` is custom. */
  readonly from: string
  readonly to: string
  readonly hiddenFamilies: readonly Family[]
  readonly minSeverity: number
}

export const DEFAULT_FILTERS: Filters = {
  span: '7d',
  from: '',
  to: '',
  hiddenFamilies: [],
  minSeverity: 1,
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const SPAN_MS: Readonly<Record<'24h' | '7d' | '30d', number>> = {
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
}

export interface Interval {
  readonly startMs: number | null
  readonly endMs: number | null
}

/** The interval of event time, counted back from the mission clock. Null is open. */
export function interval(filters: Filters, nowMs: number, zone: string): Interval {
  if (filters.span === 'all') return { startMs: null, endMs: null }
  if (filters.span !== 'custom') return { startMs: nowMs - SPAN_MS[filters.span], endMs: null }
  return {
    startMs: filters.from === '' ? null : dayStartMs(filters.from, zone),
    // The day named last is included, so the end is the start of the one after it.
    endMs: filters.to === '' ? null : dayStartMs(filters.to, zone) + DAY_MS - 1000,
  }
}

/** RFC 3339 interval with ".." for an open end, or null when everything is asked for. */
export function datetimeParameter(span: Interval): string | null {
  if (span.startMs === null && span.endMs === null) return null
  return `${instant(span.startMs)}/${instant(span.endMs)}`
}

function instant(ms: number | null): string {
  return ms === null ? '..' : new Date(ms).toISOString().replace('.000Z', 'Z')
}

export function incidentQuery(filters: Filters, nowMs: number, zone: string): URLSearchParams {
  const query = new URLSearchParams()
  const datetime = datetimeParameter(interval(filters, nowMs, zone))
  if (datetime !== null) query.set('datetime', datetime)
  if (filters.minSeverity > 1) query.set('min_severity', String(filters.minSeverity))
  query.set('limit', '500')
  return query
}

export function activityQuery(filters: Filters, nowMs: number, zone: string): URLSearchParams {
  const query = new URLSearchParams()
  const datetime = datetimeParameter(interval(filters, nowMs, zone))
  if (datetime !== null) query.set('datetime', datetime)
  return query
}

/** Whether an incident passes the filters: used for one that a live change brings. */
export function passes(
  feature: IncidentFeature,
  filters: Filters,
  nowMs: number,
  zone: string,
): boolean {
  if (feature.properties.retracted) return false
  if (feature.properties.severity < filters.minSeverity) return false
  return isWithin(interval(filters, nowMs, zone), feature.properties.occurred_start)
}

/** Both ends are included. */
export function isWithin(span: Interval, time: string): boolean {
  const at = Date.parse(time)
  if (span.startMs !== null && at < span.startMs) return false
  return span.endMs === null || at <= span.endMs
}

export function shown(
  features: readonly IncidentFeature[],
  filters: Filters,
): readonly IncidentFeature[] {
  const hidden = new Set(filters.hiddenFamilies)
  return features.filter(
    ({ properties }) => !properties.retracted && !hidden.has(familyOf(properties.event_class)),
  )
}

export function withFamily(filters: Filters, family: Family, visible: boolean): Filters {
  const hidden = new Set(filters.hiddenFamilies)
  if (visible) hidden.delete(family)
  else hidden.add(family)
  return { ...filters, hiddenFamilies: FAMILIES.filter((each) => hidden.has(each)) }
}
