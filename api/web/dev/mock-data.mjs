/**
 * Plausible /v1 data from the sample mission's files: real events and places, and alerts made up
 * from them by rules far simpler than the product's. For developing and testing the page only.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const SAMPLE = new URL('../../../deploy/demo/south_sudan/', import.meta.url)
export const DAY_MS = 86_400_000

function csv(name) {
  const lines = readFileSync(new URL(name, SAMPLE), 'utf8').trim().split('\n')
  const heads = cells(lines[0])
  return lines.slice(1).map((line) => {
    const row = cells(line)
    return Object.fromEntries(heads.map((head, index) => [head, row[index] ?? '']))
  })
}

/** Quoted cells may hold commas; none of the sample's holds a quote or a line break. */
function cells(line) {
  return [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].slice(0, -1).map((m) => m[2] ?? m[1])
}

function uuid(...parts) {
  const hex = createHash('sha256').update(parts.join('|')).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const RADIUS = { 1: 1000, 2: 25000, 3: 25000 }
const TYPES = {
  1: ['AC_CLASH', 'CLASH'],
  2: ['VC_INTERCOMMUNAL', 'COMMUNAL'],
  3: ['VC_KILLING', 'VAC'],
}

function severity(best) {
  return best >= 25 ? 5 : best >= 5 ? 4 : 3
}

function incidentOf(event) {
  const [type, eventClass] = TYPES[event.type_of_violence]
  const at = Date.parse(`${event.date_start}T06:00:00Z`) + (Number(event.id) % 12) * 3_600_000
  const best = Number(event.best)
  return {
    type: 'Feature',
    id: uuid('incident', event.id),
    geometry: { type: 'Point', coordinates: [Number(event.longitude), Number(event.latitude)] },
    properties: {
      event_type: type,
      event_class: eventClass,
      occurred_start: new Date(at).toISOString().replace('.000Z', 'Z'),
      day: Math.floor((at + 3 * 3_600_000) / DAY_MS),
      severity: severity(best),
      radius_m: RADIUS[event.where_prec] ?? 25000,
      precision: event.where_prec === '1' ? 'P3' : 'P6',
      adm1: event.adm_1,
      adm2: event.adm_2,
      adm2_name: event.adm_2.replace(' county', ''),
      actor_class: event.type_of_violence === '1' ? 'STATE_MILITARY' : 'ARMED_GROUP',
      actor_tokens: [event.side_a, event.side_b].filter((side) => side !== 'Civilians'),
      n_reports: 1 + (Number(event.id) % 3),
      n_independent: 1 + (Number(event.id) % 2),
      killed_best: best,
      civilians_killed_best: Number(event.deaths_civilians),
      victims: {
        killed_min: Number(event.low),
        killed_best: best,
        killed_max: Number(event.high),
        civilians_killed_best: Number(event.deaths_civilians),
        injured_best: 0,
        un_killed_best: 0,
        un_injured_best: 0,
      },
      reliability: 'C',
      credibility: '3',
      revision: 1,
      exercise: false,
      illustrative: false,
      retracted: false,
    },
  }
}

function illustrative(id, values) {
  const at = Date.parse(values.at)
  return {
    type: 'Feature',
    id: uuid('incident', id),
    geometry: { type: 'Point', coordinates: values.place },
    properties: {
      ...values.properties,
      occurred_start: values.at,
      day: Math.floor((at + 3 * 3_600_000) / DAY_MS),
      radius_m: 100,
      precision: 'P2',
      actor_class: 'UNKNOWN_ARMED',
      n_reports: 1,
      n_independent: 1,
      killed_best: 0,
      civilians_killed_best: 0,
      reliability: 'C',
      credibility: '3',
      revision: 1,
      exercise: false,
      illustrative: true,
      retracted: false,
    },
  }
}

const MADE_UP = [
  illustrative('un-1', {
    at: '2013-12-19T11:20:00Z',
    place: [33.005, 7.788],
    properties: {
      event_type: 'UN_ATTACK_BASE',
      event_class: 'UN_ATTACK',
      severity: 4,
      adm1: 'SS03',
      adm2: 'SS0301',
      adm2_name: 'Akobo',
    },
  }),
  illustrative('threat-1', {
    at: '2013-12-19T17:45:00Z',
    place: [29.79, 9.27],
    properties: {
      event_type: 'VC_IMMINENT_THREAT',
      event_class: 'THREAT',
      severity: 2,
      adm1: 'SS06',
      adm2: 'SS0609',
      adm2_name: 'Rubkona',
    },
  }),
]

export function incidents() {
  const events = csv('ucdp_events.csv').filter(
    ({ date_start: date, where_prec: where }) =>
      date >= '2013-06-01' && date <= '2014-02-15' && Number(where) <= 3,
  )
  return [...events.map(incidentOf), ...MADE_UP].sort((a, b) =>
    a.properties.occurred_start < b.properties.occurred_start ? -1 : 1,
  )
}

function bandOf(incident) {
  const {
    event_class: kind,
    killed_best: killed,
    civilians_killed_best: civilians,
  } = incident.properties
  if (kind === 'UN_ATTACK' || killed >= 25) return 4
  if (kind === 'THREAT' || civilians > 0 || killed >= 10) return 3
  return killed >= 3 ? 2 : 1
}

const RULES = { UN_ATTACK: 'R08', THREAT: 'R09', VAC: 'R01', CLASH: 'R05', COMMUNAL: 'R03' }

function sentence(incident, rule, place) {
  const { killed_best: killed } = incident.properties
  const words = {
    R08: `A UN base near ${place} was attacked. Every attack on the UN is critical.`,
    R09: `One credible threat of violence near ${place} within 24 hours. A single report is enough.`,
    R01: `Violence against civilians, ${killed} killed, 3.2 km from the nearest site where civilians are (${place}).`,
    R05: `Second clash of the same sides within 20 km and 28 days of ${place}: the risk of a third is raised.`,
    R03: `3 incidents in 7 days in ${place}, where the 12 weeks before explain 0.4.`,
  }
  return words[rule]
}

export function flagOf(incident) {
  const { event_class: kind, adm2_name: place } = incident.properties
  const rule = RULES[kind]
  const band = bandOf(incident)
  return {
    flag_id: uuid('flag', rule, incident.id),
    flag_key: `${rule}|${incident.properties.adm2}|ANY|${incident.properties.day}`,
    revision: 1,
    rule_id: rule,
    rule_version: 1,
    params_sha256: '0'.repeat(64),
    state: 'RAISED',
    band,
    priority: band + (kind === 'THREAT' ? 1 : 0),
    certainty: incident.properties.radius_m > 1000 ? 'POSSIBLE' : 'CERTAIN',
    unverified: incident.properties.n_independent === 1 && kind === 'THREAT',
    retrospective: false,
    shadow: false,
    illustrative: incident.properties.illustrative,
    day: incident.properties.day,
    place_key: incident.properties.adm2,
    place_name: place,
    actor_class: incident.properties.actor_class,
    occurred_start: incident.properties.occurred_start,
    numbers:
      rule === 'R03'
        ? { count: 3, mean: 0.4, tail: 0.0072, window_days: 7, baseline_weeks: 12, cusum: 4.3 }
        : {
            distance_m: 3214,
            ring_km: 5,
            uncertainty_m: incident.properties.radius_m,
            evidence_weight_milli: 630,
            n_independent: incident.properties.n_independent,
          },
    evidence: [{ incident_id: incident.id, reports: [[uuid('root', incident.id), 1]] }],
    excluded:
      rule === 'R03' ? ['1 incident left out: its place is known to the state only (P7)'] : [],
    explanation: sentence(incident, rule, place),
  }
}

export function alertOf(incident, number) {
  const flag = flagOf(incident)
  const [lon, lat] = incident.geometry.coordinates
  const raised = incident.properties.occurred_start
  const minutes = [240, 240, 30, 10][flag.band - 1]
  return {
    alert_id: uuid('alert', incident.id),
    number,
    seq: 1,
    place_key: flag.place_key,
    place_name: flag.place_name,
    actor_class: flag.actor_class,
    day: flag.day,
    state: 'RAISED',
    priority: flag.priority,
    band: flag.band,
    headline: headline(incident, flag),
    flag_ids: [flag.flag_id],
    kinds: [flag.rule_id],
    lon,
    lat,
    level: 0,
    retrospective: false,
    illustrative: flag.illustrative,
    paged: true,
    owner: null,
    continues: null,
    replaced_by: null,
    raised_at: raised,
    updated_at: raised,
    acknowledged_at: null,
    acknowledged_by: null,
    ack_due_at: new Date(Date.parse(raised) + minutes * 60_000).toISOString().replace('.000Z', 'Z'),
  }
}

function headline(incident, flag) {
  const words = {
    R08: 'Attack on a UN base',
    R09: 'Imminent threat to civilians',
    R01: 'Civilians killed near a site of displaced people',
    R05: 'Repeated clashes',
    R03: 'Communal violence rising',
  }
  return `${words[flag.rule_id]}, ${incident.properties.adm2_name}`
}

export function membersOf(incident) {
  const { n_reports: reports, occurred_start: at, event_type: type } = incident.properties
  const units = ['ssd-bor-mil', 'ssd-akobo-cla', 'ssd-bentiu-mil']
  return Array.from({ length: reports }, (_, index) => ({
    report_id: uuid('report', incident.id, index),
    root_id: uuid('root', incident.id, index),
    revision: 1,
    unit_id: units[index],
    received_at: new Date(Date.parse(at) + (index + 1) * 2_700_000)
      .toISOString()
      .replace('.000Z', 'Z'),
    occurred_start: at,
    event_type: type,
    source: { type: index === 1 ? 'COMMUNITY' : 'FIRST_HAND', reliability: 'C', credibility: '3' },
    text: 'Fighting heard and seen from the base. <b>This markup must show as text.</b>',
    warnings:
      index === 0
        ? []
        : [{ code: 'clock_suspect', detail: 'the device clock is ahead by 7 minutes' }],
  }))
}

const POINTS = {
  settlement: 'settlements.csv',
  health: 'health_facilities.csv',
  airfield: 'airfields.csv',
  un_base: 'un_bases.csv',
  civilian_site: 'poc_sites.csv',
}

export function layer(name, day) {
  if (name.startsWith('adm')) {
    const collection = JSON.parse(readFileSync(new URL(`${name}.geojson`, SAMPLE), 'utf8'))
    for (const feature of collection.features) feature.id = feature.properties.pcode
    return collection
  }
  const isValid = ({ valid_from: from, valid_to: to }) => !(from > day) && !(to && to <= day)
  const features = csv(POINTS[name])
    .filter(isValid)
    .map(({ lon, lat, ...properties }) => ({
      type: 'Feature',
      id: properties.id,
      geometry: { type: 'Point', coordinates: [Number(lon), Number(lat)] },
      properties,
    }))
  return { type: 'FeatureCollection', features }
}

export function codes(list) {
  const file = new URL(`../../../schemas/codes/${list}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}
