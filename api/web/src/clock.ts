/**
 * The mission's clock. What is due or recent is judged by it, never by the browser's: a replay runs
 * years ago, and the clock of a laptop in the field is often wrong.
 */

export interface ClockReading {
  /** Mission time of the last reading, in milliseconds since 1970. */
  readonly missionMs: number
  /** Monotonic time at that reading, in milliseconds. */
  readonly atMs: number
  /** A replay steps its clock; between two readings it stands still. */
  readonly replay: boolean
}

export function read(missionTime: string, atMs: number, replay: boolean): ClockReading {
  return { missionMs: Date.parse(missionTime), atMs, replay }
}

/** Mission time now: it goes on by itself while live, and waits for the next step in a replay. */
export function missionNow(reading: ClockReading, monotonicMs: number): number {
  if (reading.replay) return reading.missionMs
  return reading.missionMs + Math.max(0, monotonicMs - reading.atMs)
}

export type DueTone = 'later' | 'soon' | 'overdue'

export interface Due {
  readonly tone: DueTone
  /** Minutes left, or past when overdue; rounded so that the promise is never made longer. */
  readonly minutes: number
}

/** Under this, a due time is shown as close. */
const SOON_MINUTES = 5

export function due(dueAt: string, nowMs: number): Due {
  const leftMinutes = (Date.parse(dueAt) - nowMs) / 60_000
  if (leftMinutes < 0) return { tone: 'overdue', minutes: Math.floor(-leftMinutes) }
  const minutes = Math.floor(leftMinutes)
  return { tone: minutes < SOON_MINUTES ? 'soon' : 'later', minutes }
}

const NB = '\u00a0'

/** 4 min, 3 h 05 min, 6 d 2 h: two units at most, never broken over two lines. */
export function duration(minutes: number, units: { d: string; h: string; min: string }): string {
  if (minutes < 60) return `${minutes}${NB}${units.min}`
  if (minutes < 24 * 60) {
    const rest = String(minutes % 60).padStart(2, '0')
    return `${Math.floor(minutes / 60)}${NB}${units.h}${NB}${rest}${NB}${units.min}`
  }
  const hours = Math.floor((minutes % (24 * 60)) / 60)
  const days = `${Math.floor(minutes / (24 * 60))}${NB}${units.d}`
  return hours === 0 ? days : `${days}${NB}${hours}${NB}${units.h}`
}

export interface TimeFormat {
  readonly date: (ms: number) => string
  readonly time: (ms: number) => string
  readonly dateTime: (ms: number) => string
  /** "UTC+3", so that nobody has to guess whose time this is. */
  readonly offset: (ms: number) => string
}

const formats = new Map<string, TimeFormat>()

/** Mission-local times in a language. Formatters are kept: making one costs more than using it. */
export function timeFormat(zone: string, language: string): TimeFormat {
  const key = `${zone}|${language}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const locale = language === 'fr' ? 'fr-FR' : 'en-GB'
  const date = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  })
  const time = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const offset = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'shortOffset' })
  const made: TimeFormat = {
    date: (ms) => date.format(ms),
    time: (ms) => time.format(ms),
    dateTime: (ms) => `${date.format(ms)}, ${time.format(ms)}`,
    offset: (ms) => {
      const part = offset.formatToParts(ms).find((each) => each.type === 'timeZoneName')
      return (part?.value ?? 'UTC').replace('GMT', 'UTC')
    },
  }
  formats.set(key, made)
  return made
}

/** The mission-local calendar day, as "2013-12-16". */
export function localDay(ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(ms)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')}`
}

/** The instant at which a mission-local day begins, in milliseconds. */
export function dayStartMs(day: string, zone: string): number {
  const utcMidnight = Date.parse(`${day}T00:00:00Z`)
  // Twice, because the offset at UTC midnight may differ from the one at local midnight.
  let guess = utcMidnight
  for (let round = 0; round < 2; round += 1) guess = utcMidnight - offsetMs(guess, zone)
  return guess
}

function offsetMs(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(ms)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '00'
  const local = `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}Z`
  return Date.parse(local) - Math.floor(ms / 1000) * 1000
}

/** Days since 1970, as incidents and alerts carry them, to "2013-12-16". */
export function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10)
}
