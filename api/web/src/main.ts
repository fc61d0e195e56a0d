/** Joins the parts to the browser: the only module that knows where the page runs. */

import { Api } from './api'
import { App } from './app'
import { byId, h } from './dom'
import type { Timers } from './feed'
import { type Language, startLanguage } from './labels'
import { parseRoute } from './route'
import { initialState, type Theme } from './state'
import { createStore } from './store'
import { Announcer } from './views/announcer'
import { DetailView } from './views/detail'
import { InboxView } from './views/inbox'
import { Shell } from './views/shell'
import { SignInView } from './views/signin'
import { Stage } from './views/stage'

const timers: Timers = {
  after: (ms, action) => {
    const timer = window.setTimeout(action, ms)
    return () => window.clearTimeout(timer)
  },
  random: () => Math.random(),
}

function recall(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    // Storage may be switched off; then the page just forgets.
    return null
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // As above.
  }
}

function startTheme(): Theme {
  const stored = recall('theme')
  if (stored === 'light' || stored === 'dark') return stored
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

/** Ask for what MapLibre asks for, so that its failure is known before it is fetched. */
function canDrawMap(): boolean {
  return h('canvas').getContext('webgl2') !== null
}

function makeApp(): App {
  const language: Language = startLanguage(navigator.languages, recall('language'))
  const store = createStore(
    initialState({
      route: parseRoute(location.hash),
      theme: startTheme(),
      language,
      webgl: canDrawMap(),
    }),
  )
  return new App(store, new Api((path, init) => fetch(path, init)), {
    monotonicMs: () => performance.now(),
    timers,
    openStream: (path) => new EventSource(path),
    remember,
    setHash: (hash) => {
      if (location.hash === hash) return
      // The token of a one-time link is used up: it does not stay in the history.
      if (location.hash.startsWith('#/sign-in')) history.replaceState(null, '', hash)
      else location.hash = hash
    },
  })
}

function mount(app: App): void {
  const root = byId('app')
  const shell = new Shell(app)
  const inbox = new InboxView(app)
  const detail = new DetailView(app)
  const stage = new Stage(app)
  const desk = h('main', { class: 'desk' }, inbox.element, stage.element, detail.element)
  root.append(shell.header, shell.banners, desk, shell.tabs)
  new SignInView(app, byId('gate'), root)
  new Announcer(app, byId('announcer'), timers)

  const arrange = (): void => {
    const { view, route, theme } = app.store.get()
    desk.dataset['view'] = view
    desk.dataset['panel'] = String(route.page === 'alert' || route.page === 'incident')
    document.documentElement.dataset['theme'] = theme
  }
  app.store.on(['view', 'route', 'theme'], arrange)
  arrange()

  // Once a second is enough for words about minutes.
  window.setInterval(() => {
    shell.tick()
    inbox.tick()
    detail.tick()
  }, 1000)
  window.addEventListener('hashchange', () => app.onHash(location.hash))
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && app.store.get().session === 'in') app.navigate({ page: 'home' })
  })
  window.addEventListener('online', () => app.nudge())
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') app.nudge()
  })
}

const app = makeApp()
mount(app)
void app.start()
