/** Fetches what the page shows and puts it into the store; keeps it current as changes come. */

import { merge } from './alerts'
import type { Api } from './api'
import type { Gathered } from './batch'
import { missionNow } from './clock'
import { incidentQuery } from './filters'
import { asListed, patch, prune, replaceAll } from './incidents'
import { translator } from './labels'
import { ApiError, UnreachableError } from './problem'
import type { AppStore, CodeListName } from './state'
import type { Alert, IncidentFeature } from './types'

/** Up to here, single questions cost less than the list again. */
const MOST_SINGLES = 6

const CODE_LISTS: readonly CodeListName[] = ['event_type', 'actor_type', 'no_response_reason']

export class Loader {
  private readonly store: AppStore
  private readonly api: Api
  private readonly monotonicMs: () => number
  private incidentRound = 0
  private detailRound = 0

  constructor(store: AppStore, api: Api, monotonicMs: () => number) {
    this.store = store
    this.api = api
    this.monotonicMs = monotonicMs
  }

  nowMs(): number {
    const { clock } = this.store.get()
    return clock === null ? 0 : missionNow(clock, this.monotonicMs())
  }

  zone(): string {
    return this.store.get().me?.mission.time_zone ?? 'UTC'
  }

  async everything(): Promise<void> {
    await Promise.all([this.alerts(), this.incidents(), this.detail(), this.codes()])
  }

  async alerts(): Promise<void> {
    const state = this.store.get().scope === 'all' ? 'all' : 'open'
    try {
      const { features, truncated } = await this.api.alerts(state)
      // What changes brought while the list was under way is newer than the list.
      const { alerts } = this.store.get()
      const loaded = new Map(features.map((alert) => [alert.alert_id, alert]))
      const newer = [...alerts.values()].filter((alert) => {
        const listed = loaded.get(alert.alert_id)
        return listed !== undefined && alert.seq > listed.seq
      })
      this.store.set({
        alerts: merge(loaded, newer),
        alertsState: 'ready',
        alertsTruncated: truncated,
        problem: '',
      })
    } catch (error) {
      if (this.store.get().alertsState === 'loading') this.store.set({ alertsState: 'failed' })
      this.fail(error)
    }
  }

  async incidents(): Promise<void> {
    const round = ++this.incidentRound
    const query = incidentQuery(this.store.get().filters, this.nowMs(), this.zone())
    try {
      const { features, truncated } = await this.api.incidents(query)
      if (round !== this.incidentRound) return
      this.store.set({
        incidents: replaceAll(this.store.get().incidents, features),
        incidentsState: 'ready',
        incidentsTruncated: truncated,
      })
    } catch (error) {
      if (round !== this.incidentRound) return
      if (this.store.get().incidentsState === 'loading')
        this.store.set({ incidentsState: 'failed' })
      this.fail(error)
    }
  }

  /** What the address names. A reload in place keeps the old one on the page until the new is there. */
  async detail(): Promise<void> {
    const round = ++this.detailRound
    const { route } = this.store.get()
    try {
      if (route.page === 'alert') {
        const detail = await this.api.alert(route.id)
        if (round !== this.detailRound) return
        this.store.set({ alertDetail: detail, detailState: 'ready' })
        this.keep([detail.alert])
      } else if (route.page === 'incident') {
        const detail = await this.api.incident(route.id)
        if (round !== this.detailRound) return
        this.store.set({ incidentDetail: detail, detailState: 'ready' })
      }
    } catch (error) {
      if (round === this.detailRound) this.failDetail(error)
    }
  }

  /** Ask again for exactly what a round of changes named. */
  async refresh(changes: Gathered): Promise<void> {
    if (changes.everything) return this.everything()
    const work: Promise<void>[] = [
      this.refreshAlerts(changes.alerts),
      this.refreshIncidents(changes.incidents),
    ]
    if (this.touchesDetail(changes)) work.push(this.detail())
    await Promise.all(work)
  }

  /** Let what is older than the window go, as the mission's clock moves. */
  slide(): void {
    const { incidents, filters } = this.store.get()
    const kept = prune(incidents, filters, { ms: this.nowMs(), zone: this.zone() })
    if (kept !== incidents) this.store.set({ incidents: kept })
  }

  keep(changed: readonly Alert[]): void {
    this.store.set({ alerts: merge(this.store.get().alerts, changed) })
  }

  fail(error: unknown): void {
    const { language, session } = this.store.get()
    const t = translator(language)
    if (error instanceof ApiError && error.status === 401) {
      if (session === 'in') this.store.set({ session: 'expired' })
      return
    }
    if (error instanceof ApiError && error.status === 403) {
      this.store.set({ problem: t('error.forbidden') })
      return
    }
    this.store.set({ problem: this.words(error) })
  }

  /** What went wrong, in words for a person. */
  words(error: unknown): string {
    const t = translator(this.store.get().language)
    if (error instanceof UnreachableError) return t('error.unreachable')
    if (!(error instanceof ApiError)) throw error
    if (error.status === 404) return t('error.missing')
    return t('error.server', { status: error.status, detail: error.message })
  }

  private failDetail(error: unknown): void {
    if (error instanceof ApiError && error.status === 404) {
      this.store.set({ detailState: 'failed', detailError: this.words(error) })
      return
    }
    const shown = this.store.get().detailState === 'ready'
    if (!shown && !(error instanceof ApiError && error.status === 401)) {
      this.store.set({ detailState: 'failed', detailError: this.words(error) })
    }
    this.fail(error)
  }

  private async codes(): Promise<void> {
    if (this.store.get().codes.size > 0) return
    try {
      const lists = await Promise.all(CODE_LISTS.map((name) => this.api.codes(name)))
      const labels = lists.map((items) => new Map(items.map(({ code, label }) => [code, label])))
      this.store.set({
        codes: new Map(CODE_LISTS.map((name, at) => [name, labels[at] ?? new Map()])),
      })
    } catch (error) {
      this.fail(error)
    }
  }

  private async refreshAlerts(ids: ReadonlySet<string>): Promise<void> {
    if (ids.size === 0) return
    if (ids.size > MOST_SINGLES) {
      await this.alerts()
      return
    }
    const open = this.store.get().route
    const openId = open.page === 'alert' ? open.id : ''
    const asked = [...ids].filter((id) => id !== openId)
    const found = await Promise.all(asked.map((id) => this.oneAlert(id)))
    this.keep(found.filter((alert) => alert !== null))
  }

  private async oneAlert(id: string): Promise<Alert | null> {
    try {
      return (await this.api.alert(id)).alert
    } catch (error) {
      this.failUnlessMissing(error)
      return null
    }
  }

  private async refreshIncidents(ids: ReadonlySet<string>): Promise<void> {
    if (ids.size === 0) return
    if (ids.size > MOST_SINGLES) {
      await this.incidents()
      return
    }
    const found = await Promise.all(
      [...ids].map(async (id) => [id, await this.oneIncident(id)] as const),
    )
    const changed = new Map(
      found.filter((pair): pair is [string, IncidentFeature | null] => pair[1] !== undefined),
    )
    const { incidents, filters } = this.store.get()
    this.store.set({
      incidents: patch(incidents, changed, filters, { ms: this.nowMs(), zone: this.zone() }),
    })
  }

  /** Null when it is gone or hidden; undefined when nobody could say. */
  private async oneIncident(id: string): Promise<IncidentFeature | null | undefined> {
    try {
      return asListed(await this.api.incident(id), this.store.get().incidents.get(id))
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null
      this.failUnlessMissing(error)
      return undefined
    }
  }

  private failUnlessMissing(error: unknown): void {
    if (error instanceof ApiError && error.status === 404) return
    this.fail(error)
  }

  private touchesDetail(changes: Gathered): boolean {
    const { route, alertDetail } = this.store.get()
    if (route.page === 'incident') return changes.incidents.has(route.id)
    if (route.page !== 'alert') return false
    if (changes.alerts.has(route.id)) return true
    if (alertDetail === null) return false
    const { flag_ids: flags } = alertDetail.alert
    return (
      changes.deliveries ||
      flags.some((id) => changes.flags.has(id)) ||
      alertDetail.incidents.some(({ id }) => changes.incidents.has(id))
    )
  }
}
