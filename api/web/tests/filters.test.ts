import { describe, expect, it } from 'vitest'
import {
  activityQuery,
  DEFAULT_FILTERS,
  type Filters,
  incidentQuery,
  passes,
  shown,
  withFamily,
} from '../src/filters'
import { incident } from './support'

const NOW = Date.parse('2013-12-18T09:00:00Z')
const ZONE = 'Africa/Juba'
const filters = (changes: Partial<Filters>): Filters => ({ ...DEFAULT_FILTERS, ...changes })
const asked = (changes: Partial<Filters>): string =>
  decodeURIComponent(incidentQuery(filters(changes), NOW, ZONE).toString())

describe('the question to /v1/incidents', () => {
  it('counts back from the mission clock', () => {
    expect(asked({ span: '24h' })).toBe('datetime=2013-12-17T09:00:00Z/..&limit=500')
    expect(asked({ span: '7d' })).toBe('datetime=2013-12-11T09:00:00Z/..&limit=500')
    expect(asked({ span: '30d' })).toBe('datetime=2013-11-18T09:00:00Z/..&limit=500')
  })

  it('names no time when everything is wanted', () => {
    expect(asked({ span: 'all' })).toBe('limit=500')
    expect(asked({ span: 'custom' })).toBe('limit=500')
  })

  it('takes days as mission-local, both included', () => {
    expect(asked({ span: 'custom', from: '2013-12-15', to: '2013-12-15' })).toBe(
      'datetime=2013-12-14T21:00:00Z/2013-12-15T20:59:59Z&limit=500',
    )
  })

  it('leaves an end open', () => {
    expect(asked({ span: 'custom', from: '2013-12-15' })).toContain('2013-12-14T21:00:00Z/..')
    expect(asked({ span: 'custom', to: '2013-12-15' })).toContain('../2013-12-15T20:59:59Z')
  })

  it('asks for a lowest severity only when there is one', () => {
    expect(asked({ span: 'all', minSeverity: 4 })).toBe('min_severity=4&limit=500')
  })

  it('asks for the same time of the activity cube', () => {
    const query = activityQuery(filters({ span: '24h', minSeverity: 3 }), NOW, ZONE)
    expect([...query.keys()]).toEqual(['datetime'])
  })
})

describe('what passes', () => {
  const all = filters({ span: '24h', minSeverity: 3 })

  it('is in time, grave enough and not retracted', () => {
    expect(passes(incident('i'), all, NOW, ZONE)).toBe(true)
    const old = incident('i', { occurred_start: '2013-12-17T08:59:59Z' })
    expect(passes(old, all, NOW, ZONE)).toBe(false)
    expect(passes(incident('i', { severity: 2 }), all, NOW, ZONE)).toBe(false)
    expect(passes(incident('i', { retracted: true }), all, NOW, ZONE)).toBe(false)
  })

  it('may lie in the future of a wrong clock, unless an end is named', () => {
    const future = incident('i', { occurred_start: '2013-12-20T00:00:00Z' })
    expect(passes(future, all, NOW, ZONE)).toBe(true)
    expect(passes(future, filters({ span: 'custom', to: '2013-12-18' }), NOW, ZONE)).toBe(false)
  })
})

describe('kinds', () => {
  it('are hidden and shown again, in the order of the legend', () => {
    const hidden = withFamily(withFamily(DEFAULT_FILTERS, 'OTHER', false), 'CLASH', false)
    expect(hidden.hiddenFamilies).toEqual(['CLASH', 'OTHER'])
    expect(withFamily(hidden, 'CLASH', true).hiddenFamilies).toEqual(['OTHER'])
  })

  it('of an unknown class are "other"', () => {
    const strange = incident('i', { event_class: 'SOMETHING_NEW' })
    expect(shown([strange], DEFAULT_FILTERS)).toEqual([strange])
    expect(shown([strange], withFamily(DEFAULT_FILTERS, 'OTHER', false))).toEqual([])
  })
})
