/**
 * A stand-in for /v1 with the built page under its real Content-Security-Policy.
 * `npm run mock`, then http://127.0.0.1:8099 (or `npm run dev` beside it).
 * Signs in anyone; the password "wrong" is refused.
 */

import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alertOf, codes, DAY_MS, flagOf, incidents, layer, membersOf } from './mock-data.mjs'

const DIST = fileURLToPath(new URL('../dist/', import.meta.url))
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const ANSWERS = ['ASSESSING', 'RESPONSE_DECIDED', 'RESPONDING', 'ON_SCENE', 'RESOLVED']
const SIDE = ['FALSE_ALARM', 'DUPLICATE', 'CANNOT_RESPOND']

function allowed(state) {
  if (state === 'RAISED') return ['ACKNOWLEDGED', ...ANSWERS, ...SIDE]
  if (state === 'ACKNOWLEDGED') return [...ANSWERS, ...SIDE]
  const at = ANSWERS.indexOf(state)
  return at < 0 || state === 'RESOLVED' ? [] : [...ANSWERS.slice(at + 1), ...SIDE]
}

export class Mock {
  constructor({ now = '2013-12-20T06:00:00Z', replay = true } = {}) {
    this.nowMs = Date.parse(now)
    this.replay = replay
    this.all = incidents()
    this.known = new Map()
    this.alerts = new Map()
    this.ledger = new Map()
    this.rung = new Map()
    this.sessions = new Set()
    this.streams = new Set()
    this.log = []
    this.number = 70
    this.arrive()
  }

  now() {
    return new Date(this.nowMs).toISOString().replace('.000Z', 'Z')
  }

  /** Move the mission's clock; what has happened by then is reported. */
  step(hours) {
    this.nowMs += hours * 3_600_000
    this.arrive()
    this.send('clock', { now: this.now() })
  }

  arrive() {
    for (const incident of this.all) {
      if (
        this.known.has(incident.id) ||
        Date.parse(incident.properties.occurred_start) > this.nowMs
      )
        continue
      this.known.set(incident.id, incident)
      this.change('incident', incident.id)
      this.raise(incident)
    }
  }

  raise(incident) {
    const alert = alertOf(incident, ++this.number)
    const ageMs = this.nowMs - Date.parse(alert.raised_at)
    if (ageMs > 20 * DAY_MS) return
    if (ageMs > 7 * DAY_MS)
      Object.assign(alert, { retrospective: true, paged: false, ack_due_at: null })
    this.alerts.set(alert.alert_id, { alert, incident })
    this.ledger.set(alert.alert_id, [
      {
        alert_id: alert.alert_id,
        seq: 1,
        kind: 'raised',
        at: alert.raised_at,
        by: 'tocsin',
        from_state: null,
        to_state: 'RAISED',
        priority: alert.priority,
        note: null,
        reason: null,
      },
    ])
    const result = {
      state: 'DELIVERED',
      attempts: 1,
      last_status: 200,
      delivered_at: alert.raised_at,
    }
    this.rung.set(
      alert.alert_id,
      alert.paged
        ? [
            { endpoint_id: 'joc-duty', seq: 1, ...result },
            {
              endpoint_id: 'sector-east',
              seq: 1,
              ...result,
              state: 'PENDING',
              attempts: 2,
              last_status: 503,
              delivered_at: null,
            },
          ]
        : [],
    )
    this.change('alert', alert.alert_id)
  }

  act(id, action, by = 'duty') {
    const found = this.alerts.get(id)
    if (found === undefined) return null
    const { alert } = found
    if (action.seq !== alert.seq || !allowed(alert.state).includes(action.to_state)) return false
    const kind =
      action.to_state === 'ACKNOWLEDGED'
        ? 'acknowledged'
        : action.to_state === 'RESOLVED'
          ? 'resolved'
          : 'decided'
    this.ledger.get(id).push({
      alert_id: id,
      seq: alert.seq + 1,
      kind,
      at: this.now(),
      by,
      from_state: alert.state,
      to_state: action.to_state,
      priority: alert.priority,
      note: action.note ?? null,
      reason: action.reason ?? null,
    })
    const answered =
      alert.acknowledged_at === null ? { acknowledged_at: this.now(), acknowledged_by: by } : {}
    found.alert = {
      ...alert,
      ...answered,
      seq: alert.seq + 1,
      state: action.to_state,
      updated_at: this.now(),
      owner: by,
    }
    this.change('alert', id)
    return found.alert
  }

  change(entity, id) {
    const seq = this.log.length + 1
    this.log.push({ entity, id, revision: 1, seq })
    this.send('change', this.log[seq - 1], seq)
  }

  send(event, data, id) {
    const head = id === undefined ? '' : `id: ${id}\n`
    for (const response of this.streams)
      response.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  me() {
    return {
      user_id: 'duty',
      name: 'Duty officer',
      roles: ['commander'],
      level: 0,
      areas: [],
      csrf: 'mock-csrf',
      mission: {
        mission_id: 'ssd-sample',
        name: 'Sample mission South Sudan',
        time_zone: 'Africa/Juba',
        replay: this.replay,
        now: this.now(),
        area: { west: 23.4, south: 3.4, east: 36.0, north: 12.3 },
      },
    }
  }

  incidentPage(query) {
    const [from, to] = (query.get('datetime') ?? '../..').split('/')
    const offset = Number(query.get('cursor') ?? 0)
    const limit = Number(query.get('limit') ?? 500)
    const found = [...this.known.values()]
      .filter(
        ({ properties: p }) =>
          (from === '..' || p.occurred_start >= from) && (to === '..' || p.occurred_start <= to),
      )
      .filter(({ properties: p }) => p.severity >= Number(query.get('min_severity') ?? 1))
      .reverse()
    return page(found, { offset, limit, path: '/v1/incidents', query })
  }

  alertPage(query) {
    const open = (alert) => ['RAISED', 'ACKNOWLEDGED', ...ANSWERS.slice(0, 4)].includes(alert.state)
    const found = [...this.alerts.values()]
      .map(({ alert }) => alert)
      .filter((alert) => query.get('state') === 'all' || open(alert))
      .sort((a, b) => b.number - a.number)
      .map((alert) => ({ type: 'Feature', id: alert.alert_id, geometry: null, properties: alert }))
    return page(found, {
      offset: Number(query.get('cursor') ?? 0),
      limit: Number(query.get('limit') ?? 50),
      path: '/v1/alerts',
      query,
    })
  }

  alertDetail(id) {
    const found = this.alerts.get(id)
    if (found === undefined) return null
    const { alert, incident } = found
    return {
      alert,
      flags: [flagOf(incident)],
      transitions: this.ledger.get(id),
      incidents: [incident],
      deliveries: this.rung.get(id),
      allowed: allowed(alert.state),
    }
  }

  activity(query) {
    const features = this.incidentPage(
      new URLSearchParams({ ...Object.fromEntries(query), limit: '9999' }),
    ).features
    return {
      type: 'FeatureCollection',
      features: features.map((each) => ({
        ...each,
        properties: { incidents: 1, deaths: each.properties.killed_best, weight: 1 },
      })),
    }
  }
}

function page(found, { offset, limit, path, query }) {
  const links = []
  if (offset + limit < found.length) {
    const next = new URLSearchParams(query)
    next.set('cursor', String(offset + limit))
    links.push({ rel: 'next', href: `${path}?${next}` })
  }
  return { type: 'FeatureCollection', features: found.slice(offset, offset + limit), links }
}

function json(response, body, status = 200) {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(body))
}

function problem(response, status, detail) {
  json(response, { type: 'about:blank', title: `Status ${status}`, status, detail }, status)
}

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}')
}

function answer(response, value, detail = 'nothing of that name') {
  if (value === null) problem(response, 404, detail)
  else json(response, value)
}

function stream(mock, request, response, query) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  response.write(': hello\n\n')
  const last = Number(
    request.headers['last-event-id'] ?? query.get('last_event_id') ?? mock.log.length,
  )
  for (const change of mock.log.slice(last))
    response.write(`id: ${change.seq}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`)
  mock.streams.add(response)
  request.on('close', () => mock.streams.delete(response))
}

async function signIn(mock, request, response) {
  const body = await bodyOf(request)
  if (body.password === 'wrong' || body.token === 'used')
    return problem(response, 401, 'user id or password is wrong')
  const session = `s${mock.sessions.size + 1}`
  mock.sessions.add(session)
  response.writeHead(204, { 'Set-Cookie': `tocsin=${session}; HttpOnly; SameSite=Lax; Path=/` })
  response.end()
}

async function act(mock, request, response, id) {
  if (request.headers['x-csrf-token'] !== 'mock-csrf')
    return problem(response, 403, 'the CSRF token is missing')
  const acted = mock.act(id, await bodyOf(request))
  if (acted === false) problem(response, 409, 'the alert has changed since')
  else answer(response, acted)
}

async function api(mock, request, response, url) {
  const [, , what, id, verb] = url.pathname.split('/').map(decodeURIComponent)
  if (what === 'sign-in') return signIn(mock, request, response)
  const session = /tocsin=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
  if (!mock.sessions.has(session)) return problem(response, 401, 'sign in first')
  if (what === 'sign-out') {
    mock.sessions.delete(session)
    return response.writeHead(204).end()
  }
  if (verb === 'transitions') return act(mock, request, response, id)
  const reads = {
    me: () => json(response, mock.me()),
    stream: () => stream(mock, request, response, url.searchParams),
    codes: () => json(response, codes(id)),
    layers: () => json(response, layer(id, url.searchParams.get('at'))),
    activity: () => json(response, mock.activity(url.searchParams)),
    alerts: () =>
      id === undefined
        ? json(response, mock.alertPage(url.searchParams))
        : answer(response, mock.alertDetail(id)),
    incidents: () =>
      id === undefined
        ? json(response, mock.incidentPage(url.searchParams))
        : answer(response, incidentDetail(mock, id)),
  }
  const read = reads[what]
  if (read === undefined) problem(response, 404, 'no such address')
  else read()
}

function incidentDetail(mock, id) {
  const incident = mock.known.get(id)
  if (incident === undefined) return null
  return { ...incident, properties: { ...incident.properties, members: membersOf(incident) } }
}

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.geojson': 'application/geo+json',
}

function file(response, path) {
  const full = join(DIST, normalize(decodeURIComponent(path === '/' ? '/index.html' : path)))
  if (!full.startsWith(DIST) || !existsSync(full)) return response.writeHead(404).end()
  response.writeHead(200, {
    'Content-Type': TYPES[extname(full)] ?? 'application/octet-stream',
    'Content-Security-Policy': CSP,
    'X-Content-Type-Options': 'nosniff',
  })
  createReadStream(full).pipe(response)
}

export function serve(mock) {
  return createServer((request, response) => {
    const url = new URL(request.url, 'http://mock')
    if (!url.pathname.startsWith('/v1/')) return file(response, url.pathname)
    api(mock, request, response, url).catch((error) => problem(response, 500, String(error)))
  })
}

/**
 * Serve a mock on a free port, or on the one named.
 * @param {Mock} mock
 * @param {number} [port]
 * @returns {Promise<{ port: number, stop: () => Promise<void> }>}
 */
export async function start(mock, port = 0) {
  const server = serve(mock)
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = new Mock({ replay: !process.argv.includes('--live') })
  await start(mock, Number(process.env.PORT ?? 8099))
  const hours = mock.replay ? 3 : 1 / 3600
  if (!process.argv.includes('--still')) setInterval(() => mock.step(hours), 1000)
}
