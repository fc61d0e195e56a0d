/** What /v1 answers, as the contracts in schemas/ define it. */

export type BandCode = 1 | 2 | 3 | 4
export type AlertState =
  | 'RAISED'
  | 'ACKNOWLEDGED'
  | 'ASSESSING'
  | 'RESPONSE_DECIDED'
  | 'RESPONDING'
  | 'ON_SCENE'
  | 'RESOLVED'
  | 'FALSE_ALARM'
  | 'DUPLICATE'
  | 'EXPIRED_UNANSWERED'
  | 'CANNOT_RESPOND'
  | 'WITHDRAWN'

export interface Area {
  readonly west: number
  readonly south: number
  readonly east: number
  readonly north: number
}

export interface Mission {
  readonly mission_id: string
  readonly name: string
  readonly time_zone: string
  readonly replay: boolean
  readonly now: string
  readonly area: Area
  readonly disclaimer?: string
}

export interface Me {
  readonly user_id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly level: number
  readonly areas: readonly string[]
  readonly csrf: string
  readonly mission: Mission
}

export interface Alert {
  readonly alert_id: string
  readonly number: number
  readonly seq: number
  readonly place_key: string
  readonly place_name: string
  readonly actor_class: string
  readonly day: number
  readonly state: AlertState
  readonly priority: number
  readonly band: BandCode
  readonly headline: string
  readonly flag_ids: readonly string[]
  readonly kinds: readonly string[]
  readonly lon: number | null
  readonly lat: number | null
  readonly retrospective: boolean
  readonly illustrative: boolean
  readonly paged: boolean
  readonly owner: string | null
  readonly continues: string | null
  readonly replaced_by: string | null
  readonly raised_at: string
  readonly updated_at: string
  readonly acknowledged_at: string | null
  readonly acknowledged_by: string | null
  readonly ack_due_at: string | null
}

export interface Evidence {
  readonly incident_id: string
  readonly reports: readonly (readonly [string, number])[]
}

export interface Flag {
  readonly flag_id: string
  readonly rule_id: string
  readonly rule_version: number
  readonly state: 'RAISED' | 'WITHDRAWN'
  readonly band: BandCode
  readonly priority: number
  readonly certainty: 'CERTAIN' | 'POSSIBLE'
  readonly unverified: boolean
  readonly retrospective: boolean
  readonly shadow: boolean
  readonly illustrative: boolean
  readonly place_name: string
  readonly actor_class: string
  readonly occurred_start: string
  readonly numbers: Readonly<Record<string, unknown>>
  readonly evidence: readonly Evidence[]
  readonly excluded: readonly string[]
  readonly explanation: string
}

export interface Transition {
  readonly alert_id: string
  readonly seq: number
  readonly kind: string
  readonly at: string
  readonly by: string
  readonly from_state: AlertState | null
  readonly to_state: AlertState
  readonly priority: number
  readonly note: string | null
  readonly reason: string | null
}

export interface Delivery {
  readonly endpoint_id: string
  readonly seq: number
  readonly state: string
  readonly attempts: number
  readonly last_status: number | null
  readonly last_error?: string | null
  readonly delivered_at: string | null
}

export interface IncidentProperties {
  readonly event_type: string
  readonly event_class: string
  readonly label?: string
  readonly occurred_start: string
  readonly day: number
  readonly severity: number
  readonly radius_m: number | null
  readonly precision: string
  readonly adm1: string | null
  readonly adm2: string | null
  readonly adm2_name?: string | null
  readonly actor_class: string
  readonly n_reports: number
  readonly n_independent: number
  readonly killed_best?: number
  readonly civilians_killed_best?: number
  readonly revision: number
  readonly exercise: boolean
  readonly illustrative: boolean
  readonly retracted: boolean
}

export interface IncidentFeature {
  readonly type: 'Feature'
  readonly id: string
  readonly geometry: GeoJSON.Point | null
  readonly properties: IncidentProperties
}

export interface Member {
  readonly report_id: string
  readonly root_id: string
  readonly revision: number
  readonly unit_id: string
  readonly received_at: string
  readonly occurred_start: string
  readonly event_type: string
  readonly source?: Readonly<Record<string, unknown>> | null
  readonly text?: string | null
  readonly warnings?: readonly unknown[]
}

export interface Nearby {
  readonly feature_id: string
  readonly layer: string
  readonly kind: string
  readonly name: string
  readonly distance_m: number
}

export interface Victims {
  readonly killed_min: number
  readonly killed_best: number
  readonly killed_max: number
  readonly civilians_killed_best: number
  readonly injured_best: number
  readonly un_killed_best: number
  readonly un_injured_best: number
}

export interface IncidentDetailProperties extends IncidentProperties {
  readonly occurred_end?: string | null
  readonly adm2_candidates?: readonly string[]
  readonly actor_tokens?: readonly string[]
  readonly victims?: Victims
  readonly reliability?: string
  readonly credibility?: string
  readonly nearby?: readonly Nearby[]
  readonly members?: readonly Member[]
}

export interface IncidentDetail extends Omit<IncidentFeature, 'properties'> {
  readonly properties: IncidentDetailProperties
}

export interface AlertDetail {
  readonly alert: Alert
  readonly flags: readonly Flag[]
  readonly transitions: readonly Transition[]
  readonly incidents: readonly IncidentFeature[]
  readonly deliveries: readonly Delivery[]
  readonly allowed: readonly AlertState[]
}

export interface AlertAction {
  readonly to_state: AlertState
  readonly seq: number
  readonly note?: string
  readonly reason?: string
}

export interface Change {
  readonly entity: string
  readonly id: string
  readonly revision?: number
  readonly seq: number
}

export interface Page<F> {
  readonly type: 'FeatureCollection'
  readonly features: readonly F[]
  readonly links?: readonly { readonly rel: string; readonly href: string }[]
  readonly timeStamp?: string
}

export interface CodeItem {
  readonly code: string
  readonly label: Readonly<Record<string, string>>
}
