/** The page's verbs: what the views may ask for. Views read the store and call these. */

import { act, type Step } from './acting'
import type { Api } from './api'
import { ChangeBatch } from './batch'
import { missionNow, read } from './clock'
import { Feed, type Source, type Timers } from './feed'
import type { Filters } from './filters'
import { type Language, translator, type Translate } from './labels'
import { Loader } from './loading'
import { ApiError } from './problem'
import { hashOf, parseRoute, type Route } from './route'
import type { AppStore, Focus, InboxScope, MapMode, Theme, View } from './state'
import type { IncidentFeature, Me } from './types'

export interface Surroundings {
  readonly monotonicMs: () => number
  readonly timers: Timers
  readonly openStream: (path: string) => Source
  readonly remember: (key: 'theme' | 'language', value: string) => void
  readonly setHash: (hash: string) => void
}

export class App {
  readonly store: AppStore
  readonly loader: Loader
  readonly api: Api
  private readonly around: Surroundings
  private readonly feed: Feed
  private readonly batch: ChangeBatch

  constructor(store: AppStore, api: Api, around: Surroundings) {
    this.store = store
    this.api = api
    this.around = around
    this.loader = new Loader(store, api, around.monotonicMs)
    this.batch = new ChangeBatch(around.timers, (changes) => this.loader.refresh(changes))
    this.feed = new Feed(around.openStream, around.timers, {
      onState: (state) => this.onFeedState(state),
      onChange: (change) => this.batch.add(change.entity, change.id),
      onClock: (now) => this.setClock(now),
      onReset: () => this.batch.addEverything(),
      mayConnect: () => this.mayConnect(),
    })
  }

  get t(): Translate {
    return translator(this.store.get().language)
  }

  nowMs(): number {
    const { clock } = this.store.get()
    return clock === null ? 0 : missionNow(clock, this.around.monotonicMs())
  }

  /** Find out who is signed in, and begin. */
  async start(): Promise<void> {
    try {
      await this.enter(await this.api.me())
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.store.set({ session: 'out' })
      else this.store.set({ session: 'out', problem: this.loader.words(error) })
    }
  }

  /** Throws what the service answered; the form knows what to say to it. */
  async signIn(userId: string, password: string): Promise<void> {
    await this.api.signIn(userId, password)
    await this.enter(await this.api.me())
  }

  async signInByLink(token: string, password: string): Promise<void> {
    await this.api.signInByLink(token, password)
    const me = await this.api.me()
    // The token is used up; it has no business in the history.
    this.navigate({ page: 'home' })
    await this.enter(me)
  }

  async signOut(): Promise<void> {
    try {
      await this.api.signOut()
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) {
        this.loader.fail(error)
        return
      }
    }
    this.feed.stop()
    this.forget()
    this.navigate({ page: 'home' })
    this.store.set({ session: 'out', me: null })
  }

  navigate(route: Route): void {
    this.around.setHash(hashOf(route))
    this.onRoute(route)
  }

  /** The address has changed, by us or by the reader. */
  onHash(hash: string): void {
    const route = parseRoute(hash)
    if (hashOf(route) !== hashOf(this.store.get().route) || route.page === 'sign-in')
      this.onRoute(route)
  }

  show(view: View): void {
    this.store.set({ view })
  }

  setMapMode(mapMode: MapMode): void {
    this.store.set({ mapMode })
  }

  setScope(scope: InboxScope): void {
    const before = this.store.get().scope
    this.store.set({ scope })
    if ((scope === 'all') !== (before === 'all')) void this.loader.alerts()
  }

  setFilters(filters: Filters): void {
    const before = this.store.get().filters
    this.store.set({ filters })
    const sameQuestion =
      before.span === filters.span &&
      before.from === filters.from &&
      before.to === filters.to &&
      before.minSeverity === filters.minSeverity
    if (!sameQuestion) void this.loader.incidents()
  }

  setHeat(heat: boolean): void {
    this.store.set({ heat })
  }

  setTheme(theme: Theme): void {
    this.around.remember('theme', theme)
    this.store.set({ theme })
  }

  setLanguage(language: Language): void {
    this.around.remember('language', language)
    this.store.set({ language })
  }

  /** Show a place on the map; on a narrow screen, bring the map to the front. */
  focusOn(feature: IncidentFeature): void {
    const focus = focusOf(feature)
    if (focus !== null)
      this.store.set({ focus, view: 'map', mapMode: this.store.get().webgl ? 'map' : 'list' })
  }

  async act(step: Step): Promise<boolean> {
    return act(this.store, this.api, this.loader, step)
  }

  /** The machine woke up, or found its network again. */
  nudge(): void {
    this.feed.nudge()
  }

  private async enter(me: Me): Promise<void> {
    const before = this.store.get().me
    if (before !== null && before.user_id !== me.user_id) this.forget()
    this.store.set({
      session: 'in',
      me,
      problem: '',
      clock: read(me.mission.now, this.around.monotonicMs(), me.mission.replay),
    })
    // The feed first: what happens while the lists are fetched is then not missed.
    this.feed.stop()
    this.feed.start()
    await this.loader.everything()
  }

  /** What one person saw is not left for the next one at the same desk. */
  private forget(): void {
    this.store.set({
      alerts: new Map(),
      incidents: new Map(),
      alertDetail: null,
      incidentDetail: null,
      focus: null,
      notice: null,
      alertsState: 'loading',
      incidentsState: 'loading',
    })
  }

  private onRoute(route: Route): void {
    const opens = route.page === 'alert' || route.page === 'incident'
    this.store.set({
      route,
      detailState: 'loading',
      detailError: '',
      notice: null,
      ...(route.page === 'alert' && this.store.get().alertDetail?.alert.alert_id !== route.id
        ? { alertDetail: null }
        : {}),
      ...(route.page === 'incident' ? { incidentDetail: null } : {}),
      view: opens ? 'detail' : this.store.get().view === 'detail' ? 'inbox' : this.store.get().view,
    })
    if (opens && this.store.get().session === 'in') void this.loader.detail()
  }

  private setClock(now: string): void {
    const replay = this.store.get().me?.mission.replay ?? false
    this.store.set({ clock: read(now, this.around.monotonicMs(), replay) })
    this.loader.slide()
  }

  private onFeedState(state: 'connecting' | 'open' | 'lost'): void {
    const { feed } = this.store.get()
    // A new attempt does not take the banner away; only success does.
    if (state === 'connecting' && feed === 'lost') return
    this.store.set({ feed: state })
  }

  /** Before the stream is tried again: is there still a session? */
  private async mayConnect(): Promise<boolean> {
    try {
      const me = await this.api.me()
      this.setClock(me.mission.now)
      return true
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) return true
      this.loader.fail(error)
      return false
    }
  }
}

export function focusOf(feature: IncidentFeature): Focus | null {
  const [lon, lat] = feature.geometry?.coordinates ?? []
  if (lon === undefined || lat === undefined) return null
  return { id: feature.id, lon, lat, radius_m: feature.properties.radius_m }
}
