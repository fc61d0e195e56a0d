/** What the page knows and shows: the shape of the one store. */

import type { ClockReading } from './clock'
import { DEFAULT_FILTERS, type Filters } from './filters'
import type { Language } from './labels'
import type { Route } from './route'
import type { Store } from './store'
import type { Alert, AlertDetail, IncidentDetail, IncidentFeature, Me } from './types'

export type SessionState = 'unknown' | 'out' | 'in' | 'expired'
export type FeedState = 'idle' | 'connecting' | 'open' | 'lost'
export type Theme = 'light' | 'dark'
export type InboxScope = 'unanswered' | 'open' | 'all'
/** What a narrow screen shows; a wide one shows all. */
export type View = 'inbox' | 'map' | 'detail'
export type MapMode = 'map' | 'list'
export type CodeListName = 'event_type' | 'actor_type' | 'no_response_reason'
export type Labels = ReadonlyMap<string, Readonly<Record<string, string>>>
export type Loading = 'loading' | 'ready' | 'failed'

export interface Notice {
  readonly tone: 'info' | 'error'
  readonly text: string
}

/** The place that the map should show, with its circle of uncertainty. */
export interface Focus {
  readonly id: string
  readonly lon: number
  readonly lat: number
  readonly radius_m: number | null
}

export interface State {
  readonly session: SessionState
  readonly me: Me | null
  readonly clock: ClockReading | null
  readonly feed: FeedState
  readonly route: Route
  readonly view: View
  readonly mapMode: MapMode
  readonly webgl: boolean
  readonly theme: Theme
  readonly language: Language
  readonly alerts: ReadonlyMap<string, Alert>
  readonly alertsState: Loading
  readonly alertsTruncated: boolean
  readonly scope: InboxScope
  readonly incidents: ReadonlyMap<string, IncidentFeature>
  readonly incidentsState: Loading
  readonly incidentsTruncated: boolean
  readonly filters: Filters
  readonly heat: boolean
  readonly alertDetail: AlertDetail | null
  readonly incidentDetail: IncidentDetail | null
  readonly detailState: Loading
  readonly detailError: string
  readonly notice: Notice | null
  readonly focus: Focus | null
  readonly problem: string
  /** Labels of the code lists, by the list's name and the code. */
  readonly codes: ReadonlyMap<CodeListName, Labels>
}

export type AppStore = Store<State>

export function initialState(start: {
  route: Route
  theme: Theme
  language: Language
  webgl: boolean
}): State {
  return {
    session: 'unknown',
    me: null,
    clock: null,
    feed: 'idle',
    view: 'inbox',
    mapMode: start.webgl ? 'map' : 'list',
    alerts: new Map(),
    alertsState: 'loading',
    alertsTruncated: false,
    scope: 'open',
    incidents: new Map(),
    incidentsState: 'loading',
    incidentsTruncated: false,
    filters: DEFAULT_FILTERS,
    heat: false,
    alertDetail: null,
    incidentDetail: null,
    detailState: 'loading',
    detailError: '',
    notice: null,
    focus: null,
    problem: '',
    codes: new Map(),
    ...start,
  }
}
