/** The frame: header with the mission's clock, banners, and the tabs of a narrow screen. */

import { isUnanswered } from '../alerts'
import type { App } from '../app'
import { timeFormat } from '../clock'
import { h, replace, setText } from '../dom'

export class Shell {
  readonly header = h('header', { class: 'top' })
  readonly banners = h('div', { class: 'banners' })
  readonly tabs = h('nav', { class: 'tabs' })
  private readonly app: App
  private readonly clock = h('span', { class: 'clock-time' })
  private readonly zone = h('span', { class: 'clock-zone' })
  private readonly feed = h('span', { class: 'feed', role: 'status', 'data-testid': 'feed-state' })
  private readonly replayDate = h('strong')
  private readonly replay = h('div', {
    class: 'banner banner-replay',
    'data-testid': 'replay-banner',
    hidden: true,
  })
  private readonly lost = h('div', {
    class: 'banner banner-lost',
    role: 'alert',
    'data-testid': 'lost-banner',
    hidden: true,
  })
  private readonly problem = h('div', {
    class: 'banner banner-problem',
    role: 'alert',
    'data-testid': 'problem',
    hidden: true,
  })
  private lostAt = ''

  constructor(app: App) {
    this.app = app
    this.banners.append(this.replay, this.lost, this.problem)
    app.store.on(['me', 'language', 'theme'], () => this.renderHeader())
    app.store.on(['me', 'language', 'feed'], () => this.renderFeed())
    app.store.on(['problem', 'language', 'session'], () => this.renderProblem())
    app.store.on(['view', 'alerts', 'language'], () => this.renderTabs())
    app.store.on(['clock', 'language'], () => this.tick())
    app.store.on(['alerts'], () => this.renderTitle())
    this.renderHeader()
    this.renderFeed()
    this.renderTabs()
  }

  tick(): void {
    const { me, language, clock } = this.app.store.get()
    if (me === null || clock === null) return
    const format = timeFormat(me.mission.time_zone, language)
    const nowMs = this.app.nowMs()
    setText(this.clock, format.dateTime(nowMs))
    setText(this.zone, format.offset(nowMs))
    this.replay.hidden = !me.mission.replay
    setText(this.replayDate, this.app.t('header.replay', { date: format.date(nowMs) }))
  }

  private renderHeader(): void {
    const { app } = this
    const { me, theme, language } = app.store.get()
    document.documentElement.lang = language
    const other = theme === 'dark' ? 'light' : 'dark'
    replace(
      this.header,
      h(
        'a',
        { class: 'skip', href: '#inbox', onclick: (event) => this.skip(event) },
        app.t('app.skip'),
      ),
      h('h1', { class: 'brand' }, app.t('app.name')),
      h('span', { class: 'mission', title: me?.mission.name ?? '' }, me?.mission.name ?? ''),
      h(
        'span',
        { class: 'clock', title: app.t('clock.mission'), 'data-testid': 'mission-clock' },
        this.clock,
        ' ',
        this.zone,
      ),
      this.feed,
      this.tool('language', app.t('header.language'), language === 'en' ? 'FR' : 'EN', () =>
        app.setLanguage(language === 'en' ? 'fr' : 'en'),
      ),
      this.tool('theme', app.t(`header.theme.${other}`), other === 'dark' ? '☾' : '☀', () =>
        app.setTheme(other),
      ),
      this.tool(
        'sign-out',
        app.t('header.signout'),
        app.t('header.signout'),
        () => void app.signOut(),
      ),
    )
    replace(this.replay, this.replayDate, h('span', {}, app.t('header.replay.note')))
    this.tick()
  }

  private tool(name: string, label: string, text: string, onclick: () => void): HTMLElement {
    return h(
      'button',
      {
        type: 'button',
        class: `tool tool-${name}`,
        'data-key': name,
        'data-testid': name,
        'aria-label': label,
        title: label,
        onclick,
      },
      text,
    )
  }

  private skip(event: Event): void {
    event.preventDefault()
    document.getElementById('inbox')?.focus()
  }

  private renderFeed(): void {
    const { feed, me, language } = this.app.store.get()
    const isLost = feed === 'lost'
    this.feed.dataset['state'] = feed
    setText(
      this.feed,
      this.app.t(isLost ? 'feed.lost' : feed === 'open' ? 'feed.open' : 'feed.connecting'),
    )
    if (isLost && this.lost.hidden && me !== null) {
      this.lostAt = timeFormat(me.mission.time_zone, language).dateTime(this.app.nowMs())
    }
    setText(this.lost, isLost ? this.app.t('feed.lost.long', { time: this.lostAt }) : '')
    this.lost.hidden = !isLost
  }

  private renderProblem(): void {
    const { problem, session } = this.app.store.get()
    const isShown = problem !== '' && session === 'in'
    this.problem.hidden = !isShown
    if (!isShown) return replace(this.problem)
    const retry = h(
      'button',
      { type: 'button', class: 'button', 'data-key': 'retry', onclick: () => this.retry() },
      this.app.t('app.retry'),
    )
    replace(this.problem, h('span', {}, problem), retry)
  }

  private retry(): void {
    this.app.store.set({ problem: '' })
    this.app.nudge()
    void this.app.loader.everything()
  }

  private renderTabs(): void {
    const { view } = this.app.store.get()
    const tab = (name: 'inbox' | 'map', text: string, count = ''): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          'data-key': `tab-${name}`,
          'data-testid': `tab-${name}`,
          'aria-current': view === name || (name === 'inbox' && view === 'detail') ? 'page' : null,
          onclick: () => this.app.show(name),
        },
        text,
        count === '' ? null : h('span', { class: 'badge' }, count),
      )
    const waiting = this.waiting()
    replace(
      this.tabs,
      tab('inbox', this.app.t('tab.inbox'), waiting === 0 ? '' : String(waiting)),
      tab('map', this.app.t('tab.map')),
    )
  }

  private waiting(): number {
    return [...this.app.store.get().alerts.values()].filter(isUnanswered).length
  }

  /** Seen in the browser's bar while another page is in front. */
  private renderTitle(): void {
    const waiting = this.waiting()
    document.title = waiting === 0 ? 'Tocsin' : `(${waiting}) Tocsin`
  }
}
