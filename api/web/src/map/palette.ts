/** Colours of the map in both themes: the ground stays quiet, so that incidents speak. */

import type { Theme } from '../state'

export interface Palette {
  readonly beyond: string
  readonly land: string
  readonly missionLand: string
  readonly water: string
  readonly river: string
  readonly boundary: string
  readonly adm1: string
  readonly adm2: string
  readonly hatch: string
  readonly text: string
  readonly faintText: string
  readonly countryText: string
  readonly halo: string
  readonly focus: string
  readonly alertCritical: string
  readonly alertOther: string
}

export const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    beyond: '#dfe5ea',
    land: '#ece9e2',
    missionLand: '#f8f6f0',
    water: '#b9d3e6',
    river: '#a9c8de',
    boundary: '#5d5666',
    adm1: '#8e8798',
    adm2: '#c4beca',
    hatch: 'rgba(93, 86, 102, 0.38)',
    text: '#2b2f36',
    faintText: '#6c727b',
    countryText: '#7b7484',
    halo: 'rgba(255, 255, 255, 0.9)',
    focus: '#0b57d0',
    alertCritical: '#b3140a',
    alertOther: '#8a5200',
  },
  dark: {
    beyond: '#0b1218',
    land: '#151d25',
    missionLand: '#1c2731',
    water: '#10324a',
    river: '#1d4763',
    boundary: '#a8b0bb',
    adm1: '#6a7684',
    adm2: '#384552',
    hatch: 'rgba(168, 176, 187, 0.34)',
    text: '#e1e6eb',
    faintText: '#8b96a3',
    countryText: '#7f8b98',
    halo: 'rgba(11, 18, 24, 0.9)',
    focus: '#7db7ff',
    alertCritical: '#ff6b5e',
    alertOther: '#ffbf47',
  },
}
