/** The panel: one alert or one incident, as the address says. */

import type { App } from '../app'
import { h, replace } from '../dom'
import type { State } from '../state'
import { ActionsView } from './actions'
import { deliveries, evidence, header, ledger } from './alert'
import { incidentBody } from './incident'
import { whyList } from './why'

/** A part of the panel that is drawn again only when what it shows has changed. */
interface Section {
  readonly element: HTMLElement
  readonly draw: (state: State) => readonly (HTMLElement | null)[]
  readonly shows: (state: State) => unknown
}

export class DetailView {
  readonly element = h('section', { class: 'panel', 'data-testid': 'detail', hidden: true })
  private readonly app: App
  private readonly body = h('div', { class: 'panel-body', tabindex: -1 })
  private readonly bar = h('div', { class: 'panel-bar' })
  private readonly actions: ActionsView
  private readonly sections: readonly Section[]
  private drawn = new Map<Section, string>()
  private openId = ''

  constructor(app: App) {
    this.app = app
    this.actions = new ActionsView(app)
    this.sections = this.alertSections()
    this.element.append(this.bar, this.body)
    app.store.on(
      ['route', 'alertDetail', 'incidentDetail', 'detailState', 'language', 'codes', 'session'],
      () => this.render(),
    )
    this.render()
  }

  tick(): void {
    this.actions.tick()
  }

  private render(): void {
    const state = this.app.store.get()
    const { route } = state
    const isOpen = route.page === 'alert' || route.page === 'incident'
    this.element.hidden = !isOpen
    if (!isOpen) {
      this.close()
      return
    }
    const isNew = this.openId !== `${route.page}/${route.id}`
    this.openId = `${route.page}/${route.id}`
    this.renderBar(state)
    if (isNew) this.start()
    if (state.detailState === 'failed')
      this.whole(h('p', { class: 'quiet', role: 'alert' }, state.detailError))
    else if (route.page === 'alert') this.renderAlert(state)
    else this.renderIncident(state)
    if (isNew) this.body.focus({ preventScroll: true })
  }

  private start(): void {
    this.drawn.clear()
    this.actions.forget()
    this.whole(h('p', { class: 'quiet' }, this.app.t('app.loading')))
    this.body.scrollTop = 0
  }

  private close(): void {
    const hadFocus = this.element.contains(document.activeElement)
    const [page, id] = this.openId.split('/')
    this.openId = ''
    this.drawn.clear()
    replace(this.body)
    if (!hadFocus) return
    const row =
      page === 'alert' ? document.querySelector(`[data-alert-id="${CSS.escape(id ?? '')}"]`) : null
    const target = row ?? document.getElementById('inbox')
    if (target instanceof HTMLElement) target.focus({ preventScroll: true })
  }

  private whole(...children: readonly (HTMLElement | null)[]): void {
    this.drawn.clear()
    replace(this.body, ...children)
  }

  private renderBar(state: State): void {
    const { app } = this
    const alert = state.alertDetail?.alert
    const cameFromAlert = state.route.page === 'incident' && alert !== undefined
    replace(
      this.bar,
      cameFromAlert &&
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            'data-key': 'to-alert',
            'data-testid': 'back-to-alert',
            onclick: () => app.navigate({ page: 'alert', id: alert.alert_id }),
          },
          `‹ ${app.t('detail.to.alert', { number: `A ${alert.number}` })}`,
        ),
      h(
        'button',
        {
          type: 'button',
          class: 'button panel-close',
          'data-key': 'close',
          'data-testid': 'detail-close',
          onclick: () => app.navigate({ page: 'home' }),
        },
        app.t('detail.close'),
        h('span', { 'aria-hidden': 'true' }, ' ✕'),
      ),
    )
  }

  private renderAlert(state: State): void {
    const detail = state.alertDetail
    if (detail === null) return
    this.body.setAttribute('aria-labelledby', 'detail-title')
    if (this.drawn.size === 0) {
      replace(this.body, ...this.sections.map((section) => section.element))
    }
    for (const section of this.sections) {
      const shown = JSON.stringify([section.shows(state), state.language])
      if (this.drawn.get(section) === shown) continue
      this.drawn.set(section, shown)
      replace(section.element, ...section.draw(state))
    }
    this.actions.render()
  }

  private renderIncident(state: State): void {
    if (state.incidentDetail === null) return
    this.body.setAttribute('aria-labelledby', 'detail-title')
    this.whole(...incidentBody(this.app, state.incidentDetail))
  }

  private alertSections(): readonly Section[] {
    const { app } = this
    const of = (
      draw: (detail: NonNullable<State['alertDetail']>) => readonly (HTMLElement | null)[],
      shows: (state: State) => unknown,
      element: HTMLElement = h('div', { class: 'section' }),
    ): Section => ({
      element,
      shows,
      draw: (state) => (state.alertDetail === null ? [] : draw(state.alertDetail)),
    })
    const actionsShell: Section = {
      element: this.actions.element,
      shows: () => 0,
      draw: () => [this.actions.inner],
    }
    return [
      of(
        (detail) => header(app, detail),
        (state) => state.alertDetail?.alert,
      ),
      actionsShell,
      of(
        (detail) => whyList(app, detail),
        (state) => state.alertDetail?.flags,
      ),
      of(
        (detail) => evidence(app, detail),
        (state) => [state.alertDetail?.incidents, state.codes.size],
      ),
      of(
        (detail) => ledger(app, detail),
        (state) => [state.alertDetail?.transitions, state.codes.size],
      ),
      of(
        (detail) => deliveries(app, detail),
        (state) => state.alertDetail?.deliveries,
      ),
    ]
  }
}
