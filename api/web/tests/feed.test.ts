import { beforeEach, describe, expect, it } from 'vitest'
import { Feed, GRACE_MS, retryDelay, SILENCE_MS, type Source } from '../src/feed'
import type { Change } from '../src/types'
import { FakeTimers } from './support'

class FakeSource implements Source {
  readyState = 0
  onopen: ((event: Event) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>()

  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener)
  }

  close(): void {
    this.readyState = 2
  }

  open(): void {
    this.readyState = 1
    this.onopen?.(new Event('open'))
  }

  say(type: string, data: unknown, lastEventId = ''): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data), lastEventId } as MessageEvent<string>)
  }

  /** The browser tries again by itself (0), or gives up (2). */
  fail(readyState: 0 | 2): void {
    this.readyState = readyState
    this.onerror?.(new Event('error'))
  }
}

let timers: FakeTimers
let sources: FakeSource[]
let states: string[]
let changes: Change[]
let resets: number
let isSignedIn: boolean
let feed: Feed

const last = (): FakeSource => {
  const source = sources.at(-1)
  if (source === undefined) throw new Error('no source was opened')
  return source
}

const change = (seq: number): Change => ({ entity: 'alert', id: `a${seq}`, seq })

beforeEach(() => {
  timers = new FakeTimers()
  sources = []
  states = []
  changes = []
  resets = 0
  isSignedIn = true
  const open = (path: string): Source => {
    const source = new FakeSource(path)
    sources.push(source)
    return source
  }
  feed = new Feed(open, timers, {
    onState: (state) => states.push(state),
    onChange: (each) => changes.push(each),
    onClock: () => undefined,
    onReset: () => {
      resets += 1
    },
    mayConnect: () => Promise.resolve(isSignedIn),
  })
  feed.start()
})

describe('the feed', () => {
  it('begins without an id, and passes changes on', () => {
    last().open()
    last().say('change', change(1), '1')
    expect(last().path).toBe('/v1/stream')
    expect(changes).toEqual([change(1)])
    expect(states).toEqual(['connecting', 'open'])
  })

  it('goes on after the last change when the browser has given up', async () => {
    last().open()
    last().say('change', change(41), '41')
    last().say('clock', { now: '2013-12-18T09:00:00Z' })
    last().fail(2)
    await timers.pass(1000)
    expect(sources).toHaveLength(2)
    expect(last().path).toBe('/v1/stream?last_event_id=41')
  })

  it('leaves a short gap to the browser and says nothing of it', async () => {
    last().open()
    last().fail(0)
    await timers.pass(GRACE_MS - 1)
    last().open()
    await timers.pass(GRACE_MS)
    expect(sources).toHaveLength(1)
    expect(states).not.toContain('lost')
  })

  it('says that it is lost after the grace', async () => {
    last().open()
    last().fail(0)
    await timers.pass(GRACE_MS)
    expect(states.at(-1)).toBe('lost')
  })

  it('takes silence for a dead link', async () => {
    last().open()
    await timers.pass(SILENCE_MS - 1)
    last().say('clock', { now: '2013-12-18T09:00:00Z' })
    await timers.pass(SILENCE_MS - 1)
    expect(states).not.toContain('lost')
    const silent = last()
    await timers.pass(1)
    expect(states.at(-1)).toBe('lost')
    expect(silent.readyState).toBe(2)
    await timers.pass(1000)
    expect(sources).toHaveLength(2)
  })

  it('loads everything again after a reset, and forgets the old id', async () => {
    last().open()
    last().say('change', change(7), '7')
    last().say('reset', {}, '900')
    last().fail(2)
    await timers.pass(1000)
    expect(resets).toBe(1)
    expect(last().path).toBe('/v1/stream?last_event_id=900')
  })

  it('stops when the session is over, and resumes where it was after sign-in', async () => {
    last().open()
    last().say('change', change(5), '5')
    isSignedIn = false
    last().fail(2)
    await timers.pass(60_000)
    expect(sources).toHaveLength(1)
    isSignedIn = true
    feed.start()
    expect(last().path).toBe('/v1/stream?last_event_id=5')
  })

  it('waits longer and longer, and starts small again once it was open', async () => {
    last().fail(2)
    await timers.pass(500)
    expect(sources).toHaveLength(2)
    last().fail(2)
    await timers.pass(999)
    expect(sources).toHaveLength(2)
    await timers.pass(1)
    expect(sources).toHaveLength(3)
    last().open()
    last().fail(2)
    await timers.pass(500)
    expect(sources).toHaveLength(4)
  })

  it('tries at once when the network is back', async () => {
    last().fail(2)
    feed.nudge()
    expect(sources).toHaveLength(2)
    await timers.pass(GRACE_MS * 0.5)
    expect(sources).toHaveLength(2)
  })

  it('is quiet after it was stopped', async () => {
    last().open()
    feed.stop()
    await timers.pass(SILENCE_MS * 3)
    expect(sources).toHaveLength(1)
    expect(states).toEqual(['connecting', 'open'])
  })
})

it.each([
  [0, 1, 1000],
  [3, 1, 8000],
  [20, 1, 30_000],
  [20, 0.5, 15_000],
  [0, 0, 250],
])('waits for attempt %i with luck %f: %i ms', (attempt, luck, delay) => {
  expect(retryDelay(attempt, luck)).toBe(delay)
})
