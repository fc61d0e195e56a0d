/** The map's style for a theme: the basemap, the mission's layers, the incidents. Pure. */

import type { StyleSpecification } from 'maplibre-gl'
import type { Language } from '../labels'
import type { Theme } from '../state'
import { dataLayers } from './layers'
import { PALETTES } from './palette'
import { EMPTY, SOURCES } from './sources'

type Layer = StyleSpecification['layers'][number]

const REGULAR = ['Noto Sans Regular']
const MEDIUM = ['Noto Sans Medium']

export function mapStyle(theme: Theme, language: Language, origin: string): StyleSpecification {
  const { below, above } = dataLayers(theme)
  const file = (name: string): { type: 'geojson'; data: string } => ({
    type: 'geojson',
    data: `${origin}/basemap/${name}.geojson`,
  })
  return {
    version: 8,
    glyphs: `${origin}/basemap/fonts/{fontstack}/{range}.pbf`,
    sources: {
      countries: file('countries'),
      country_labels: file('country_labels'),
      boundary_lines: file('boundary_lines'),
      disputed_areas: file('disputed_areas'),
      lakes: file('lakes'),
      rivers: file('rivers'),
      places: file('places'),
      ...Object.fromEntries(
        SOURCES.map((name) => [name, { type: 'geojson' as const, data: EMPTY, promoteId: 'id' }]),
      ),
    },
    layers: [...ground(theme), ...below, ...boundaries(theme), ...names(theme, language), ...above],
  }
}

function ground(theme: Theme): Layer[] {
  const palette = PALETTES[theme]
  return [
    { id: 'background', type: 'background', paint: { 'background-color': palette.beyond } },
    {
      id: 'countries',
      type: 'fill',
      source: 'countries',
      paint: { 'fill-color': palette.land, 'fill-antialias': false },
    },
    {
      id: 'mission-land',
      type: 'fill',
      source: 'countries',
      // Set when the mission's own country is known.
      filter: ['==', ['get', 'm49'], ''],
      paint: { 'fill-color': palette.missionLand, 'fill-antialias': false },
    },
    {
      id: 'disputed-areas',
      type: 'fill',
      source: 'disputed_areas',
      paint: { 'fill-pattern': `hatch:${theme}` },
    },
    { id: 'lakes', type: 'fill', source: 'lakes', paint: { 'fill-color': palette.water } },
    {
      id: 'rivers',
      type: 'line',
      source: 'rivers',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': palette.river,
        'line-width': [
          'interpolate',
          ['linear'],
          ['zoom'],
          4,
          ['max', 0.5, ['-', 2.2, ['*', 0.25, ['get', 'scalerank']]]],
          10,
          3,
        ],
      },
    },
  ]
}

function boundaries(theme: Theme): Layer[] {
  const palette = PALETTES[theme]
  const isSettled = ['==', ['get', 'status'], 'INTERNATIONAL'] as ['==', ['get', string], string]
  return [
    {
      id: 'boundaries',
      type: 'line',
      source: 'boundary_lines',
      filter: isSettled,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': palette.boundary,
        'line-width': ['interpolate', ['linear'], ['zoom'], 4, 1.2, 9, 2.4],
      },
    },
    {
      id: 'boundaries-disputed',
      type: 'line',
      source: 'boundary_lines',
      filter: ['!', isSettled],
      paint: {
        'line-color': palette.boundary,
        'line-width': ['interpolate', ['linear'], ['zoom'], 4, 1.2, 9, 2.4],
        'line-dasharray': [3, 2.5],
      },
    },
  ]
}

function names(theme: Theme, language: Language): Layer[] {
  const palette = PALETTES[theme]
  return [
    {
      id: 'place-names',
      type: 'symbol',
      source: 'places',
      // Those of the mission's own country come from its gazetteer.
      filter: ['all', ['!=', ['get', 'adm0_a3'], 'SDS'], ['!=', ['get', 'adm0_a3'], 'SSD']],
      minzoom: 6,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': REGULAR,
        'text-size': 11,
        'symbol-sort-key': ['get', 'scalerank'],
      },
      paint: {
        'text-color': palette.faintText,
        'text-halo-color': palette.halo,
        'text-halo-width': 1.2,
      },
    },
    {
      id: 'country-names',
      type: 'symbol',
      source: 'country_labels',
      maxzoom: 8,
      layout: {
        'text-field': ['upcase', ['get', language === 'fr' ? 'name_fr' : 'name_en']],
        'text-font': MEDIUM,
        'text-size': ['interpolate', ['linear'], ['zoom'], 4, 11, 7, 15],
        'text-letter-spacing': 0.12,
        'text-max-width': 8,
      },
      paint: {
        'text-color': palette.countryText,
        'text-halo-color': palette.halo,
        'text-halo-width': 1.5,
      },
    },
  ]
}
