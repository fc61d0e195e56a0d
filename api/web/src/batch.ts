/** Gathers what changes bring and hands it on together: a burst costs one round of questions. */

import type { Timers } from './feed'

export interface Gathered {
  readonly alerts: ReadonlySet<string>
  readonly incidents: ReadonlySet<string>
  readonly flags: ReadonlySet<string>
  readonly deliveries: boolean
  /** What was missed is not known: everything is asked for again. */
  readonly everything: boolean
}

// A person does not notice 150 ms; a replay sends dozens of changes in that time.
export const QUIET_MS = 150
// Under a steady stream the page must still move.
export const LONGEST_MS = 1000

export class ChangeBatch {
  private alerts = new Set<string>()
  private incidents = new Set<string>()
  private flags = new Set<string>()
  private deliveries = false
  private everything = false
  private cancelQuiet: () => void = () => undefined
  private cancelLongest: (() => void) | null = null
  private busy = false
  private readonly timers: Timers
  private readonly flush: (gathered: Gathered) => Promise<void>

  constructor(timers: Timers, flush: (gathered: Gathered) => Promise<void>) {
    this.timers = timers
    this.flush = flush
  }

  add(entity: string, id: string): void {
    if (entity === 'alert') this.alerts.add(id)
    else if (entity === 'incident') this.incidents.add(id)
    else if (entity === 'flag') this.flags.add(id)
    else if (entity === 'delivery') this.deliveries = true
    else return
    this.schedule()
  }

  addEverything(): void {
    this.everything = true
    this.schedule()
  }

  private schedule(): void {
    // One round at a time: a slow link must not pile up questions.
    if (this.busy) return
    this.cancelQuiet()
    this.cancelQuiet = this.timers.after(QUIET_MS, () => void this.run())
    this.cancelLongest ??= this.timers.after(LONGEST_MS, () => void this.run())
  }

  private async run(): Promise<void> {
    this.cancelQuiet()
    this.cancelLongest?.()
    this.cancelLongest = null
    const gathered = this.take()
    this.busy = true
    try {
      await this.flush(gathered)
    } finally {
      this.busy = false
      if (this.isWanted()) this.schedule()
    }
  }

  private isWanted(): boolean {
    const waiting = this.alerts.size + this.incidents.size + this.flags.size
    return waiting > 0 || this.deliveries || this.everything
  }

  private take(): Gathered {
    const { alerts, incidents, flags, deliveries, everything } = this
    this.alerts = new Set()
    this.incidents = new Set()
    this.flags = new Set()
    this.deliveries = false
    this.everything = false
    return { alerts, incidents, flags, deliveries, everything }
  }
}
