/** The mission's geography and the activity cube: fetched when needed, for the mission's day. */

import type { App } from '../app'
import { localDay } from '../clock'
import { activityQuery } from '../filters'
import { innerBorders } from './borders'
import { HEALTH_ZOOM } from './layers'
import type { SourceName } from './sources'

/** What opens and closes within a mission: asked for again when the day changes. */
const DATED: readonly SourceName[] = ['civilian_site', 'un_base']
const LASTING: readonly SourceName[] = ['adm1', 'adm2', 'settlement', 'airfield']
// A replay runs through a day in two seconds; sites need not follow at that pace.
const SLOWEST_MS = 3000

export class MissionLayers {
  private readonly app: App
  private readonly put: (name: SourceName, data: GeoJSON.FeatureCollection) => void
  private readonly loaded = new Set<SourceName>()
  private day = ''
  private isWaiting = false
  private isActivityDue = false
  private isActivityBusy = false

  constructor(app: App, put: (name: SourceName, data: GeoJSON.FeatureCollection) => void) {
    this.app = app
    this.put = put
  }

  onClock(): void {
    if (this.app.store.get().session !== 'in') return
    for (const name of LASTING) void this.once(name)
    if (!this.isWaiting && this.today() !== this.day) this.loadDated()
  }

  onZoom(zoom: number): void {
    if (zoom >= HEALTH_ZOOM) void this.once('health')
  }

  /** Ask for the heat; while one answer is under way, further wishes become one more question. */
  loadActivity(): void {
    this.isActivityDue = true
    if (!this.isActivityBusy) void this.activity()
  }

  private today(): string {
    return localDay(this.app.nowMs(), this.app.loader.zone())
  }

  private loadDated(): void {
    this.day = this.today()
    this.isWaiting = true
    for (const name of DATED) void this.load(name, this.day)
    window.setTimeout(() => {
      this.isWaiting = false
      this.onClock()
    }, SLOWEST_MS)
  }

  private async once(name: SourceName): Promise<void> {
    if (this.loaded.has(name)) return
    this.loaded.add(name)
    await this.load(name, this.today())
  }

  private async load(name: SourceName, day: string): Promise<void> {
    try {
      const data = await this.app.api.layer(name, new URLSearchParams({ at: day }))
      if (DATED.includes(name) && day !== this.day) return
      this.put(name, data)
      if (name === 'adm1') this.put('adm1-borders', innerBorders(data))
      if (name === 'adm2') this.put('adm2-borders', innerBorders(data))
    } catch (error) {
      this.loaded.delete(name)
      if (DATED.includes(name)) this.day = ''
      this.app.loader.fail(error)
    }
  }

  private async activity(): Promise<void> {
    this.isActivityBusy = true
    try {
      while (this.isActivityDue) {
        this.isActivityDue = false
        const query = activityQuery(
          this.app.store.get().filters,
          this.app.nowMs(),
          this.app.loader.zone(),
        )
        this.put('activity', await this.app.api.activity(query))
        await pause()
      }
    } catch (error) {
      this.app.loader.fail(error)
    } finally {
      this.isActivityBusy = false
    }
  }
}

async function pause(): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, SLOWEST_MS))
}
