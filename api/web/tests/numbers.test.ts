import { expect, it } from 'vitest'
import { metres, numberRows } from '../src/numbers'

it.each([
  ['distance_m', 3214, 'Distance', '3.2 km'],
  ['distance_m', 640, 'Distance', '640 m'],
  ['distance_m', 25_000, 'Distance', '25 km'],
  ['evidence_weight_milli', 630, 'Evidence weight', '0.63'],
  ['window_days', 7, 'Window', '7 d'],
  ['match_hours', 24, 'Match', '24 h'],
  ['ring_km', 5, 'Ring', '5 km'],
  ['cusum_sd', 4.333333, 'Cusum', '4.33 sd'],
  ['tail', 0.0072345, 'Tail', '0.0072'],
  ['tail', 0.0000031, 'Tail', '3.1e-6'],
  ['population', 260720, 'Population', '260,720'],
  ['has_children', true, 'Has children', 'yes'],
  ['un_killed', 2, 'UN killed', '2'],
  ['site_name', 'Bor', 'Site name', 'Bor'],
  ['weekly_counts', [0, 1, 3], 'Weekly counts', '0, 1, 3'],
])('shows %s %j as "%s: %s"', (name, value, label, text) => {
  expect(numberRows({ [name]: value })).toEqual([{ label, value: text }])
})

it('leaves out what is not there, and opens what is nested', () => {
  const rows = numberRows({ gone: null, band: { within_km: 5, within_days: 14 } })
  expect(rows).toEqual([
    { label: 'Band within', value: '5 km' },
    { label: 'Band within', value: '14 d' },
  ])
})

it('shows a list of places by name and distance, without their ids', () => {
  const bases = [
    { feature_id: 'b1', name: 'Bor', distance_m: 3214 },
    { feature_id: 'b2', name: 'Akobo', distance_m: 640, weight: 0.4 },
  ]
  expect(numberRows({ un_bases_nearby: bases })).toEqual([
    { label: 'UN bases nearby', value: 'Bor (3.2 km); Akobo (640 m, weight 0.4)' },
  ])
  expect(numberRows({ un_bases_nearby: [] })).toEqual([])
})

it('shows the beginning of a long list of places', () => {
  const sites = Array.from({ length: 7 }, (_, index) => ({ name: `S${index}` }))
  expect(numberRows({ sites })[0]?.value).toBe('S0; S1; S2; S3; S4; and 2 more')
})

it('shows markup as what it is', () => {
  expect(numberRows({ site: '<b>x</b>' })[0]?.value).toBe('<b>x</b>')
})

it('rounds metres as a person would', () => {
  expect([metres(0), metres(999.4), metres(1000), metres(10_499)]).toEqual([
    '0 m',
    '999 m',
    '1.0 km',
    '10 km',
  ])
})
