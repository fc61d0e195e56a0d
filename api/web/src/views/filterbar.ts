/** The filters over the map: time by the mission's clock, kinds, severity, heat, map or list. */

import type { App } from '../app'
import { h, replace, setText } from '../dom'
import { FAMILIES, type Family } from '../families'
import { shown, type Span, withFamily } from '../filters'
import { wordFor } from '../labels'
import type { MapMode } from '../state'
import { familyImage } from './mark'

const SPANS: readonly Span[] = ['24h', '7d', '30d', 'all', 'custom']

export class FilterBar {
  readonly element = h('div', { class: 'filters', 'data-testid': 'filters' })
  private readonly app: App
  private readonly top = h('div', { class: 'filters-row' })
  private readonly bar = h('div', { class: 'filters-row filters-more', id: 'filters-more' })
  private readonly dates = h('div', { class: 'filters-row filters-dates' })
  private readonly kinds = h('div', { class: 'kinds', id: 'kinds', hidden: true })
  private readonly count = h('span', {
    class: 'count-text',
    'data-testid': 'incident-count',
  })

  constructor(app: App) {
    this.app = app
    this.element.append(this.top, this.dates, this.kinds)
    this.element.dataset['more'] = 'false'
    app.store.on(['filters', 'heat', 'mapMode', 'language', 'webgl'], () => this.render())
    app.store.on(['incidents', 'filters', 'language', 'incidentsState'], () => this.renderCount())
    this.render()
    this.renderCount()
  }

  private render(): void {
    replace(this.bar, this.spans(), this.severity(), this.kindsButton(), this.heat())
    replace(this.top, this.moreButton(), this.bar, this.modes(), this.count)
    const isCustom = this.app.store.get().filters.span === 'custom'
    this.dates.hidden = !isCustom
    replace(this.dates, isCustom && this.date('from'), isCustom && this.date('to'))
    replace(this.kinds, ...FAMILIES.map((family) => this.kind(family)))
  }

  private spans(): HTMLElement {
    const { filters } = this.app.store.get()
    const button = (span: Span): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          'data-key': `span-${span}`,
          'data-testid': `span-${span}`,
          'aria-pressed': String(filters.span === span),
          onclick: () => this.app.setFilters({ ...filters, span }),
        },
        this.app.t(`filters.${span}`),
      )
    return h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': this.app.t('filters.time') },
      ...SPANS.map(button),
    )
  }

  private date(which: 'from' | 'to'): HTMLElement {
    const { filters } = this.app.store.get()
    const id = `filter-${which}`
    const input = h('input', {
      id,
      type: 'date',
      'data-key': id,
      'data-testid': id,
      value: filters[which],
    })
    input.addEventListener('change', () => {
      this.app.setFilters({ ...this.app.store.get().filters, [which]: input.value })
    })
    return h(
      'div',
      { class: 'field field-inline' },
      h('label', { for: id }, this.app.t(`filters.${which}`)),
      input,
    )
  }

  private severity(): HTMLElement {
    const { filters, language } = this.app.store.get()
    const select = h('select', {
      id: 'filter-severity',
      'data-key': 'severity',
      'data-testid': 'filter-severity',
      'aria-label': this.app.t('filters.severity'),
    })
    for (let level = 1; level <= 5; level += 1) {
      const word = wordFor(language, 'severity', String(level))
      const text =
        level === 1
          ? this.app.t('filters.severity.all')
          : this.app.t('filters.severity.from', { n: level, word })
      select.append(h('option', { value: level, selected: level === filters.minSeverity }, text))
    }
    select.addEventListener('change', () => {
      this.app.setFilters({ ...this.app.store.get().filters, minSeverity: Number(select.value) })
    })
    return select
  }

  /** On a narrow screen the filters stay folded: the map needs the room. */
  private moreButton(): HTMLElement {
    const { span } = this.app.store.get().filters
    const button = h(
      'button',
      {
        type: 'button',
        class: 'button filters-fold',
        'data-key': 'more',
        'data-testid': 'filters-fold',
        'aria-expanded': String(this.element.dataset['more'] === 'true'),
        'aria-controls': 'filters-more',
      },
      `${this.app.t('filters.title')}: ${this.app.t(`filters.${span}`)}`,
    )
    button.addEventListener('click', () => {
      const more = this.element.dataset['more'] !== 'true'
      this.element.dataset['more'] = String(more)
      button.setAttribute('aria-expanded', String(more))
    })
    return button
  }

  private kindsButton(): HTMLElement {
    const hidden = this.app.store.get().filters.hiddenFamilies.length
    const some =
      hidden === 0
        ? this.app.t('filters.kinds.none')
        : this.app.t('filters.kinds.some', { n: hidden })
    const button = h(
      'button',
      {
        type: 'button',
        class: 'button',
        'data-key': 'kinds',
        'data-testid': 'filter-kinds',
        'aria-expanded': String(!this.kinds.hidden),
        'aria-controls': 'kinds',
      },
      `${this.app.t('filters.kinds')}: ${some}`,
    )
    button.addEventListener('click', () => {
      this.kinds.hidden = !this.kinds.hidden
      button.setAttribute('aria-expanded', String(!this.kinds.hidden))
    })
    return button
  }

  private kind(family: Family): HTMLElement {
    const { filters } = this.app.store.get()
    const input = h('input', {
      type: 'checkbox',
      'data-key': `kind-${family}`,
      'data-testid': `kind-${family}`,
      checked: !filters.hiddenFamilies.includes(family),
    })
    input.addEventListener('change', () => {
      this.app.setFilters(withFamily(this.app.store.get().filters, family, input.checked))
    })
    return h('label', { class: 'kind' }, input, familyImage(family), this.app.t(`family.${family}`))
  }

  private heat(): HTMLElement | null {
    const { heat, mapMode } = this.app.store.get()
    if (mapMode === 'list') return null
    return h(
      'button',
      {
        type: 'button',
        class: 'button',
        'data-key': 'heat',
        'data-testid': 'heat',
        'aria-pressed': String(heat),
        title: this.app.t('filters.heat.help'),
        onclick: () => this.app.setHeat(!heat),
      },
      this.app.t('filters.heat'),
    )
  }

  private modes(): HTMLElement | null {
    const { mapMode, webgl } = this.app.store.get()
    if (!webgl) return null
    const button = (mode: MapMode): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          'data-key': `mode-${mode}`,
          'data-testid': `mode-${mode}`,
          'aria-pressed': String(mode === mapMode),
          onclick: () => this.app.setMapMode(mode),
        },
        this.app.t(`filters.${mode}`),
      )
    return h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': this.app.t('filters.view') },
      button('map'),
      button('list'),
    )
  }

  private renderCount(): void {
    const { incidents, filters, incidentsTruncated, incidentsState } = this.app.store.get()
    if (incidentsState === 'loading') return setText(this.count, this.app.t('app.loading'))
    const n = shown([...incidents.values()], filters).length
    const some = incidentsTruncated
      ? `, ${this.app.t('filters.truncated', { n: incidents.size })}`
      : ''
    setText(this.count, `${this.app.t('filters.count', { n })}${some}`)
  }
}
