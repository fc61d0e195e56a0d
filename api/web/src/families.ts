/** Event classes, gathered into the few marks that a map can carry. */

export const FAMILIES = [
  'CIVILIANS',
  'CLASH',
  'COMMUNAL',
  'THREAT',
  'UN',
  'EXPLOSIVE',
  'PRESENCE',
  'HUMANITARIAN',
  'OTHER',
] as const

export type Family = (typeof FAMILIES)[number]
export type Shape = 'circle' | 'diamond' | 'triangle' | 'square'

const FAMILY_OF_CLASS: Readonly<Record<string, Family>> = {
  VAC: 'CIVILIANS',
  CRSV: 'CIVILIANS',
  CHILD: 'CIVILIANS',
  CLASH: 'CLASH',
  COMMUNAL: 'COMMUNAL',
  THREAT: 'THREAT',
  UN_ATTACK: 'UN',
  UN_OTHER: 'UN',
  OBSTRUCTION: 'UN',
  EXPLOSIVE: 'EXPLOSIVE',
  PRESENCE: 'PRESENCE',
  HUMANITARIAN: 'HUMANITARIAN',
  DISPLACEMENT: 'HUMANITARIAN',
}

export function familyOf(eventClass: string): Family {
  return FAMILY_OF_CLASS[eventClass] ?? 'OTHER'
}

export interface Mark {
  readonly letter: string
  readonly shape: Shape
  readonly fill: string
  readonly ink: string
}

// Colours stay apart for the common kinds of colour blindness (after Okabe and Ito); the letter and
// the shape say the same without colour. Contrast of ink on fill is at least 4.5.
export const MARKS: Readonly<Record<Family, Mark>> = {
  CIVILIANS: { letter: 'V', shape: 'circle', fill: '#c2271d', ink: '#ffffff' },
  CLASH: { letter: 'A', shape: 'circle', fill: '#e69f00', ink: '#1b1300' },
  COMMUNAL: { letter: 'C', shape: 'circle', fill: '#8c4a9e', ink: '#ffffff' },
  THREAT: { letter: 'T', shape: 'triangle', fill: '#f0e442', ink: '#1b1900' },
  UN: { letter: 'U', shape: 'diamond', fill: '#0072b2', ink: '#ffffff' },
  EXPLOSIVE: { letter: 'E', shape: 'square', fill: '#7a3b00', ink: '#ffffff' },
  PRESENCE: { letter: 'P', shape: 'square', fill: '#4d5a66', ink: '#ffffff' },
  HUMANITARIAN: { letter: 'H', shape: 'circle', fill: '#00785a', ink: '#ffffff' },
  OTHER: { letter: 'O', shape: 'circle', fill: '#747474', ink: '#ffffff' },
}
