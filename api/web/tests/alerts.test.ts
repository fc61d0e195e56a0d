import { describe, expect, it } from 'vitest'
import { headlineOf, inbox, isUnanswered, merge, newCritical, since } from '../src/alerts'
import type { Transition } from '../src/types'
import { alert } from './support'

const ids = (alerts: readonly { alert_id: string }[]): readonly string[] =>
  alerts.map((each) => each.alert_id)

describe('inbox', () => {
  it('puts the higher priority first, then the newer', () => {
    const low = alert({ alert_id: 'low', priority: 2, raised_at: '2013-12-19T00:00:00Z' })
    const old = alert({ alert_id: 'old', priority: 4, raised_at: '2013-12-17T00:00:00Z' })
    const fresh = alert({ alert_id: 'fresh', priority: 4, raised_at: '2013-12-18T00:00:00Z' })
    expect(ids(inbox([low, old, fresh], 'open'))).toEqual(['fresh', 'old', 'low'])
  })

  it('breaks a tie by the number that people speak', () => {
    const found = inbox(
      [alert({ alert_id: 'a', number: 5 }), alert({ alert_id: 'b', number: 6 })],
      'open',
    )
    expect(ids(found)).toEqual(['b', 'a'])
  })

  it('keeps what only tells history behind all that is live', () => {
    const history = alert({ alert_id: 'history', priority: 5, retrospective: true })
    const live = alert({ alert_id: 'live', priority: 1 })
    expect(ids(inbox([history, live], 'open'))).toEqual(['live', 'history'])
  })

  it('keeps what is closed behind what is open', () => {
    const closed = alert({ alert_id: 'closed', priority: 5, state: 'RESOLVED' })
    const open = alert({ alert_id: 'open', priority: 1 })
    expect(ids(inbox([closed, open], 'all'))).toEqual(['open', 'closed'])
    expect(ids(inbox([closed, open], 'open'))).toEqual(['open'])
  })

  it('shows as to acknowledge only what waits for a person', () => {
    const waiting = alert({ alert_id: 'waiting' })
    const taken = alert({ alert_id: 'taken', state: 'ACKNOWLEDGED' })
    const history = alert({ alert_id: 'history', retrospective: true })
    expect(ids(inbox([waiting, taken, history], 'unanswered'))).toEqual(['waiting'])
    expect(isUnanswered(history)).toBe(false)
  })
})

describe('merge', () => {
  it('never lets an older state replace a newer one', () => {
    const newer = alert({ seq: 3, state: 'ACKNOWLEDGED' })
    const merged = merge(new Map([['a1', newer]]), [alert({ seq: 2 })])
    expect(merged.get('a1')).toBe(newer)
  })

  it('takes what is new and what is unknown', () => {
    const merged = merge(new Map([['a1', alert()]]), [alert({ seq: 2 }), alert({ alert_id: 'a2' })])
    expect(merged.get('a1')?.seq).toBe(2)
    expect(merged.has('a2')).toBe(true)
  })
})

describe('newCritical', () => {
  const critical = alert({ alert_id: 'c', band: 4 })

  it('names a critical alert that was not there', () => {
    expect(ids(newCritical(new Map(), new Map([['c', critical]])))).toEqual(['c'])
  })

  it('names one that has become critical', () => {
    const before = new Map([['c', { ...critical, band: 3 as const }]])
    expect(ids(newCritical(before, new Map([['c', critical]])))).toEqual(['c'])
  })

  it('is silent about what is known, answered or past', () => {
    const known = new Map([['c', critical]])
    expect(newCritical(known, known)).toEqual([])
    const others = [
      alert({ alert_id: 'answered', band: 4, state: 'ACKNOWLEDGED' }),
      alert({ alert_id: 'past', band: 4, retrospective: true }),
      alert({ alert_id: 'lower', band: 3 }),
    ]
    expect(newCritical(new Map(), new Map(others.map((each) => [each.alert_id, each])))).toEqual([])
  })
})

it('tells which steps came after what the reader saw', () => {
  const step = (seq: number): Transition => ({
    alert_id: 'a1',
    seq,
    kind: 'acknowledged',
    at: '2013-12-18T09:05:00Z',
    by: 'joc',
    from_state: 'RAISED',
    to_state: 'ACKNOWLEDGED',
    priority: 3,
    note: null,
    reason: null,
  })
  expect(since([step(1), step(2), step(3)], 1).map((each) => each.seq)).toEqual([2, 3])
})

it.each([
  ['High: violence near civilians in Malakal', 'Violence near civilians in Malakal'],
  ['Watch: recurrence', 'Recurrence'],
  ['Attack on a UN base, Akobo', 'Attack on a UN base, Akobo'],
])('the headline %j says the band only once: %j', (headline, text) => {
  expect(headlineOf(alert({ headline }))).toBe(text)
})
