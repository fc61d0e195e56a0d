/** Values for tests: plausible, and changed only where a test says so. */

import type { Timers } from '../src/feed'
import type { Alert, IncidentFeature, IncidentProperties } from '../src/types'

export function alert(changes: Partial<Alert> = {}): Alert {
  return {
    alert_id: 'a1',
    number: 87,
    seq: 1,
    place_key: 'SS0303',
    place_name: 'Bor South',
    actor_class: 'ARMED_GROUP',
    day: 16055,
    state: 'RAISED',
    priority: 3,
    band: 3,
    headline: 'Violence near a site of displaced people, Bor South',
    flag_ids: ['f1'],
    kinds: ['R01'],
    lon: 31.56,
    lat: 6.2,
    retrospective: false,
    illustrative: false,
    paged: true,
    owner: null,
    continues: null,
    replaced_by: null,
    raised_at: '2013-12-18T09:00:00Z',
    updated_at: '2013-12-18T09:00:00Z',
    acknowledged_at: null,
    acknowledged_by: null,
    ack_due_at: '2013-12-18T09:30:00Z',
    ...changes,
  }
}

export function incident(
  id: string,
  changes: Partial<IncidentProperties> = {},
  place: readonly [number, number] | null = [31.56, 6.2],
): IncidentFeature {
  return {
    type: 'Feature',
    id,
    geometry: place === null ? null : { type: 'Point', coordinates: [...place] },
    properties: {
      event_type: 'VC_KILLING',
      event_class: 'VAC',
      occurred_start: '2013-12-18T06:00:00Z',
      day: 16057,
      severity: 3,
      radius_m: 1000,
      precision: 'P3',
      adm1: 'SS03',
      adm2: 'SS0303',
      actor_class: 'ARMED_GROUP',
      n_reports: 1,
      n_independent: 1,
      revision: 1,
      exercise: false,
      illustrative: false,
      retracted: false,
      ...changes,
    },
  }
}

interface Pending {
  readonly atMs: number
  readonly action: () => void
}

/** Timers that run when the test says that time has passed. */
export class FakeTimers implements Timers {
  nowMs = 0
  private pending: Pending[] = []
  readonly random = (): number => 0.5

  readonly after = (ms: number, action: () => void): (() => void) => {
    const entry = { atMs: this.nowMs + ms, action }
    this.pending.push(entry)
    return () => {
      this.pending = this.pending.filter((each) => each !== entry)
    }
  }

  /** Let time pass; what is due runs in order, and promises settle in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      const [next] = this.pending
        .filter((each) => each.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.nowMs = next.atMs
      this.pending = this.pending.filter((each) => each !== next)
      next.action()
      await settle()
    }
    this.nowMs = endMs
    await settle()
  }
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
