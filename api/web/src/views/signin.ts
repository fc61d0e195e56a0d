/** Sign-in: with user id and password, or with a one-time link that sets the password. */

import type { App } from '../app'
import { h, replace, setText } from '../dom'
import { ApiError } from '../problem'

export const SHORTEST_PASSWORD = 12

export class SignInView {
  private readonly app: App
  private readonly gate: HTMLElement
  private readonly behind: HTMLElement
  private readonly error = h('p', {
    class: 'form-error',
    role: 'alert',
    id: 'signin-error',
    'data-testid': 'sign-in-error',
  })
  private shownFor = ''

  constructor(app: App, gate: HTMLElement, behind: HTMLElement) {
    this.app = app
    this.gate = gate
    this.behind = behind
    app.store.on(['session', 'route', 'language', 'problem'], () => this.render())
    this.render()
  }

  private render(): void {
    const { session, route, language, problem } = this.app.store.get()
    const byLink = route.page === 'sign-in' && route.token !== ''
    const isShown = byLink || session === 'out' || session === 'expired'
    this.gate.hidden = !isShown
    this.gate.className = session === 'expired' && !byLink ? 'gate gate-over' : 'gate'
    this.behind.toggleAttribute('inert', isShown)
    const key = isShown ? `${byLink ? 'link' : session}|${language}` : ''
    if (key !== this.shownFor) this.build(isShown, byLink)
    this.shownFor = key
    if (isShown && session === 'out' && problem !== '') setText(this.error, problem)
  }

  private build(isShown: boolean, byLink: boolean): void {
    if (!isShown) {
      const hadFocus = this.gate.contains(document.activeElement)
      replace(this.gate)
      // Give the keyboard a place to go on from.
      if (hadFocus) document.getElementById('inbox')?.focus({ preventScroll: true })
      return
    }
    setText(this.error, '')
    replace(this.gate, byLink ? this.linkForm() : this.form())
    const inputs = [...this.gate.querySelectorAll('input')]
    ;(inputs.find((input) => input.value === '') ?? inputs[0])?.focus()
  }

  private form(): HTMLElement {
    const { t } = this.app
    const user = this.input('user', 'text', 'username', 'sign-in-user')
    const password = this.input('password', 'password', 'current-password', 'sign-in-password')
    const isExpired = this.app.store.get().session === 'expired'
    const me = this.app.store.get().me
    if (isExpired && me !== null) user.value = me.user_id
    return this.frame({
      title: t('signin.title'),
      hint: isExpired ? t('signin.expired') : '',
      button: t('signin.button'),
      fields: [this.field(t('signin.user'), user), this.field(t('signin.password'), password)],
      submit: async () => this.app.signIn(user.value.trim(), password.value),
      refused: (error) => (error.status === 429 ? t('signin.wait') : t('signin.wrong')),
    })
  }

  private linkForm(): HTMLElement {
    const { t } = this.app
    const password = this.input('password', 'password', 'new-password', 'sign-in-password')
    const repeat = this.input('repeat', 'password', 'new-password', 'sign-in-password-repeat')
    const route = this.app.store.get().route
    const token = route.page === 'sign-in' ? route.token : ''
    return this.frame({
      title: t('signin.link.title'),
      hint: t('signin.link.hint'),
      button: t('signin.link.button'),
      fields: [
        this.field(t('signin.password'), password),
        this.field(t('signin.link.repeat'), repeat),
      ],
      submit: async () => {
        const fault = passwordFault(password.value, repeat.value)
        if (fault !== null) {
          setText(this.error, t(fault))
          return
        }
        await this.app.signInByLink(token, password.value)
      },
      refused: (error) => (error.status === 422 ? error.message : t('signin.link.used')),
    })
  }

  private frame(form: {
    title: string
    hint: string
    button: string
    fields: readonly HTMLElement[]
    submit: () => Promise<void>
    refused: (error: ApiError) => string
  }): HTMLElement {
    const button = h(
      'button',
      { type: 'submit', class: 'button button-primary', 'data-testid': 'sign-in-button' },
      form.button,
    )
    const onsubmit = (event: Event): void => {
      event.preventDefault()
      void this.send(button, form)
    }
    return h(
      'form',
      {
        class: 'signin',
        'data-testid': 'sign-in-form',
        'aria-labelledby': 'signin-title',
        onsubmit,
      },
      h('p', { class: 'signin-brand' }, this.app.t('app.name')),
      h('h1', { id: 'signin-title' }, form.title),
      form.hint !== '' && h('p', { class: 'hint' }, form.hint),
      ...form.fields,
      this.error,
      button,
    )
  }

  private async send(
    button: HTMLButtonElement,
    form: { button: string; submit: () => Promise<void>; refused: (error: ApiError) => string },
  ): Promise<void> {
    button.disabled = true
    setText(button, this.app.t('signin.busy'))
    setText(this.error, '')
    try {
      await form.submit()
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status < 500
      setText(this.error, isRefused ? form.refused(error) : this.app.loader.words(error))
    } finally {
      button.disabled = false
      setText(button, form.button)
    }
  }

  private input(
    name: string,
    type: string,
    autocomplete: string,
    testId: string,
  ): HTMLInputElement {
    return h('input', {
      id: `signin-${name}`,
      name,
      type,
      autocomplete,
      required: true,
      autocapitalize: 'none',
      spellcheck: 'false',
      'aria-describedby': 'signin-error',
      'data-testid': testId,
    })
  }

  private field(label: string, input: HTMLInputElement): HTMLElement {
    return h('div', { class: 'field' }, h('label', { for: input.id }, label), input)
  }
}

/** What is wrong with a new password, or null. */
export function passwordFault(
  password: string,
  repeat: string,
): 'signin.link.short' | 'signin.link.differ' | null {
  if (Array.from(password).length < SHORTEST_PASSWORD) return 'signin.link.short'
  return password === repeat ? null : 'signin.link.differ'
}
