/** Geometry on the sphere for drawing; longitude before latitude, degrees and metres. Pure. */

const EARTH_RADIUS_M = 6_371_008.8
const RADIANS = Math.PI / 180

/** A circle around a place, as a closed ring of `steps` + 1 positions, anticlockwise. */
export function circle(lon: number, lat: number, radiusM: number, steps = 72): GeoJSON.Polygon {
  const angle = radiusM / EARTH_RADIUS_M
  const phi = lat * RADIANS
  const ring: GeoJSON.Position[] = []
  for (let step = 0; step <= steps; step += 1) {
    // Modulo, so that the ring closes on exactly the same numbers.
    const bearing = -((step % steps) / steps) * 2 * Math.PI
    const sinPhi =
      Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing)
    const east = Math.sin(bearing) * Math.sin(angle) * Math.cos(phi)
    const delta = Math.atan2(east, Math.cos(angle) - Math.sin(phi) * sinPhi)
    ring.push([lon + delta / RADIANS, Math.asin(sinPhi) / RADIANS])
  }
  return { type: 'Polygon', coordinates: [ring] }
}

/** Great-circle distance in metres. */
export function distanceM(a: GeoJSON.Position, b: GeoJSON.Position): number {
  const [lonA = 0, latA = 0] = a
  const [lonB = 0, latB = 0] = b
  const half =
    Math.sin(((latB - latA) * RADIANS) / 2) ** 2 +
    Math.cos(latA * RADIANS) *
      Math.cos(latB * RADIANS) *
      Math.sin(((lonB - lonA) * RADIANS) / 2) ** 2
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(half)))
}

/** Whether a position lies in an area, holes respected; an edge may count either way. */
export function contains(
  geometry: GeoJSON.Geometry,
  [lon = 0, lat = 0]: GeoJSON.Position,
): boolean {
  const polygons =
    geometry.type === 'Polygon'
      ? [geometry.coordinates]
      : geometry.type === 'MultiPolygon'
        ? geometry.coordinates
        : []
  return polygons.some((rings) => {
    const crossings = rings.map((ring) => crossingsEast(ring, lon, lat))
    return crossings.reduce((sum, each) => sum + each, 0) % 2 === 1
  })
}

function crossingsEast(ring: readonly GeoJSON.Position[], lon: number, lat: number): number {
  let crossings = 0
  for (let index = 1; index < ring.length; index += 1) {
    const [lonA = 0, latA = 0] = ring[index - 1] ?? []
    const [lonB = 0, latB = 0] = ring[index] ?? []
    if (latA > lat === latB > lat) continue
    if (lonA + ((lat - latA) / (latB - latA)) * (lonB - lonA) > lon) crossings += 1
  }
  return crossings
}
