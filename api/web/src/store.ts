/** The state of the page, in one place. Values are replaced, never changed. */

export type Listener<S> = (state: S, before: S) => void

export interface Store<S> {
  readonly get: () => S
  readonly set: (patch: Partial<S>) => void
  /** Call `listener` after a change of any of the named fields. Returns how to stop. */
  readonly on: (fields: readonly (keyof S)[], listener: Listener<S>) => () => void
}

interface Subscription<S> {
  readonly fields: readonly (keyof S)[]
  readonly listener: Listener<S>
}

/**
 * Listeners run in the order of subscription, within `set`. One that sets again is served after
 * the round that is going on, so that all see the same states in the same order.
 */
export function createStore<S extends object>(initial: S): Store<S> {
  let state = initial
  const subscriptions = new Set<Subscription<S>>()
  const rounds: { before: S; after: S }[] = []
  let serving = false

  const tell = (before: S, after: S): void => {
    for (const { fields, listener } of [...subscriptions]) {
      if (fields.some((field) => before[field] !== after[field])) listener(after, before)
    }
  }

  const serve = (): void => {
    if (serving) return
    serving = true
    try {
      for (let round = rounds.shift(); round !== undefined; round = rounds.shift()) {
        const { before, after } = round
        tell(before, after)
      }
    } finally {
      serving = false
    }
  }

  return {
    get: () => state,
    set: (patch) => {
      const before = state
      state = { ...state, ...patch }
      rounds.push({ before, after: state })
      serve()
    },
    on: (fields, listener) => {
      const subscription = { fields, listener }
      subscriptions.add(subscription)
      return () => subscriptions.delete(subscription)
    },
  }
}
