/**
 * Lines between neighbouring areas. The outer edge is left out on purpose: drawn solid, it would
 * stand beside the basemap's boundary and show as settled what is not. Pure.
 */

interface Edge {
  readonly from: GeoJSON.Position
  readonly to: GeoJSON.Position
  count: number
  isOpen: boolean
}

/** Edges that two areas share, as one multi-line for settled ones and one for the others. */
export function innerBorders(areas: GeoJSON.FeatureCollection): GeoJSON.FeatureCollection {
  const edges = new Map<string, Edge>()
  for (const area of areas.features) {
    const isOpen = statusOf(area) !== 'DETERMINED'
    for (const ring of rings(area.geometry)) addRing(edges, ring, isOpen)
  }
  const shared = [...edges.values()].filter((edge) => edge.count > 1)
  return {
    type: 'FeatureCollection',
    features: [
      lines(
        'SETTLED',
        shared.filter((edge) => !edge.isOpen),
      ),
      lines(
        'UNDETERMINED',
        shared.filter((edge) => edge.isOpen),
      ),
    ],
  }
}

/** Areas whose source says nothing about it count as determined. */
function statusOf(area: GeoJSON.Feature): string {
  const status: unknown = area.properties?.['status']
  return typeof status === 'string' ? status : 'DETERMINED'
}

function rings(geometry: GeoJSON.Geometry): readonly GeoJSON.Position[][] {
  if (geometry.type === 'Polygon') return geometry.coordinates
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.flat()
  return []
}

function addRing(
  edges: Map<string, Edge>,
  ring: readonly GeoJSON.Position[],
  isOpen: boolean,
): void {
  for (let index = 1; index < ring.length; index += 1) {
    const from = ring[index - 1]
    const to = ring[index]
    if (from === undefined || to === undefined) continue
    const key = [name(from), name(to)].sort().join('|')
    const edge = edges.get(key)
    if (edge === undefined) edges.set(key, { from, to, count: 1, isOpen })
    else {
      edge.count += 1
      edge.isOpen ||= isOpen
    }
  }
}

function name([lon = 0, lat = 0]: GeoJSON.Position): string {
  return `${lon.toFixed(6)},${lat.toFixed(6)}`
}

/** Edges that follow each other become one line, so that dashes run on instead of starting anew. */
function lines(status: string, edges: readonly Edge[]): GeoJSON.Feature {
  const coordinates: GeoJSON.Position[][] = []
  for (const { from, to } of edges) {
    const last = coordinates.at(-1)
    const end = last?.at(-1)
    if (last !== undefined && end !== undefined && name(end) === name(from)) last.push(to)
    else coordinates.push([from, to])
  }
  return {
    type: 'Feature',
    geometry: { type: 'MultiLineString', coordinates },
    properties: { status },
  }
}
