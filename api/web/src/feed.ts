/**
 * The live feed of changes (server-sent events), which resumes where it stopped. A browser's
 * EventSource gives up for good on an HTTP error and does not notice a link that went silent, so
 * both are watched here.
 */

import type { Change } from './types'

/** The part of EventSource that is used; tests bring their own. */
export interface Source {
  readonly readyState: number
  onopen: ((event: Event) => void) | null
  onerror: ((event: Event) => void) | null
  readonly addEventListener: (type: string, listener: (event: MessageEvent<string>) => void) => void
  readonly close: () => void
}

export interface FeedEvents {
  readonly onState: (state: 'connecting' | 'open' | 'lost') => void
  readonly onChange: (change: Change) => void
  readonly onClock: (missionTime: string) => void
  /** What was missed can't be told any more: load everything again. */
  readonly onReset: () => void
  /** Asked before each new attempt; false ends the feed (the session is over). */
  readonly mayConnect: () => Promise<boolean>
}

export interface Timers {
  readonly after: (ms: number, action: () => void) => () => void
  readonly random: () => number
}

// The service sends a clock at least each 15 s; three missed ones are a dead link.
export const SILENCE_MS = 45_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
// EventSource reconnects by itself in about 3 s; a shorter gap is not worth a banner.
export const GRACE_MS = 4_000
const CLOSED = 2

/** Full jitter, so that a whole operations centre does not come back in the same instant. */
export function retryDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt)
  return Math.max(250, Math.round(ceiling * random))
}

export class Feed {
  private source: Source | null = null
  private lastId = ''
  private attempt = 0
  private stopped = true
  private cancelSilence: () => void = () => undefined
  private cancelRetry: () => void = () => undefined
  private cancelGrace: (() => void) | null = null
  private readonly open: (path: string) => Source
  private readonly timers: Timers
  private readonly events: FeedEvents

  constructor(open: (path: string) => Source, timers: Timers, events: FeedEvents) {
    this.open = open
    this.timers = timers
    this.events = events
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.attempt = 0
    this.connect()
  }

  stop(): void {
    this.stopped = true
    this.disconnect()
    this.cancelRetry()
    this.settle()
  }

  /** Try at once: the machine has come back from sleep or onto a network. */
  nudge(): void {
    if (this.stopped || this.source?.readyState === 1) return
    this.cancelRetry()
    this.disconnect()
    this.connect()
  }

  private connect(): void {
    this.events.onState('connecting')
    const resume = this.lastId === '' ? '' : `?last_event_id=${encodeURIComponent(this.lastId)}`
    const source = this.open(`/v1/stream${resume}`)
    this.source = source
    this.watchSilence()
    source.onopen = () => {
      this.attempt = 0
      this.settle()
      this.watchSilence()
      this.events.onState('open')
    }
    source.onerror = () => this.onError(source)
    source.addEventListener('change', (event) => this.onChange(event))
    source.addEventListener('clock', (event) => this.onClock(event))
    source.addEventListener('reset', (event) => this.onReset(event))
  }

  private onChange(event: MessageEvent<string>): void {
    this.heard(event)
    this.events.onChange(JSON.parse(event.data) as Change)
  }

  private onClock(event: MessageEvent<string>): void {
    this.heard(event)
    this.events.onClock((JSON.parse(event.data) as { now: string }).now)
  }

  private onReset(event: MessageEvent<string>): void {
    // Whatever id we held is of no use any more; the event brings the one to go on from.
    this.lastId = ''
    this.heard(event)
    this.events.onReset()
  }

  private heard(event: MessageEvent<string>): void {
    if (event.lastEventId !== '') this.lastId = event.lastEventId
    this.watchSilence()
  }

  private onError(source: Source): void {
    if (this.source !== source) return
    this.reportLossAfterGrace()
    if (source.readyState === CLOSED) this.retry()
  }

  private reportLossAfterGrace(): void {
    this.cancelGrace ??= this.timers.after(GRACE_MS, () => this.events.onState('lost'))
  }

  private settle(): void {
    this.cancelGrace?.()
    this.cancelGrace = null
  }

  private watchSilence(): void {
    this.cancelSilence()
    this.cancelSilence = this.timers.after(SILENCE_MS, () => {
      this.events.onState('lost')
      this.retry()
    })
  }

  private retry(): void {
    this.disconnect()
    this.cancelRetry()
    const delay = retryDelay(this.attempt, this.timers.random())
    this.attempt += 1
    this.cancelRetry = this.timers.after(delay, () => void this.reconnect())
  }

  private async reconnect(): Promise<void> {
    const may = await this.events.mayConnect()
    // Another attempt may have begun, or the page signed out, while we asked.
    if (this.stopped || this.source !== null) return
    if (may) this.connect()
    else this.stop()
  }

  private disconnect(): void {
    this.cancelSilence()
    this.source?.close()
    this.source = null
  }
}
