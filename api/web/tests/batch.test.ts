import { beforeEach, describe, expect, it } from 'vitest'
import { ChangeBatch, type Gathered, LONGEST_MS, QUIET_MS } from '../src/batch'
import { FakeTimers, settle } from './support'

let timers: FakeTimers
let rounds: Gathered[]
let release: (() => void)[]
let batch: ChangeBatch

beforeEach(() => {
  timers = new FakeTimers()
  rounds = []
  release = []
  batch = new ChangeBatch(timers, (gathered) => {
    rounds.push(gathered)
    return new Promise((resolve) => release.push(resolve))
  })
})

describe('changes', () => {
  it('of a burst are asked for once', async () => {
    batch.add('alert', 'a')
    batch.add('alert', 'a')
    batch.add('incident', 'i')
    batch.add('flag', 'f')
    batch.add('delivery', 'd')
    await timers.pass(QUIET_MS)
    expect(rounds).toHaveLength(1)
    expect([...(rounds[0]?.alerts ?? [])]).toEqual(['a'])
    expect([...(rounds[0]?.incidents ?? [])]).toEqual(['i'])
    expect(rounds[0]?.deliveries).toBe(true)
  })

  it('that never pause still come through', async () => {
    for (let passed = 0; passed < LONGEST_MS; passed += QUIET_MS - 50) {
      batch.add('alert', `a${passed}`)
      await timers.pass(QUIET_MS - 50)
    }
    expect(rounds).toHaveLength(1)
  })

  it('wait while a round is under way, and are not lost', async () => {
    batch.add('alert', 'first')
    await timers.pass(QUIET_MS)
    batch.add('alert', 'second')
    await timers.pass(LONGEST_MS * 2)
    expect(rounds).toHaveLength(1)
    release[0]?.()
    await settle()
    await timers.pass(QUIET_MS)
    expect([...(rounds[1]?.alerts ?? [])]).toEqual(['second'])
  })

  it('that cannot be told one by one become one question for everything', async () => {
    batch.addEverything()
    batch.addEverything()
    await timers.pass(QUIET_MS)
    expect(rounds.map((each) => each.everything)).toEqual([true])
  })

  it('of an entity that the page does not show cost nothing', async () => {
    batch.add('report', 'r')
    await timers.pass(LONGEST_MS)
    expect(rounds).toEqual([])
  })
})
