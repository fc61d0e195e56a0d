/** Keeping the incidents on the page current. Pure. */

import { type Filters, passes } from './filters'
import type { IncidentDetail, IncidentFeature } from './types'

/** An incident read alone carries more than a list's; give it the list's few derived fields. */
export function asListed(
  detail: IncidentDetail,
  known: IncidentFeature | undefined,
): IncidentFeature {
  const { properties } = detail
  const killed = properties.killed_best ?? properties.victims?.killed_best ?? 0
  const civilians =
    properties.civilians_killed_best ?? properties.victims?.civilians_killed_best ?? 0
  return {
    type: 'Feature',
    id: detail.id,
    geometry: detail.geometry,
    properties: {
      ...known?.properties,
      ...properties,
      killed_best: killed,
      civilians_killed_best: civilians,
    },
  }
}

/** A whole answer replaces what was there, but never a newer revision that a change brought. */
export function replaceAll(
  known: ReadonlyMap<string, IncidentFeature>,
  loaded: readonly IncidentFeature[],
): ReadonlyMap<string, IncidentFeature> {
  return new Map(loaded.map((feature) => [feature.id, newer(known.get(feature.id), feature)]))
}

function newer(known: IncidentFeature | undefined, loaded: IncidentFeature): IncidentFeature {
  if (known === undefined) return loaded
  return known.properties.revision > loaded.properties.revision ? known : loaded
}

/** Put single incidents in, and drop those that are gone or have left the filters. */
export function patch(
  known: ReadonlyMap<string, IncidentFeature>,
  changed: ReadonlyMap<string, IncidentFeature | null>,
  filters: Filters,
  now: { readonly ms: number; readonly zone: string },
): ReadonlyMap<string, IncidentFeature> {
  const patched = new Map(known)
  for (const [id, feature] of changed) {
    patched.delete(id)
    if (feature !== null && passes(feature, filters, now.ms, now.zone))
      patched.set(feature.id, feature)
  }
  return patched
}

/** Drop what the moving window has left behind. The same map when nothing has. */
export function prune(
  known: ReadonlyMap<string, IncidentFeature>,
  filters: Filters,
  now: { readonly ms: number; readonly zone: string },
): ReadonlyMap<string, IncidentFeature> {
  const kept = [...known].filter(([, feature]) => passes(feature, filters, now.ms, now.zone))
  return kept.length === known.size ? known : new Map(kept)
}

/** Newest first, as the list shows them. */
export function newestFirst(features: readonly IncidentFeature[]): readonly IncidentFeature[] {
  const at = (feature: IncidentFeature): number => Date.parse(feature.properties.occurred_start)
  return [...features].sort((a, b) => at(b) - at(a) || (a.id < b.id ? -1 : 1))
}
