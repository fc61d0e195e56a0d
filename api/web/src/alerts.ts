/** Which alerts stand in the inbox, and in which order. Pure. */

import type { InboxScope } from './state'
import type { Alert, AlertState, Transition } from './types'

const OPEN: ReadonlySet<AlertState> = new Set<AlertState>([
  'RAISED',
  'ACKNOWLEDGED',
  'ASSESSING',
  'RESPONSE_DECIDED',
  'RESPONDING',
  'ON_SCENE',
])

export function isOpen(alert: Alert): boolean {
  return OPEN.has(alert.state)
}

/** Someone must still say that they have it. What only tells history waits for nobody. */
export function isUnanswered(alert: Alert): boolean {
  return alert.state === 'RAISED' && !alert.retrospective
}

/**
 * Priority first, then newest. Retrospective alerts tell history and come after all that is live;
 * in the view of everything, what is closed comes after what is open.
 */
export function compareAlerts(a: Alert, b: Alert): number {
  return (
    Number(!isOpen(a)) - Number(!isOpen(b)) ||
    Number(a.retrospective) - Number(b.retrospective) ||
    b.priority - a.priority ||
    Date.parse(b.raised_at) - Date.parse(a.raised_at) ||
    b.number - a.number
  )
}

export function inbox(alerts: Iterable<Alert>, scope: InboxScope): readonly Alert[] {
  return [...alerts].filter((alert) => inScope(alert, scope)).sort(compareAlerts)
}

function inScope(alert: Alert, scope: InboxScope): boolean {
  if (scope === 'all') return true
  return scope === 'open' ? isOpen(alert) : isUnanswered(alert)
}

/** Alerts that nobody has been told of on this page: to be read out. */
export function newCritical(
  before: ReadonlyMap<string, Alert>,
  after: ReadonlyMap<string, Alert>,
): readonly Alert[] {
  return [...after.values()].filter((alert) => {
    if (alert.band !== 4 || !isUnanswered(alert)) return false
    const known = before.get(alert.alert_id)
    return known === undefined || known.band < 4
  })
}

/** The headline without the band, which has a mark of its own beside it. */
export function headlineOf(alert: Alert): string {
  const text = alert.headline.replace(/^(watch|low|medium|high|critical): /i, '')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Of two states of one alert the later transition wins: answers may arrive out of order. */
export function merge(
  alerts: ReadonlyMap<string, Alert>,
  changed: readonly Alert[],
): ReadonlyMap<string, Alert> {
  const merged = new Map(alerts)
  for (const alert of changed) {
    const known = merged.get(alert.alert_id)
    if (known === undefined || alert.seq >= known.seq) merged.set(alert.alert_id, alert)
  }
  return merged
}

/** The steps of the ledger that came after what the reader saw. */
export function since(transitions: readonly Transition[], seq: number): readonly Transition[] {
  return transitions.filter((transition) => transition.seq > seq)
}

/** Steps that need a coded reason rather than a free note. */
/** The reason that says nothing by itself: it goes with a note. */
export function needsNote(reason: string): boolean {
  return reason === 'OTHER'
}

export function needsReason(state: AlertState): boolean {
  return state === 'CANNOT_RESPOND'
}
