/** Why an alert rings: each flag's sentence, its numbers, how sure it is, what was left out. */

import type { App } from '../app'
import { h } from '../dom'
import { type NumberRow, numberRows } from '../numbers'
import type { AlertDetail, Flag } from '../types'
import { bandChip, markChip } from './parts'

// The rules name what decided first; the rest is for whoever checks.
const FIRST_NUMBERS = 6

export function whyList(app: App, { flags }: AlertDetail): readonly HTMLElement[] {
  const title = h('h3', {}, app.t('detail.why'))
  if (flags.length === 0) return [title, h('p', { class: 'quiet' }, app.t('detail.why.none'))]
  const ordered = [...flags].sort(compare)
  return [
    title,
    h('ul', { class: 'why', 'data-testid': 'why' }, ...ordered.map((flag) => why(app, flag))),
  ]
}

/** What still stands comes first, then the gravest. */
function compare(a: Flag, b: Flag): number {
  return (
    Number(a.state === 'WITHDRAWN') - Number(b.state === 'WITHDRAWN') ||
    b.band - a.band ||
    b.priority - a.priority ||
    (a.rule_id < b.rule_id ? -1 : 1)
  )
}

function why(app: App, flag: Flag): HTMLElement {
  return h(
    'li',
    {
      class: `flag flag-${flag.state.toLowerCase()}`,
      'data-testid': 'flag',
      'data-rule': flag.rule_id,
    },
    h('p', { class: 'explanation' }, flag.explanation),
    h(
      'p',
      { class: 'flag-marks' },
      bandChip(app, flag.band),
      flag.state === 'WITHDRAWN' && h('span', { class: 'mark' }, app.t('mark.withdrawn')),
      flag.unverified && markChip(app, 'unverified'),
      flag.retrospective && markChip(app, 'retrospective'),
      flag.illustrative && markChip(app, 'illustrative'),
      flag.shadow && markChip(app, 'shadow'),
      h(
        'span',
        { class: 'certainty' },
        app.t(flag.certainty === 'CERTAIN' ? 'detail.certain' : 'detail.possible'),
      ),
    ),
    numbers(app, flag),
    excluded(app, flag),
    h(
      'p',
      { class: 'rule' },
      app.t('detail.flag.rule', { rule: flag.rule_id, version: flag.rule_version }),
    ),
  )
}

function numbers(app: App, flag: Flag): HTMLElement | null {
  const rows = numberRows(flag.numbers)
  if (rows.length === 0) return null
  const first = table(app, rows.slice(0, FIRST_NUMBERS))
  const rest = rows.slice(FIRST_NUMBERS)
  if (rest.length === 0) return first
  const summary = h('summary', {}, app.t('detail.numbers.more', { n: rows.length }))
  return h('div', {}, first, h('details', { class: 'excluded' }, summary, table(app, rest)))
}

function table(app: App, rows: readonly NumberRow[]): HTMLElement {
  return h(
    'table',
    { class: 'numbers' },
    h('caption', { class: 'unseen' }, app.t('detail.numbers')),
    h(
      'tbody',
      {},
      ...rows.map(({ label, value }) =>
        h('tr', {}, h('th', { scope: 'row' }, label), h('td', {}, value)),
      ),
    ),
  )
}

function excluded(app: App, flag: Flag): HTMLElement | null {
  if (flag.excluded.length === 0) return null
  return h(
    'details',
    { class: 'excluded' },
    h('summary', {}, `${app.t('detail.excluded')} (${flag.excluded.length})`),
    h('ul', {}, ...flag.excluded.map((each) => h('li', {}, each))),
  )
}
