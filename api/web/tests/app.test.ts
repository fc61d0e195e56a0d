import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Mock, start } from '../dev/mock-server.mjs'
import { inbox } from '../src/alerts'
import { Api, type Fetch, nextPage } from '../src/api'
import { App } from '../src/app'
import type { Source } from '../src/feed'
import { ApiError, UnreachableError } from '../src/problem'
import { initialState } from '../src/state'
import { createStore } from '../src/store'
import type { Alert } from '../src/types'
import { FakeTimers } from './support'

type Listener = (event: MessageEvent<string>) => void

/** A stream that the test speaks into. */
class Stream implements Source {
  readyState = 1
  onopen: ((event: Event) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  private readonly listeners = new Map<string, Listener>()

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener)
  }

  close(): void {
    this.readyState = 2
  }

  say(type: string, data: unknown): void {
    this.listeners.get(type)?.({
      data: JSON.stringify(data),
      lastEventId: '',
    } as MessageEvent<string>)
  }
}

let mock: Mock
let server: Awaited<ReturnType<typeof start>>
let app: App
let stream: Stream
let timers: FakeTimers
let asked: string[]
let cookie = ''

/** What a browser does around fetch: a base address and a cookie. */
const browserFetch: Fetch = async (path, init) => {
  asked.push(path)
  const headers = new Headers(init.headers)
  headers.set('Cookie', cookie)
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { ...init, headers })
  cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
  return response
}

beforeEach(async () => {
  mock = new Mock()
  server = await start(mock)
  asked = []
  cookie = ''
  timers = new FakeTimers()
  stream = new Stream()
  const route = { page: 'home' } as const
  const store = createStore(initialState({ route, theme: 'light', language: 'en', webgl: false }))
  app = new App(store, new Api(browserFetch), {
    monotonicMs: () => 0,
    timers,
    openStream: () => {
      stream = new Stream()
      return stream
    },
    remember: () => undefined,
    setHash: () => undefined,
  })
})

afterEach(async () => server.stop())

const first = (): Alert => {
  const [alert] = inbox(app.store.get().alerts.values(), 'open')
  if (alert === undefined) throw new Error('no alert')
  return alert
}

async function open(alert: Alert): Promise<void> {
  app.navigate({ page: 'alert', id: alert.alert_id })
  await until(() => app.store.get().detailState === 'ready')
}

async function until(isSo: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(isSo()).toBe(true), { interval: 5, timeout: 5000 })
}

describe('sign-in', () => {
  it('asks whoever has no session', async () => {
    await app.start()
    expect(app.store.get().session).toBe('out')
  })

  it('refuses a wrong password with what the service said', async () => {
    await expect(app.signIn('duty', 'wrong')).rejects.toMatchObject({ status: 401 })
    expect(app.store.get().session).not.toBe('in')
  })

  it('by a one-time link leaves no token in the address', async () => {
    app.onHash('#/sign-in?token=once')
    await app.signInByLink('once', 'twelve chars and more')
    expect(app.store.get()).toMatchObject({ session: 'in', route: { page: 'home' } })
  })

  it('ends with everything forgotten', async () => {
    await app.signIn('duty', 'good')
    await app.signOut()
    expect(app.store.get().session).toBe('out')
    expect(app.store.get().alerts.size).toBe(0)
    expect(app.store.get().incidents.size).toBe(0)
  })

  it('is asked for again when the session ends, and the place is kept', async () => {
    await app.signIn('duty', 'good')
    await open(first())
    const { route, alerts } = app.store.get()
    mock.sessions.clear()
    await app.loader.alerts()
    expect(app.store.get()).toMatchObject({ session: 'expired', route })
    expect(app.store.get().alerts).toBe(alerts)
    await app.signIn('duty', 'good')
    expect(app.store.get()).toMatchObject({ session: 'in', route })
  })
})

describe('after sign-in', () => {
  beforeEach(async () => app.signIn('duty', 'good'))

  it('alerts, incidents and reasons are there', () => {
    const state = app.store.get()
    expect(state).toMatchObject({ alertsState: 'ready', incidentsState: 'ready' })
    expect(state.alerts.size).toBeGreaterThan(10)
    expect(state.incidents.size).toBeGreaterThan(10)
    expect(state.codes.get('no_response_reason')?.size).toBeGreaterThan(5)
  })

  it('an alert is acknowledged with one question, and the ledger shows it', async () => {
    await open(first())
    expect(await app.act({ state: 'ACKNOWLEDGED', note: '', reason: '' })).toBe(true)
    const { alertDetail, notice, alerts } = app.store.get()
    expect(alertDetail?.alert.state).toBe('ACKNOWLEDGED')
    expect(alertDetail?.transitions.at(-1)?.kind).toBe('acknowledged')
    expect(alerts.get(alertDetail?.alert.alert_id ?? '')?.state).toBe('ACKNOWLEDGED')
    expect(notice).toMatchObject({ tone: 'info' })
  })

  it('someone who was slower is told what changed, and sees it', async () => {
    const alert = first()
    await open(alert)
    mock.act(alert.alert_id, { to_state: 'ACKNOWLEDGED', seq: alert.seq }, 'sector-east')
    expect(await app.act({ state: 'ACKNOWLEDGED', note: '', reason: '' })).toBe(false)
    const { alertDetail, notice } = app.store.get()
    expect(notice?.tone).toBe('error')
    expect(notice?.text).toContain('Acknowledged by sector-east')
    expect(alertDetail?.alert.state).toBe('ACKNOWLEDGED')
  })

  it('a coded reason goes with "cannot respond"', async () => {
    await open(first())
    await app.act({ state: 'CANNOT_RESPOND', note: 'two bridges out', reason: 'OUT_OF_REACH' })
    expect(app.store.get().alertDetail?.transitions.at(-1)).toMatchObject({
      note: 'two bridges out',
      reason: 'OUT_OF_REACH',
    })
  })

  it('an acknowledgement made elsewhere is seen without a reload of the list', async () => {
    const alert = first()
    asked = []
    mock.act(alert.alert_id, { to_state: 'ACKNOWLEDGED', seq: 1 }, 'sector-east')
    stream.say('change', { entity: 'alert', id: alert.alert_id, seq: 1 })
    void timers.pass(200)
    await until(() => app.store.get().alerts.get(alert.alert_id)?.state === 'ACKNOWLEDGED')
    expect(asked).toEqual([`/v1/alerts/${alert.alert_id}`])
  })

  it('a new incident comes onto the page by itself', async () => {
    const before = new Set(app.store.get().incidents.keys())
    const [next] = mock.all.filter((each: { id: string }) => !mock.known.has(each.id)) as {
      id: string
    }[]
    mock.step(24 * 5)
    stream.say('clock', { now: mock.now() })
    stream.say('change', { entity: 'incident', id: next?.id ?? '', seq: 1 })
    void timers.pass(200)
    await until(() => app.store.get().incidents.has(next?.id ?? ''))
    expect(before.has(next?.id ?? '')).toBe(false)
  })

  it('the window moves with the mission clock', () => {
    const before = app.store.get().incidents.size
    stream.say('clock', { now: '2014-03-20T00:00:00Z' })
    expect(app.store.get().incidents.size).toBeLessThan(before)
  })

  it('what cannot be seen is said in words', async () => {
    app.navigate({ page: 'alert', id: 'nothing' })
    await until(() => app.store.get().detailState === 'failed')
    expect(app.store.get().detailError).toContain('not there')
  })

  it('a longer time is asked for again, another kind is not', async () => {
    asked = []
    const { filters } = app.store.get()
    app.setFilters({ ...filters, hiddenFamilies: ['CLASH'] })
    expect(asked).toEqual([])
    app.setFilters({ ...filters, span: 'all' })
    await until(() => asked.length > 0)
    expect(asked[0]).toBe('/v1/incidents?limit=500')
  })

  it('another person at the same desk sees nothing of the one before', async () => {
    mock.me = () => ({ ...Mock.prototype.me.call(mock), user_id: 'relief' })
    const { alerts } = app.store.get()
    await app.signIn('relief', 'good')
    expect(app.store.get().me?.user_id).toBe('relief')
    expect(app.store.get().alerts).not.toBe(alerts)
  })
})

it('a service that does not answer is unreachable, not an error of the page', async () => {
  const api = new Api(() => Promise.reject(new TypeError('fetch failed')))
  await expect(api.me()).rejects.toBeInstanceOf(UnreachableError)
  const broken = new Api(() => Promise.resolve(new Response('<html>', { status: 502 })))
  await expect(broken.me()).rejects.toBeInstanceOf(ApiError)
})

it.each([
  [[{ rel: 'next', href: '/v1/alerts?cursor=b' }], '/v1/alerts?cursor=b'],
  [[{ rel: 'next', href: 'https://elsewhere.example/v1/alerts?cursor=b' }], '/v1/alerts?cursor=b'],
  [[{ rel: 'self', href: '/v1/alerts' }], undefined],
  [[], undefined],
])('the next page of %j is %j', (links, path) => {
  expect(nextPage({ type: 'FeatureCollection', features: [], links })).toBe(path)
})
