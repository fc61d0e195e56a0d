/** The pictures on the map, drawn once on a canvas: no image files, sharp at any theme. */

import { type Family, MARKS, type Shape } from '../families'

/** Pixels of a picture for each pixel of the page. */
export const PIXEL_RATIO = 2
export const MARK_SIDE = 40

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export interface Variant {
  /** Illustrative or of an exercise: a broken edge. */
  readonly isDashed: boolean
  /** Not of the last day: pale, but never see-through, or marks on top of each other turn to mud. */
  readonly isOld: boolean
}

export function drawMark(context: Context, side: number, family: Family, variant: Variant): void {
  const { shape, letter } = MARKS[family]
  const { isDashed, isOld } = variant
  const fill = isOld ? pale(MARKS[family].fill) : MARKS[family].fill
  const ink = isOld ? '#20262c' : MARKS[family].ink
  const middle = side / 2
  const reach = side * 0.42
  context.clearRect(0, 0, side, side)
  outline(context, shape, middle, reach)
  context.fillStyle = fill
  context.fill()
  context.lineWidth = side * 0.06
  context.strokeStyle = '#ffffff'
  context.setLineDash(isDashed ? [side * 0.11, side * 0.08] : [])
  context.stroke()
  context.setLineDash([])
  if (!isDashed) {
    outline(context, shape, middle, reach + side * 0.045)
    context.lineWidth = side * 0.02
    context.strokeStyle = 'rgba(0, 0, 0, 0.55)'
    context.stroke()
  }
  context.fillStyle = ink
  context.font = `700 ${Math.round(side * 0.42)}px sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(letter, middle, middle + side * (shape === 'triangle' ? 0.15 : 0.03))
}

/** Half way to a light grey. */
function pale(colour: string): string {
  const mix = (at: number): number =>
    Math.round((Number.parseInt(colour.slice(at, at + 2), 16) + 232 * 1.4) / 2.4)
  return `rgb(${mix(1)}, ${mix(3)}, ${mix(5)})`
}

function outline(context: Context, shape: Shape, middle: number, reach: number): void {
  context.beginPath()
  switch (shape) {
    case 'circle':
      context.arc(middle, middle, reach, 0, 2 * Math.PI)
      break
    case 'square':
      context.rect(middle - reach * 0.86, middle - reach * 0.86, reach * 1.72, reach * 1.72)
      break
    case 'diamond':
      polygon(context, [middle, middle], reach * 1.12, 4)
      break
    case 'triangle':
      // Lower than the middle: its room is below.
      polygon(context, [middle, middle * 1.24], reach * 1.28, 3)
      break
  }
  context.closePath()
}

function polygon(
  context: Context,
  [x, y]: readonly [number, number],
  reach: number,
  corners: number,
): void {
  for (let corner = 0; corner < corners; corner += 1) {
    const angle = (corner * 2 * Math.PI) / corners - Math.PI / 2
    context.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle))
  }
}

export type SiteMark = 'civilian_site' | 'un_base' | 'health' | 'airfield' | 'settlement'

const SITE_FILL: Readonly<Record<SiteMark, string>> = {
  civilian_site: '#7b3294',
  un_base: '#1c75bc',
  health: '#b3124f',
  airfield: '#4a5560',
  settlement: '#4a5560',
}

/** Places are outlined shapes on white, so that they are never taken for incidents. */
export function drawSite(context: Context, side: number, site: SiteMark): void {
  const middle = side / 2
  context.clearRect(0, 0, side, side)
  context.fillStyle = '#ffffff'
  context.strokeStyle = SITE_FILL[site]
  context.lineWidth = side * 0.09
  SITE_DRAWERS[site](context, middle, side)
}

const SITE_DRAWERS: Readonly<
  Record<SiteMark, (context: Context, middle: number, side: number) => void>
> = {
  // A house: people live here.
  civilian_site: (context, middle, side) => {
    context.beginPath()
    context.moveTo(middle, side * 0.12)
    context.lineTo(side * 0.88, side * 0.48)
    context.lineTo(side * 0.88, side * 0.88)
    context.lineTo(side * 0.12, side * 0.88)
    context.lineTo(side * 0.12, side * 0.48)
    context.closePath()
    fillAndStroke(context)
    context.fillStyle = SITE_FILL.civilian_site
    context.fillRect(middle - side * 0.09, side * 0.56, side * 0.18, side * 0.3)
  },
  // A flag on its pole.
  un_base: (context, _middle, side) => {
    context.fillStyle = SITE_FILL.un_base
    context.beginPath()
    context.moveTo(side * 0.24, side * 0.1)
    context.lineTo(side * 0.9, side * 0.1)
    context.lineTo(side * 0.9, side * 0.54)
    context.lineTo(side * 0.24, side * 0.54)
    context.closePath()
    context.fill()
    context.lineWidth = side * 0.1
    context.beginPath()
    context.moveTo(side * 0.2, side * 0.06)
    context.lineTo(side * 0.2, side * 0.94)
    context.stroke()
    context.lineWidth = side * 0.04
    context.strokeStyle = '#ffffff'
    context.strokeRect(side * 0.26, side * 0.1, side * 0.64, side * 0.44)
  },
  health: (context, middle, side) => {
    context.beginPath()
    context.arc(middle, middle, side * 0.42, 0, 2 * Math.PI)
    fillAndStroke(context)
    context.fillStyle = SITE_FILL.health
    context.fillRect(middle - side * 0.07, side * 0.26, side * 0.14, side * 0.48)
    context.fillRect(side * 0.26, middle - side * 0.07, side * 0.48, side * 0.14)
  },
  airfield: (context, middle, side) => {
    context.beginPath()
    context.arc(middle, middle, side * 0.42, 0, 2 * Math.PI)
    fillAndStroke(context)
    context.beginPath()
    context.moveTo(side * 0.3, side * 0.7)
    context.lineTo(side * 0.7, side * 0.3)
    context.lineWidth = side * 0.14
    context.stroke()
  },
  settlement: (context, middle, side) => {
    context.beginPath()
    context.arc(middle, middle, side * 0.22, 0, 2 * Math.PI)
    fillAndStroke(context)
  },
}

function fillAndStroke(context: Context): void {
  context.fill()
  context.stroke()
}

/** Diagonal lines for areas whose status is not determined. */
export function drawHatch(context: Context, side: number, colour: string): void {
  context.clearRect(0, 0, side, side)
  context.strokeStyle = colour
  context.lineWidth = side * 0.08
  for (const offset of [-side, 0, side]) {
    context.beginPath()
    context.moveTo(offset, side)
    context.lineTo(offset + side, 0)
    context.stroke()
  }
}

/** Which picture a name stands for; null for a name that is not ours. */
export function pictureFor(name: string, hatchColour: string): ImageData | null {
  const [kind, what = '', variant = ''] = name.split(':')
  const side = (kind === 'mark' ? MARK_SIDE : kind === 'hatch' ? 12 : 18) * PIXEL_RATIO
  const canvas = document.createElement('canvas')
  canvas.width = side
  canvas.height = side
  const context = canvas.getContext('2d')
  if (context === null) return null
  if (kind === 'mark' && what in MARKS) {
    drawMark(context, side, what as Family, {
      isDashed: variant.includes('dashed'),
      isOld: variant.includes('old'),
    })
  } else if (kind === 'site' && what in SITE_DRAWERS) drawSite(context, side, what as SiteMark)
  else if (kind === 'hatch') drawHatch(context, side, hatchColour)
  else return null
  return context.getImageData(0, 0, side, side)
}
