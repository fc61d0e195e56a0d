/** Reads new critical alerts out to who does not look at the page. */

import { headlineOf, newCritical } from '../alerts'
import type { App } from '../app'
import { setText } from '../dom'
import type { Timers } from '../feed'

// A voice that interrupts itself says nothing: what comes meanwhile is counted and said together.
const QUIET_MS = 4000

export class Announcer {
  private readonly app: App
  private readonly region: HTMLElement
  private readonly timers: Timers
  private waiting: string[] = []
  private isSpeaking = false

  constructor(app: App, region: HTMLElement, timers: Timers) {
    this.app = app
    this.region = region
    this.timers = timers
    app.store.on(['alerts'], (state, before) => {
      // The first list is what there was before the reader came: the inbox shows it.
      if (before.alertsState !== 'ready') return
      for (const alert of newCritical(before.alerts, state.alerts)) {
        this.waiting.push(
          this.app.t('inbox.new.critical', {
            number: `A ${alert.number}`,
            headline: headlineOf(alert),
          }),
        )
      }
      this.speak()
    })
  }

  private speak(): void {
    const [first] = this.waiting
    if (this.isSpeaking || first === undefined) return
    const many = this.app.t('inbox.new.critical.many', { n: this.waiting.length })
    setText(this.region, this.waiting.length === 1 ? first : many)
    this.waiting = []
    this.isSpeaking = true
    this.timers.after(QUIET_MS, () => {
      this.isSpeaking = false
      this.speak()
    })
  }
}
