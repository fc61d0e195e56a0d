/** The alert inbox: priority first, what nobody has answered stands out. */

import { headlineOf, inbox, isOpen, isUnanswered } from '../alerts'
import type { App } from '../app'
import { timeFormat } from '../clock'
import { h, replace, setText } from '../dom'
import type { InboxScope } from '../state'
import type { Alert } from '../types'
import { bandChip, dueText, markChip, stateChip } from './parts'

const SCOPES: readonly InboxScope[] = ['unanswered', 'open', 'all']
// More rows than anyone scrolls through; the rest is a tap away.
const ROWS_AT_ONCE = 60

interface Row {
  readonly element: HTMLLIElement
  readonly due: HTMLElement | null
  readonly alert: Alert
  readonly language: string
  readonly selected: boolean
}

export class InboxView {
  readonly element = h('section', {
    class: 'inbox',
    id: 'inbox',
    'data-testid': 'inbox',
    tabindex: -1,
  })
  private readonly title = h('h2')
  private readonly scopes = h('div', { class: 'segments', role: 'group' })
  private readonly list = h('ul', { class: 'rows' })
  private readonly foot = h('div', { class: 'inbox-foot' })
  private readonly app: App
  private rows = new Map<string, Row>()
  private limit = ROWS_AT_ONCE

  constructor(app: App) {
    this.app = app
    this.element.append(
      h('div', { class: 'inbox-head' }, this.title, this.scopes),
      this.list,
      this.foot,
    )
    app.store.on(['alerts', 'alertsState', 'scope', 'language', 'route', 'me'], () => this.render())
    app.store.on(['scope'], () => {
      this.limit = ROWS_AT_ONCE
      this.list.scrollTop = 0
    })
    this.list.addEventListener('keydown', (event) => this.step(event))
    this.render()
  }

  /** Called as time passes: only the words about time change. */
  tick(): void {
    const nowMs = this.app.nowMs()
    for (const row of this.rows.values()) this.showDue(row, nowMs)
  }

  /** The arrow keys go from alert to alert. */
  private step(event: KeyboardEvent): void {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (by === 0) return
    const links = [...this.list.querySelectorAll<HTMLElement>('.row')]
    const at = links.findIndex((link) => link === document.activeElement)
    event.preventDefault()
    links[Math.max(0, at + by)]?.focus()
  }

  private render(): void {
    const { alerts, scope } = this.app.store.get()
    setText(this.title, this.app.t('inbox.title'))
    this.renderScopes()
    const found = inbox(alerts.values(), scope)
    this.place(found.slice(0, this.limit))
    this.renderFoot(found.length)
    this.tick()
  }

  private renderScopes(): void {
    const { alerts, scope } = this.app.store.get()
    this.scopes.setAttribute('aria-label', this.app.t('inbox.scope'))
    const count = (each: InboxScope): string =>
      each === 'all' ? '' : ` ${inbox(alerts.values(), each).length}`
    const buttons = SCOPES.map((each) =>
      h(
        'button',
        {
          type: 'button',
          'data-key': `scope-${each}`,
          'aria-pressed': String(each === scope),
          onclick: () => this.app.setScope(each),
        },
        this.app.t(`inbox.${each}`),
        count(each) === '' ? null : h('span', { class: 'count' }, count(each)),
      ),
    )
    replace(this.scopes, ...buttons)
  }

  /** Keep the rows that stay: a reader's focus and a finger on its way down must not be lost. */
  private place(alerts: readonly Alert[]): void {
    const kept = new Map<string, Row>()
    const wanted: HTMLLIElement[] = []
    let heading = ''
    for (const alert of alerts) {
      const group = !isOpen(alert) ? 'closed' : alert.retrospective ? 'retrospective' : ''
      if (group !== '' && group !== heading) wanted.push(this.heading(group))
      heading = group
      const row = this.row(alert)
      kept.set(alert.alert_id, row)
      wanted.push(row.element)
    }
    this.rows = kept
    this.arrange(wanted)
  }

  private arrange(wanted: readonly HTMLLIElement[]): void {
    const keep = new Set<Element>(wanted)
    const focused = document.activeElement
    for (const child of [...this.list.children]) if (!keep.has(child)) child.remove()
    wanted.forEach((element, index) => {
      if (this.list.children[index] !== element)
        this.list.insertBefore(element, this.list.children[index] ?? null)
    })
    if (focused instanceof HTMLElement && this.list.contains(focused))
      focused.focus({ preventScroll: true })
  }

  private heading(group: 'closed' | 'retrospective'): HTMLLIElement {
    return h('li', { class: 'rows-heading' }, h('h3', {}, this.app.t(`inbox.${group}`)))
  }

  private row(alert: Alert): Row {
    const { language, route } = this.app.store.get()
    const selected = route.page === 'alert' && route.id === alert.alert_id
    const known = this.rows.get(alert.alert_id)
    const isSame = known?.alert === alert && known.language === language
    if (isSame && known.selected === selected) return known
    const due = isUnanswered(alert) ? h('p', { class: 'due' }) : null
    const element = known?.element ?? h('li', {})
    replace(element, this.link(alert, due, selected))
    return { element, due, alert, language, selected }
  }

  private link(alert: Alert, due: HTMLElement | null, selected: boolean): HTMLElement {
    const { app } = this
    return h(
      'a',
      {
        class: `row row-band-${alert.band}${isUnanswered(alert) ? ' row-unanswered' : ''}`,
        href: `#/alerts/${encodeURIComponent(alert.alert_id)}`,
        'data-key': alert.alert_id,
        'data-testid': 'alert-row',
        'data-alert-id': alert.alert_id,
        'data-state': alert.state,
        'data-priority': alert.priority,
        'data-retrospective': String(alert.retrospective),
        'aria-current': selected ? 'true' : null,
      },
      h(
        'span',
        { class: 'row-top' },
        bandChip(app, alert.band),
        h('span', { class: 'number' }, `A ${alert.number}`),
        h('span', { class: 'priority' }, app.t('inbox.priority', { n: alert.priority })),
        alert.retrospective && markChip(app, 'retrospective'),
        alert.illustrative && markChip(app, 'illustrative'),
      ),
      h('span', { class: 'headline' }, headlineOf(alert)),
      h('span', { class: 'row-meta' }, ...this.meta(alert)),
      due,
    )
  }

  private meta(alert: Alert): readonly HTMLElement[] {
    const { me, language } = this.app.store.get()
    const format = timeFormat(me?.mission.time_zone ?? 'UTC', language)
    const raised = h(
      'time',
      { datetime: alert.raised_at },
      format.dateTime(Date.parse(alert.raised_at)),
    )
    const reasons = alert.flag_ids.length
    const why =
      reasons === 1 ? this.app.t('inbox.reason') : this.app.t('inbox.reasons', { n: reasons })
    const state = isUnanswered(alert) ? [] : [stateChip(this.app, alert)]
    return [...state, raised, h('span', {}, why)]
  }

  private showDue(row: Row, nowMs: number): void {
    if (row.due === null) return
    const { tone, text } = dueText(this.app, row.alert, nowMs)
    setText(row.due, text)
    if (row.due.dataset['tone'] !== tone) row.due.dataset['tone'] = tone
  }

  private renderFoot(found: number): void {
    const { app } = this
    const { alertsState, scope, alertsTruncated, alerts } = app.store.get()
    if (alertsState === 'loading')
      return replace(this.foot, h('p', { class: 'quiet' }, app.t('app.loading')))
    if (alertsState === 'failed') return replace(this.foot, this.failed())
    if (found === 0)
      return replace(this.foot, h('p', { class: 'quiet' }, app.t(`inbox.empty.${scope}`)))
    const rest = found - this.limit
    replace(
      this.foot,
      rest > 0 && this.more(Math.min(rest, ROWS_AT_ONCE)),
      alertsTruncated && h('p', { class: 'quiet' }, app.t('inbox.truncated', { n: alerts.size })),
    )
  }

  private failed(): HTMLElement {
    const retry = h(
      'button',
      { type: 'button', class: 'button', onclick: () => void this.app.loader.alerts() },
      this.app.t('app.retry'),
    )
    return h('p', { class: 'quiet' }, `${this.app.t('inbox.failed')} `, retry)
  }

  private more(n: number): HTMLElement {
    const show = (): void => {
      this.limit += ROWS_AT_ONCE
      this.render()
    }
    return h(
      'button',
      { type: 'button', class: 'button', 'data-key': 'more', onclick: show },
      this.app.t('inbox.more', { n }),
    )
  }
}
