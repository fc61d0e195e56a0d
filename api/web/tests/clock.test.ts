import { describe, expect, it } from 'vitest'
import {
  dayStartMs,
  dayText,
  due,
  duration,
  localDay,
  missionNow,
  read,
  timeFormat,
} from '../src/clock'

const UNITS = { d: 'd', h: 'h', min: 'min' }
const at = (text: string): number => Date.parse(text)
const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

describe('mission clock', () => {
  it('goes on by itself while live', () => {
    const reading = read('2024-05-01T10:00:00Z', 1000, false)
    expect(missionNow(reading, 61_000)).toBe(at('2024-05-01T10:01:00Z'))
  })

  it('waits for the next step in a replay', () => {
    const reading = read('2013-12-16T10:00:00Z', 1000, true)
    expect(missionNow(reading, 61_000)).toBe(at('2013-12-16T10:00:00Z'))
  })

  it('never runs backwards', () => {
    expect(missionNow(read('2024-05-01T10:00:00Z', 1000, false), 0)).toBe(
      at('2024-05-01T10:00:00Z'),
    )
  })
})

describe('due', () => {
  const now = at('2013-12-18T09:00:00Z')

  it('counts whole minutes that are left, never more than there are', () => {
    expect(due('2013-12-18T09:29:59Z', now)).toEqual({ tone: 'later', minutes: 29 })
  })

  it('turns close in the last five minutes', () => {
    expect(due('2013-12-18T09:04:30Z', now)).toEqual({ tone: 'soon', minutes: 4 })
    expect(due('2013-12-18T09:00:00Z', now)).toEqual({ tone: 'soon', minutes: 0 })
  })

  it('counts on after it is overdue', () => {
    expect(due('2013-12-18T08:48:00Z', now)).toEqual({ tone: 'overdue', minutes: 12 })
  })
})

it.each([
  [0, '0 min'],
  [59, '59 min'],
  [60, '1 h 00 min'],
  [185, '3 h 05 min'],
  [1440, '1 d'],
  [8760, '6 d 2 h'],
])('writes %i minutes as %s', (minutes, text) => {
  expect(plain(duration(minutes, UNITS))).toBe(text)
})

describe('mission-local time', () => {
  it('is written in the mission zone with its offset of that day', () => {
    const format = timeFormat('Africa/Juba', 'en')
    expect(format.dateTime(at('2013-12-16T21:30:00Z'))).toBe('17 Dec 2013, 00:30')
    expect(format.offset(at('2013-12-16T21:30:00Z'))).toBe('UTC+3')
    // South Sudan went to UTC+2 in 2021.
    expect(format.offset(at('2022-01-01T00:00:00Z'))).toBe('UTC+2')
  })

  it('is written in French', () => {
    expect(timeFormat('Africa/Juba', 'fr').date(at('2013-12-16T12:00:00Z'))).toBe('16 déc. 2013')
  })

  it('cuts the day at local midnight', () => {
    expect(localDay(at('2013-12-16T20:59:59Z'), 'Africa/Juba')).toBe('2013-12-16')
    expect(localDay(at('2013-12-16T21:00:00Z'), 'Africa/Juba')).toBe('2013-12-17')
  })

  it.each([
    ['2013-12-16', 'Africa/Juba', '2013-12-15T21:00:00Z'],
    ['2024-07-01', 'America/New_York', '2024-07-01T04:00:00Z'],
    ['2024-03-10', 'America/New_York', '2024-03-10T05:00:00Z'],
    ['2024-06-01', 'UTC', '2024-06-01T00:00:00Z'],
  ])('begins %s in %s at %s', (day, zone, instant) => {
    expect(dayStartMs(day, zone)).toBe(at(instant))
    expect(localDay(dayStartMs(day, zone), zone)).toBe(day)
  })

  it('reads a day that is counted since 1970', () => {
    expect(dayText(0)).toBe('1970-01-01')
    expect(dayText(16055)).toBe('2013-12-16')
  })
})
