/** The typed client of /v1. One method a question; every failure is an ApiError or Unreachable. */

import { ApiError, parseProblem, UnreachableError } from './problem'
import type {
  Alert,
  AlertAction,
  AlertDetail,
  CodeItem,
  IncidentDetail,
  IncidentFeature,
  Me,
  Page,
} from './types'

export type Fetch = (path: string, init: RequestInit) => Promise<Response>

/** A screen of the whole history would be slow to draw and slower to fetch over a satellite link. */
const MAX_INCIDENTS = 3000
const MAX_ALERTS = 2000

export interface Gathered<F> {
  readonly features: readonly F[]
  /** There was more than the client shows. */
  readonly truncated: boolean
}

interface AlertFeature {
  readonly properties: Alert
}

// A read that hangs must not leave the page waiting for ever on a dead link.
const TIMEOUT_MS = 30_000

export class Api {
  private readonly send: Fetch
  private csrf = ''

  constructor(send: Fetch) {
    this.send = send
  }

  /** Who is signed in. Keeps the token that writes need. */
  async me(): Promise<Me> {
    const me = await this.get<Me>('/v1/me')
    this.csrf = me.csrf
    return me
  }

  async signIn(userId: string, password: string): Promise<void> {
    await this.post('/v1/sign-in', { user_id: userId, password })
  }

  async signInByLink(token: string, password: string): Promise<void> {
    await this.post('/v1/sign-in/link', { token, password })
  }

  async signOut(): Promise<void> {
    await this.post('/v1/sign-out', {})
  }

  async alerts(state: 'open' | 'all'): Promise<Gathered<Alert>> {
    const query = new URLSearchParams({ state, limit: '500' })
    const pages = await this.gather<AlertFeature>(`/v1/alerts?${query}`, MAX_ALERTS)
    return { ...pages, features: pages.features.map((feature) => feature.properties) }
  }

  async alert(alertId: string): Promise<AlertDetail> {
    return this.get<AlertDetail>(`/v1/alerts/${encodeURIComponent(alertId)}`)
  }

  async act(alertId: string, action: AlertAction): Promise<Alert> {
    const response = await this.post(
      `/v1/alerts/${encodeURIComponent(alertId)}/transitions`,
      action,
    )
    return (await response.json()) as Alert
  }

  async incidents(query: URLSearchParams): Promise<Gathered<IncidentFeature>> {
    return this.gather<IncidentFeature>(`/v1/incidents?${query}`, MAX_INCIDENTS)
  }

  /** One incident. An id that has moved on is followed to the new one (308). */
  async incident(incidentId: string): Promise<IncidentDetail> {
    return this.get<IncidentDetail>(`/v1/incidents/${encodeURIComponent(incidentId)}`)
  }

  async layer(layer: string, query: URLSearchParams): Promise<GeoJSON.FeatureCollection> {
    return this.get<GeoJSON.FeatureCollection>(`/v1/layers/${layer}?${query}`)
  }

  /** A file of the basemap, which the map has fetched already. Empty when it is missing. */
  async basemap(name: string): Promise<GeoJSON.FeatureCollection> {
    try {
      return await this.get<GeoJSON.FeatureCollection>(`/basemap/${name}.geojson`)
    } catch {
      return { type: 'FeatureCollection', features: [] }
    }
  }

  async activity(query: URLSearchParams): Promise<GeoJSON.FeatureCollection> {
    return this.get<GeoJSON.FeatureCollection>(`/v1/activity?${query}`)
  }

  async codes(list: string): Promise<readonly CodeItem[]> {
    const document = await this.get<{ items?: readonly CodeItem[] }>(`/v1/codes/${list}`)
    return document.items ?? []
  }

  private async gather<F>(first: string, most: number): Promise<Gathered<F>> {
    const features: F[] = []
    let next: string | undefined = first
    while (next !== undefined && features.length < most) {
      const page: Page<F> = await this.get<Page<F>>(next)
      features.push(...page.features)
      next = nextPage(page)
    }
    return { features, truncated: next !== undefined }
  }

  private async get<T>(path: string): Promise<T> {
    const response = await this.ask(path, { headers: { Accept: 'application/json' } })
    return (await response.json()) as T
  }

  private async post(path: string, body: unknown): Promise<Response> {
    return this.ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': this.csrf },
      body: JSON.stringify(body),
    })
  }

  private async ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response
    try {
      response = await this.send(path, {
        ...init,
        credentials: 'same-origin',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      throw new UnreachableError(error)
    }
    if (response.ok) return response
    throw new ApiError(parseProblem(response.status, await response.text().catch(() => '')))
  }
}

/** The path of the next page. Only the path: a page never sends the client to another host. */
export function nextPage(page: Page<unknown>): string | undefined {
  const href = page.links?.find((link) => link.rel === 'next')?.href
  if (href === undefined) return undefined
  const url = new URL(href, 'http://page.invalid')
  return url.pathname + url.search
}
