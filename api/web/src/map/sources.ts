/** The sources whose data the page sets; the basemap's come from files. */

export const SOURCES = [
  'adm1',
  'adm2',
  'adm1-borders',
  'adm2-borders',
  'settlement',
  'health',
  'airfield',
  'un_base',
  'civilian_site',
  'activity',
  'incidents',
  'alerts',
  'focus',
  'focus-point',
] as const

export type SourceName = (typeof SOURCES)[number]

export const EMPTY: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }
