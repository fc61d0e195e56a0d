/** What a person does with an alert, and what happens when someone else was faster. */

import { since } from './alerts'
import type { Api } from './api'
import { timeFormat } from './clock'
import { translator, wordFor } from './labels'
import type { Loader } from './loading'
import { ApiError } from './problem'
import type { AppStore } from './state'
import type { AlertState, Transition } from './types'

export interface Step {
  readonly state: AlertState
  readonly note: string
  readonly reason: string
}

/** Returns whether the step was taken. The notice in the store says what happened. */
export async function act(store: AppStore, api: Api, loader: Loader, step: Step): Promise<boolean> {
  const detail = store.get().alertDetail
  if (detail === null) return false
  const { alert } = detail
  const t = translator(store.get().language)
  store.set({ notice: null })
  try {
    const changed = await api.act(alert.alert_id, {
      to_state: step.state,
      seq: alert.seq,
      ...(step.note === '' ? {} : { note: step.note }),
      ...(step.reason === '' ? {} : { reason: step.reason }),
    })
    loader.keep([changed])
    const state = wordFor(store.get().language, 'state', changed.state)
    store.set({
      notice: { tone: 'info', text: t('action.done', { number: `A ${changed.number}`, state }) },
    })
    await loader.detail()
    return true
  } catch (error) {
    await explain(store, loader, error, alert.seq)
    return false
  }
}

async function explain(
  store: AppStore,
  loader: Loader,
  error: unknown,
  seq: number,
): Promise<void> {
  const t = translator(store.get().language)
  if (error instanceof ApiError && error.status === 401) {
    loader.fail(error)
    return
  }
  if (!(error instanceof ApiError && error.status === 409)) {
    const why = error instanceof ApiError ? error.message : loader.words(error)
    store.set({ notice: { tone: 'error', text: t('action.failed', { why }) } })
    return
  }
  await loader.detail()
  const fresh = store.get().alertDetail
  const steps = fresh === null ? [] : since(fresh.transitions, seq)
  const number = `A ${fresh?.alert.number ?? ''}`
  const what = steps.map((each) => inWords(store, each)).join(' ')
  // Nothing has happened since: then the step itself was refused.
  const text =
    steps.length === 0
      ? t('action.failed', { why: error.message })
      : t('action.changed', { number, what })
  store.set({ notice: { tone: 'error', text } })
}

function inWords(store: AppStore, step: Transition): string {
  const { language, me } = store.get()
  const format = timeFormat(me?.mission.time_zone ?? 'UTC', language)
  return translator(language)('action.changed.step', {
    time: format.time(Date.parse(step.at)),
    what: wordFor(language, 'state', step.to_state),
    who: step.by,
  })
}
