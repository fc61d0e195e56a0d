import { describe, expect, it } from 'vitest'
import { circle, contains, distanceM } from '../src/geometry'
import { innerBorders } from '../src/map/borders'

describe('circle', () => {
  it.each([
    [31.6, 4.85, 1000],
    [29.8, 9.26, 25_000],
    [179.99, 0, 5000],
    [20, 84, 10_000],
  ])('keeps its radius around %f, %f', (lon, lat, radiusM) => {
    const ring = circle(lon, lat, radiusM).coordinates[0] ?? []
    expect(ring[0]).toEqual(ring.at(-1))
    for (const position of ring) {
      expect(Math.abs(distanceM([lon, lat], position) / radiusM - 1)).toBeLessThan(1e-6)
    }
  })

  it('runs anticlockwise, as GeoJSON asks of an outer ring', () => {
    const ring = circle(31, 5, 5000).coordinates[0] ?? []
    const area = ring.slice(1).reduce((sum, [lon = 0, lat = 0], index) => {
      const [lonBefore = 0, latBefore = 0] = ring[index] ?? []
      return sum + lonBefore * lat - lon * latBefore
    }, 0)
    expect(area).toBeGreaterThan(0)
  })
})

const square = (west: number, south: number, side = 1): GeoJSON.Polygon => ({
  type: 'Polygon',
  coordinates: [
    [
      [west, south],
      [west + side, south],
      [west + side, south + side],
      [west, south + side],
      [west, south],
    ],
  ],
})

describe('contains', () => {
  it('knows inside from outside', () => {
    expect(contains(square(0, 0), [0.5, 0.5])).toBe(true)
    expect(contains(square(0, 0), [1.5, 0.5])).toBe(false)
    expect(contains({ type: 'Point', coordinates: [0, 0] }, [0, 0])).toBe(false)
  })

  it('respects holes', () => {
    const holed: GeoJSON.Polygon = {
      type: 'Polygon',
      coordinates: [...square(0, 0, 3).coordinates, ...square(1, 1).coordinates],
    }
    expect(contains(holed, [1.5, 1.5])).toBe(false)
    expect(contains(holed, [0.5, 0.5])).toBe(true)
  })
})

describe('innerBorders', () => {
  const area = (geometry: GeoJSON.Geometry, status?: string): GeoJSON.Feature => ({
    type: 'Feature',
    geometry,
    properties: status === undefined ? {} : { status },
  })
  const borders = (...features: GeoJSON.Feature[]): Record<string, GeoJSON.Position[][]> =>
    Object.fromEntries(
      innerBorders({ type: 'FeatureCollection', features }).features.map((feature) => [
        String(feature.properties?.['status']),
        (feature.geometry as GeoJSON.MultiLineString).coordinates,
      ]),
    )

  it('keeps what two areas share, and no outer edge', () => {
    const found = borders(area(square(0, 0)), area(square(1, 0)))
    expect(found['SETTLED']).toHaveLength(1)
    expect(found['SETTLED']?.[0]).toEqual(
      expect.arrayContaining([
        [1, 0],
        [1, 1],
      ]),
    )
    expect(found['UNDETERMINED']).toEqual([])
  })

  it('shows as undetermined what borders on an area whose status is open', () => {
    const found = borders(area(square(0, 0), 'DETERMINED'), area(square(1, 0), 'UNDETERMINED'))
    expect(found['SETTLED']).toEqual([])
    expect(found['UNDETERMINED']).toHaveLength(1)
  })
})
