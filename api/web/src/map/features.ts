/** What the map draws of incidents, alerts and the focus. Pure. */

import { isOpen, isUnanswered } from '../alerts'
import { familyOf } from '../families'
import { type Interval, isWithin } from '../filters'
import { circle } from '../geometry'
import type { Focus, State } from '../state'
import type { Alert, IncidentFeature } from '../types'

const RECENT_MS = 24 * 3_600_000

type Collection = GeoJSON.FeatureCollection

export function incidentPoints(incidents: readonly IncidentFeature[], nowMs: number): Collection {
  const features = incidents.flatMap((incident): GeoJSON.Feature[] => {
    if (incident.geometry === null) return []
    const { properties } = incident
    const occurredMs = Date.parse(properties.occurred_start)
    return [
      {
        type: 'Feature',
        geometry: incident.geometry,
        properties: {
          id: incident.id,
          icon: markName(incident, nowMs - occurredMs >= RECENT_MS),
          severity: properties.severity,
          // Days, so that severity weighs more than a fresh trifle but less than weeks.
          rank: properties.severity * 10 + occurredMs / 86_400_000 / 1000,
        },
      },
    ]
  })
  return { type: 'FeatureCollection', features }
}

function markName({ properties }: IncidentFeature, isOld: boolean): string {
  const dashed = properties.illustrative || properties.exercise ? 'dashed' : ''
  return `mark:${familyOf(properties.event_class)}:${dashed}${isOld ? 'old' : ''}`
}

/** What the open panel speaks of is on the map, whatever the filters say. */
export function withOpen(
  incidents: readonly IncidentFeature[],
  { route, alertDetail, incidentDetail }: Pick<State, 'route' | 'alertDetail' | 'incidentDetail'>,
): readonly IncidentFeature[] {
  const open = [
    ...(route.page === 'home' ? [] : (alertDetail?.incidents ?? [])),
    ...(route.page === 'incident' && incidentDetail !== null ? [incidentDetail] : []),
  ]
  const all = new Map([...open, ...incidents].map((incident) => [incident.id, incident]))
  return [...all.values()].filter((incident) => !incident.properties.retracted)
}

/** Open alerts of the time that is shown; the one that is open in the panel in any case. */
export function alertRings(alerts: Iterable<Alert>, span: Interval, openId: string): Collection {
  const features = [...alerts].flatMap((alert): GeoJSON.Feature[] => {
    if (alert.lon === null || alert.lat === null) return []
    const isShown = isOpen(alert) && !alert.retrospective && isWithin(span, alert.raised_at)
    if (!isShown && alert.alert_id !== openId) return []
    return [
      {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [alert.lon, alert.lat] },
        properties: {
          id: alert.alert_id,
          label: `A ${alert.number}`,
          band: alert.band,
          priority: alert.priority,
          unanswered: isUnanswered(alert),
        },
      },
    ]
  })
  return { type: 'FeatureCollection', features }
}

/** The circle within which the place surely lies; nothing where it is not known. */
export function focusArea(focus: Focus | null): Collection {
  const radiusM = focus?.radius_m ?? 0
  if (focus === null || radiusM <= 0) return { type: 'FeatureCollection', features: [] }
  const geometry = circle(focus.lon, focus.lat, radiusM)
  return { type: 'FeatureCollection', features: [{ type: 'Feature', geometry, properties: {} }] }
}

export function focusPoint(focus: Focus | null): Collection {
  if (focus === null) return { type: 'FeatureCollection', features: [] }
  const geometry: GeoJSON.Point = { type: 'Point', coordinates: [focus.lon, focus.lat] }
  return { type: 'FeatureCollection', features: [{ type: 'Feature', geometry, properties: {} }] }
}

/** Wide enough to see the circle with the places around it. */
export function focusZoom(focus: Focus): number {
  const radius = Math.max(focus.radius_m ?? 0, 2000)
  return Math.max(6, Math.min(10.5, 11.5 - Math.log2(radius / 2000)))
}
