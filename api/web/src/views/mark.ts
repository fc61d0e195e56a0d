/** An incident's mark as a picture in the page: drawn by the same hand as on the map. */

import { h } from '../dom'
import { type Family, familyOf } from '../families'
import { drawMark } from '../map/icons'

const SIDE = 22

export function markImage(eventClass: string): HTMLElement {
  return familyImage(familyOf(eventClass))
}

export function familyImage(family: Family): HTMLElement {
  const canvas = h('canvas', {
    class: 'mark-image',
    width: SIDE * 2,
    height: SIDE * 2,
    'aria-hidden': 'true',
  })
  const context = canvas.getContext('2d')
  if (context !== null) drawMark(context, SIDE * 2, family, { isDashed: false, isOld: false })
  return canvas
}
