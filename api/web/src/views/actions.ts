/** The next steps of an alert: acknowledge with one tap, the others with a note or a reason. */

import { isUnanswered, needsNote, needsReason } from '../alerts'
import type { App } from '../app'
import { h, replace, setText } from '../dom'
import { readable, wordFor } from '../labels'
import type { Alert, AlertState } from '../types'
import { dueText } from './parts'

// The course of an answer first; what ends it otherwise stands apart.
const COURSE: readonly AlertState[] = [
  'ASSESSING',
  'RESPONSE_DECIDED',
  'RESPONDING',
  'ON_SCENE',
  'RESOLVED',
]
const OUTCOMES: readonly AlertState[] = ['CANNOT_RESPOND', 'FALSE_ALARM', 'DUPLICATE']

export class ActionsView {
  readonly element = h('div', { class: 'section actions', 'data-testid': 'actions' })
  readonly inner = h('div', {})
  private readonly app: App
  private readonly due = h('p', { class: 'due' })
  private readonly notice = h('div', { class: 'notice', 'data-testid': 'notice' })
  private readonly steps = h('div', { class: 'steps' })
  private readonly form = h('div', {})
  private readonly note = h('textarea', {
    id: 'action-note',
    rows: 2,
    maxlength: 2000,
    'data-testid': 'action-note',
  })
  private chosen: AlertState | null = null
  private isBusy = false
  private shown = ''

  constructor(app: App) {
    this.app = app
    this.inner.append(this.notice, this.due, this.steps, this.form)
    app.store.on(['notice'], () => this.renderNotice())
    app.store.on(['language', 'codes'], () => this.render())
  }

  /** Another alert is open: what was typed for the one before does not belong to it. */
  forget(): void {
    this.chosen = null
    this.note.value = ''
    this.shown = ''
    replace(this.form)
  }

  tick(): void {
    const alert = this.app.store.get().alertDetail?.alert
    if (alert === undefined || !isUnanswered(alert)) {
      this.due.hidden = true
      return
    }
    const { tone, text } = dueText(this.app, alert, this.app.nowMs())
    this.due.hidden = false
    this.due.dataset['tone'] = tone
    setText(this.due, text)
  }

  render(): void {
    const { alertDetail, language, codes } = this.app.store.get()
    if (alertDetail === null) return
    const { allowed, alert } = alertDetail
    this.tick()
    this.renderNotice()
    const key = JSON.stringify([
      allowed,
      alert.state,
      language,
      codes.size,
      this.chosen,
      this.isBusy,
    ])
    if (key === this.shown) return
    this.shown = key
    if (this.chosen !== null && !allowed.includes(this.chosen)) this.chosen = null
    replace(this.steps, ...this.buttons(alert, allowed))
    replace(this.form, this.chosen === null ? null : this.stepForm(this.chosen))
  }

  private renderNotice(): void {
    const { notice } = this.app.store.get()
    this.notice.hidden = notice === null
    this.notice.className = `notice notice-${notice?.tone ?? 'info'}`
    this.notice.setAttribute('role', notice?.tone === 'error' ? 'alert' : 'status')
    setText(this.notice, notice?.text ?? '')
  }

  private buttons(alert: Alert, allowed: readonly AlertState[]): readonly (HTMLElement | null)[] {
    if (allowed.length === 0) return [h('p', { class: 'quiet' }, this.app.t('action.none'))]
    const group = (states: readonly AlertState[]): HTMLElement | null => {
      const possible = states.filter((state) => allowed.includes(state))
      if (possible.length === 0) return null
      return h('div', { class: 'step-group' }, ...possible.map((state) => this.stepButton(state)))
    }
    const first = allowed.includes('ACKNOWLEDGED')
    // Before someone has it, one button matters; the others wait behind a tap.
    if (first) return [this.acknowledge(alert), this.others([group(COURSE), group(OUTCOMES)])]
    return [group(COURSE), this.others([group(OUTCOMES)])]
  }

  private others(groups: readonly (HTMLElement | null)[]): HTMLElement | null {
    if (groups.every((each) => each === null)) return null
    const isOpen = this.steps.querySelector('details')?.open === true
    return h(
      'details',
      { class: 'other-steps', 'data-testid': 'other-steps', open: isOpen },
      h('summary', { 'data-key': 'others' }, this.app.t('action.other')),
      ...groups,
    )
  }

  private acknowledge(alert: Alert): HTMLElement {
    return h(
      'button',
      {
        type: 'button',
        class: 'button button-primary button-acknowledge',
        'data-key': 'acknowledge',
        'data-testid': 'acknowledge',
        disabled: this.isBusy,
        onclick: () => void this.take('ACKNOWLEDGED', ''),
      },
      this.isBusy
        ? this.app.t('action.busy')
        : `${this.app.t('do.ACKNOWLEDGED')} A ${alert.number}`,
    )
  }

  private stepButton(state: AlertState): HTMLElement {
    const onclick = (): void => {
      this.chosen = this.chosen === state ? null : state
      this.render()
      if (this.chosen !== null) this.form.querySelector<HTMLElement>('select, textarea')?.focus()
    }
    return h(
      'button',
      {
        type: 'button',
        class: 'button',
        'data-key': `step-${state}`,
        'data-testid': `step-${state}`,
        'aria-expanded': String(this.chosen === state),
        disabled: this.isBusy,
        onclick,
      },
      wordFor(this.app.store.get().language, 'do', state),
    )
  }

  private stepForm(state: AlertState): HTMLElement {
    const { app } = this
    const reason = needsReason(state) ? this.reasons() : null
    const fault = h('p', { class: 'form-error', role: 'alert' })
    const onsubmit = (event: Event): void => {
      event.preventDefault()
      if (reason?.value === '') {
        setText(fault, app.t('action.reason.missing'))
        reason.focus()
        return
      }
      if (needsNote(reason?.value ?? '') && this.note.value.trim() === '') {
        setText(fault, app.t('action.note.missing'))
        this.note.focus()
        return
      }
      void this.take(state, reason?.value ?? '')
    }
    const word = wordFor(app.store.get().language, 'do', state)
    return h(
      'form',
      { class: 'step-form', 'data-testid': 'step-form', onsubmit },
      reason &&
        h(
          'div',
          { class: 'field' },
          h('label', { for: reason.id }, app.t('action.reason')),
          reason,
        ),
      h(
        'div',
        { class: 'field' },
        h('label', { for: this.note.id }, app.t('action.note')),
        this.note,
      ),
      fault,
      h(
        'div',
        { class: 'step-group' },
        h(
          'button',
          {
            type: 'submit',
            class: 'button button-primary',
            'data-key': 'confirm',
            'data-testid': 'step-confirm',
            disabled: this.isBusy,
          },
          this.isBusy ? app.t('action.busy') : word,
        ),
        h(
          'button',
          { type: 'button', class: 'button', 'data-key': 'cancel', onclick: () => this.cancel() },
          app.t('action.cancel'),
        ),
      ),
    )
  }

  private reasons(): HTMLSelectElement {
    const { language, codes } = this.app.store.get()
    const reasons = codes.get('no_response_reason') ?? new Map<string, Record<string, string>>()
    const options = [...reasons].map(([code, label]) =>
      h('option', { value: code }, label[language] ?? readable(code)),
    )
    return h(
      'select',
      { id: 'action-reason', 'data-key': 'reason', 'data-testid': 'action-reason' },
      h('option', { value: '' }, this.app.t('action.reason.choose')),
      ...options,
    )
  }

  private cancel(): void {
    const state = this.chosen
    this.chosen = null
    this.render()
    this.steps.querySelector<HTMLElement>(`[data-key="step-${state ?? ''}"]`)?.focus()
  }

  private async take(state: AlertState, reason: string): Promise<void> {
    if (this.isBusy) return
    this.isBusy = true
    this.render()
    const note = state === 'ACKNOWLEDGED' ? '' : this.note.value.trim()
    try {
      // On failure the form stays, with what was typed.
      if (await this.app.act({ state, note, reason })) this.forget()
    } finally {
      this.isBusy = false
      this.render()
    }
  }
}
