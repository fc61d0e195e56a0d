/** How the mission's layers, the incidents and the alerts are drawn. Pure. */

import type { ExpressionSpecification, StyleSpecification } from 'maplibre-gl'
import type { Theme } from '../state'
import { type Palette, PALETTES } from './palette'

type Layer = StyleSpecification['layers'][number]

const REGULAR = ['Noto Sans Regular']
const MEDIUM = ['Noto Sans Medium']

/** From here on health facilities are shown: there are too many of them before. */
export const HEALTH_ZOOM = 8

export function dataLayers(theme: Theme): { below: Layer[]; above: Layer[] } {
  const palette = PALETTES[theme]
  return {
    below: [...adminLines(palette), heat()],
    above: [
      ...adminNames(palette),
      ...places(palette),
      ...focusLayers(palette),
      ...alertLayers(palette),
      incidents(),
    ],
  }
}

const IS_SETTLED = ['==', ['get', 'status'], 'SETTLED'] as ['==', ['get', string], string]

/** Borders between areas only: their outer edge is the basemap's boundary, dashed where disputed. */
function adminLines(palette: Palette): Layer[] {
  return [
    {
      id: 'adm2-lines',
      type: 'line',
      source: 'adm2-borders',
      minzoom: 5,
      filter: IS_SETTLED,
      paint: {
        'line-color': palette.adm2,
        'line-width': ['interpolate', ['linear'], ['zoom'], 5, 0.5, 9, 1.4],
      },
    },
    {
      id: 'adm1-lines',
      type: 'line',
      source: 'adm1-borders',
      filter: IS_SETTLED,
      paint: {
        'line-color': palette.adm1,
        'line-width': ['interpolate', ['linear'], ['zoom'], 4, 0.8, 9, 2],
      },
    },
    {
      id: 'adm1-lines-disputed',
      type: 'line',
      source: 'adm1-borders',
      filter: ['!', IS_SETTLED],
      paint: {
        'line-color': palette.adm1,
        'line-width': ['interpolate', ['linear'], ['zoom'], 4, 0.8, 9, 2],
        'line-dasharray': [3, 2.5],
      },
    },
  ]
}

function adminNames(palette: Palette): Layer[] {
  const paint = {
    'text-color': palette.faintText,
    'text-halo-color': palette.halo,
    'text-halo-width': 1.4,
  }
  return [
    {
      id: 'adm1-names',
      type: 'symbol',
      source: 'adm1',
      minzoom: 5.4,
      maxzoom: 8.5,
      layout: {
        'text-field': ['upcase', ['get', 'name']],
        'text-font': MEDIUM,
        'text-size': 10.5,
        'text-letter-spacing': 0.08,
      },
      paint,
    },
    {
      id: 'adm2-names',
      type: 'symbol',
      source: 'adm2',
      minzoom: 8.5,
      layout: { 'text-field': ['get', 'name'], 'text-font': REGULAR, 'text-size': 11.5 },
      paint,
    },
  ]
}

/** The heat lies under the lines, and gives way to single incidents when zoomed in. */
function heat(): Layer {
  return {
    id: 'heat',
    type: 'heatmap',
    source: 'activity',
    layout: { visibility: 'none' },
    paint: {
      'heatmap-weight': [
        'interpolate',
        ['linear'],
        ['coalesce', ['get', 'incidents'], 1],
        0,
        0,
        1,
        0.4,
        8,
        1,
      ],
      'heatmap-intensity': ['interpolate', ['linear'], ['zoom'], 4, 1, 9, 2],
      'heatmap-radius': ['interpolate', ['exponential', 2], ['zoom'], 4, 24, 6, 48, 9, 150],
      // Cells are some 10 km wide: closer in, the heat would claim more than it knows.
      'heatmap-opacity': ['interpolate', ['linear'], ['zoom'], 7, 0.75, 9, 0.4, 10, 0],
      'heatmap-color': [
        'interpolate',
        ['linear'],
        ['heatmap-density'],
        0,
        'rgba(255, 213, 79, 0)',
        0.15,
        'rgba(255, 213, 79, 0.45)',
        0.4,
        'rgba(251, 140, 0, 0.65)',
        0.7,
        'rgba(216, 58, 33, 0.8)',
        1,
        'rgba(142, 14, 46, 0.9)',
      ],
    },
  }
}

function places(palette: Palette): Layer[] {
  const named = (
    id: string,
    options: { minzoom: number; nameZoom: number; size: number },
  ): Layer => ({
    id,
    type: 'symbol',
    source: id,
    minzoom: options.minzoom,
    layout: {
      'icon-image': `site:${id}`,
      'icon-size': options.size,
      'icon-allow-overlap': true,
      'text-field': ['step', ['zoom'], '', options.nameZoom, ['get', 'name']],
      'text-font': REGULAR,
      'text-size': 11.5,
      'text-anchor': 'top',
      'text-offset': [0, 0.7],
      'text-optional': true,
    },
    paint: { 'text-color': palette.text, 'text-halo-color': palette.halo, 'text-halo-width': 1.4 },
  })
  return [
    named('airfield', { minzoom: 7.5, nameZoom: 10, size: 0.75 }),
    named('health', { minzoom: HEALTH_ZOOM, nameZoom: 11, size: 0.7 }),
    named('settlement', { minzoom: 4, nameZoom: 4.6, size: 0.6 }),
    named('un_base', { minzoom: 6.2, nameZoom: 9, size: 0.9 }),
    named('civilian_site', { minzoom: 4, nameZoom: 8.5, size: 1 }),
  ]
}

function focusLayers(palette: Palette): Layer[] {
  return [
    {
      id: 'focus-area',
      type: 'fill',
      source: 'focus',
      paint: { 'fill-color': palette.focus, 'fill-opacity': 0.1 },
    },
    {
      id: 'focus-edge',
      type: 'line',
      source: 'focus',
      paint: { 'line-color': palette.focus, 'line-width': 2, 'line-dasharray': [3, 2] },
    },
    {
      id: 'focus-point',
      type: 'circle',
      source: 'focus-point',
      paint: {
        'circle-radius': 20,
        'circle-color': 'rgba(0, 0, 0, 0)',
        'circle-stroke-color': palette.focus,
        'circle-stroke-width': 3,
      },
    },
  ]
}

function alertLayers(palette: Palette): Layer[] {
  const colour: ExpressionSpecification = [
    'case',
    ['==', ['get', 'band'], 4],
    palette.alertCritical,
    palette.alertOther,
  ]
  return [
    {
      id: 'alerts',
      type: 'circle',
      source: 'alerts',
      paint: {
        'circle-radius': ['case', ['get', 'unanswered'], 21, 16],
        'circle-color': 'rgba(0, 0, 0, 0)',
        'circle-stroke-color': colour,
        'circle-stroke-width': ['case', ['get', 'unanswered'], 3.5, 1.5],
      },
    },
    {
      id: 'alert-numbers',
      type: 'symbol',
      source: 'alerts',
      layout: {
        'text-field': ['get', 'label'],
        'text-font': MEDIUM,
        'text-size': 12,
        'text-anchor': 'bottom',
        'text-offset': [0, -1.8],
        'symbol-sort-key': ['-', 0, ['get', 'priority']],
      },
      paint: { 'text-color': colour, 'text-halo-color': palette.halo, 'text-halo-width': 1.8 },
    },
  ]
}

function incidents(): Layer {
  const bySeverity: ExpressionSpecification = [
    'interpolate',
    ['linear'],
    ['get', 'severity'],
    1,
    0.48,
    3,
    0.62,
    5,
    0.95,
  ]
  return {
    id: 'incidents',
    type: 'symbol',
    source: 'incidents',
    layout: {
      'icon-image': ['get', 'icon'],
      'icon-size': [
        'interpolate',
        ['linear'],
        ['zoom'],
        5,
        ['*', 0.8, bySeverity],
        9,
        ['*', 1.1, bySeverity],
      ],
      'icon-allow-overlap': true,
      'icon-ignore-placement': true,
      // The grave and the new lie on top.
      'symbol-sort-key': ['get', 'rank'],
    },
  }
}
