import { describe, expect, it } from 'vitest'
import { DEFAULT_FILTERS } from '../src/filters'
import { asListed, newestFirst, patch, prune, replaceAll } from '../src/incidents'
import { alertRings, focusArea, focusZoom, incidentPoints, withOpen } from '../src/map/features'
import type { IncidentFeature } from '../src/types'
import { alert, incident } from './support'

const NOW = { ms: Date.parse('2013-12-18T09:00:00Z'), zone: 'Africa/Juba' }
const known = (...features: IncidentFeature[]): ReadonlyMap<string, IncidentFeature> =>
  new Map(features.map((feature) => [feature.id, feature]))

describe('live incidents', () => {
  it('come in, are replaced and go', () => {
    const before = known(incident('kept'), incident('gone'), incident('changed'))
    const changed = new Map([
      ['gone', null],
      ['changed', incident('changed', { revision: 2 })],
      ['new', incident('new')],
    ])
    const after = patch(before, changed, DEFAULT_FILTERS, NOW)
    expect([...after.keys()].sort()).toEqual(['changed', 'kept', 'new'])
    expect(after.get('changed')?.properties.revision).toBe(2)
  })

  it('leave under the old id when the answer carries another', () => {
    const after = patch(
      known(incident('old')),
      new Map([['old', incident('new')]]),
      DEFAULT_FILTERS,
      NOW,
    )
    expect([...after.keys()]).toEqual(['new'])
  })

  it('stay away when the filters do not want them', () => {
    const old = incident('i', { occurred_start: '2013-11-01T00:00:00Z' })
    expect(patch(known(), new Map([['i', old]]), DEFAULT_FILTERS, NOW).size).toBe(0)
  })

  it('fall out as the window moves on, and nothing changes when none does', () => {
    const before = known(
      incident('old', { occurred_start: '2013-12-12T00:00:00Z' }),
      incident('new'),
    )
    expect(prune(before, DEFAULT_FILTERS, NOW)).toBe(before)
    const later = { ...NOW, ms: Date.parse('2013-12-20T00:00:00Z') }
    expect([...prune(before, DEFAULT_FILTERS, later).keys()]).toEqual(['new'])
  })

  it('are not set back by a list that is older than a change', () => {
    const fresh = incident('i', { revision: 3 })
    const loaded = replaceAll(known(fresh, incident('gone')), [incident('i', { revision: 2 })])
    expect(loaded.get('i')).toBe(fresh)
    expect(loaded.has('gone')).toBe(false)
  })

  it('read alone keep what only the list says', () => {
    const listed = incident('i', { adm2_name: 'Bor South', label: 'Civilians killed' })
    const victims = {
      killed_min: 1,
      killed_best: 4,
      killed_max: 6,
      civilians_killed_best: 4,
      injured_best: 0,
      un_killed_best: 0,
      un_injured_best: 0,
    }
    const alone = { ...incident('i'), properties: { ...incident('i').properties, victims } }
    expect(asListed(alone, listed).properties).toMatchObject({
      adm2_name: 'Bor South',
      killed_best: 4,
    })
  })

  it('are listed newest first', () => {
    const features = [
      incident('b', { occurred_start: '2013-12-17T00:00:00Z' }),
      incident('c'),
      incident('a', { occurred_start: '2013-12-17T00:00:00Z' }),
    ]
    expect(newestFirst(features).map(({ id }) => id)).toEqual(['c', 'a', 'b'])
  })
})

describe('on the map', () => {
  it('have a mark by kind, pale after a day, dashed when they did not happen', () => {
    const points = incidentPoints(
      [
        incident('fresh'),
        incident('old', { occurred_start: '2013-12-10T00:00:00Z', event_class: 'CLASH' }),
        incident('made-up', { illustrative: true, event_class: 'UN_ATTACK' }),
        incident('nowhere', {}, null),
      ],
      NOW.ms,
    )
    expect(points.features.map((feature) => feature.properties?.['icon'] as string)).toEqual([
      'mark:CIVILIANS:',
      'mark:CLASH:old',
      'mark:UN:dashed',
    ])
  })

  it('alerts have a ring while they are open and live', () => {
    const everything = { startMs: null, endMs: null }
    const alerts = [
      alert({ alert_id: 'a' }),
      alert({ alert_id: 'b', state: 'ACKNOWLEDGED' }),
      alert({ alert_id: 'c', state: 'RESOLVED' }),
      alert({ alert_id: 'd', retrospective: true }),
      alert({ alert_id: 'e', lon: null, lat: null }),
    ]
    const rings = alertRings(alerts, everything, '')
    expect(
      rings.features.map((ring): unknown => [
        ring.properties?.['id'],
        ring.properties?.['unanswered'],
      ]),
    ).toEqual([
      ['a', true],
      ['b', false],
    ])
  })

  it('alerts of another time have none, but for the one in the panel', () => {
    const alerts = [alert({ alert_id: 'a' }), alert({ alert_id: 'b', state: 'RESOLVED' })]
    const later = { startMs: Date.parse('2014-01-01T00:00:00Z'), endMs: null }
    const ids = (openId: string): readonly unknown[] =>
      alertRings(alerts, later, openId).features.map((ring) => ring.properties?.['id'] as unknown)
    expect(ids('')).toEqual([])
    expect(ids('b')).toEqual(['b'])
  })

  it('the evidence of the open alert is there whatever the filters hide', () => {
    const detail = { alert: alert(), flags: [], transitions: [], deliveries: [], allowed: [] }
    const alertDetail = { ...detail, incidents: [incident('proof'), incident('listed')] }
    const ids = (page: 'home' | 'alert'): readonly string[] => {
      const route = page === 'home' ? ({ page } as const) : ({ page, id: 'a1' } as const)
      return withOpen([incident('listed')], { route, alertDetail, incidentDetail: null }).map(
        ({ id }) => id,
      )
    }
    expect(ids('alert')).toEqual(['proof', 'listed'])
    expect(ids('home')).toEqual(['listed'])
  })

  it('the circle is drawn where the place has one, at a zoom that shows it', () => {
    const focus = { id: 'i', lon: 31, lat: 5, radius_m: 25_000 }
    expect(focusArea(focus).features).toHaveLength(1)
    expect(focusArea({ ...focus, radius_m: null }).features).toEqual([])
    expect(focusArea(null).features).toEqual([])
    expect(focusZoom(focus)).toBeLessThan(focusZoom({ ...focus, radius_m: 100 }))
  })
})
