/** The map itself: MapLibre, joined to the store. Loaded only where it can be drawn. */

import {
  type GeoJSONSource,
  Map as MapLibre,
  type MapMouseEvent,
  NavigationControl,
  Popup,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { type App, focusOf } from '../app'
import { interval, shown } from '../filters'
import { contains } from '../geometry'
import type { State } from '../state'
import type { Area } from '../types'
import { alertRings, focusArea, focusPoint, focusZoom, incidentPoints, withOpen } from './features'
import { HomeControl } from './home-control'
import { pictureFor, PIXEL_RATIO } from './icons'
import { MissionLayers } from './mission-layers'
import { PALETTES } from './palette'
import { chooser, siteCard } from './popups'
import type { SourceName } from './sources'
import { mapStyle } from './style'

// In a build the worker is a file of its own, and MapLibre does not find it by itself.
setWorkerUrl(new URL(workerUrl, location.href).href)

const SITES = ['civilian_site', 'un_base', 'health', 'airfield', 'settlement']
/** A finger is wider than a mark. */
const TOUCH_PX = 9
const MARGIN_DEGREES = 3.4
/** Marks pale with age: look again when the mission's clock has gone on so far. */
const AGE_STEP_MS = 3_600_000

export class MapView {
  private readonly app: App
  private readonly element: HTMLElement
  private readonly map: MapLibre
  private readonly layers: MissionLayers
  private readonly data = new Map<SourceName, GeoJSON.FeatureCollection>()
  private popup: Popup | null = null
  private isStyled = false
  private shownMs = 0
  private home = ''
  private target: Target | null = null
  private readonly homeControl = new HomeControl(() => this.showAll())

  constructor(app: App, element: HTMLElement) {
    this.app = app
    this.element = element
    const { theme, language, me } = app.store.get()
    this.map = new MapLibre({
      container: element,
      style: mapStyle(theme, language, location.origin),
      bounds: bounds(me?.mission.area),
      fitBoundsOptions: { padding: 10 },
      // The basemap's files end a little further out; their edge is never shown.
      maxBounds: bounds(me?.mission.area, MARGIN_DEGREES),
      minZoom: 3.5,
      maxZoom: 14,
      dragRotate: false,
      pitchWithRotate: false,
      attributionControl: false,
      fadeDuration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 150,
    })
    this.layers = new MissionLayers(app, (name, data) => this.put(name, data))
    this.controls()
    this.listen()
    this.follow()
    this.all(app.store.get())
    void this.findHome()
  }

  private controls(): void {
    this.map.touchZoomRotate.disableRotation()
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
    this.map.addControl(this.homeControl, 'top-right')
    this.map.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left')
  }

  private listen(): void {
    const { map } = this
    map.setMissingStyleImageResolver((id) => this.addPicture(id))
    map.on('style.load', () => this.onStyle())
    map.on('idle', () => this.onIdle())
    map.on('moveend', (event) => this.onMoved(event))
    map.on('click', (event) => this.onClick(event))
    map.on('mousemove', (event) => {
      map.getCanvas().style.cursor =
        this.under(event, ['incidents', 'alerts', ...SITES]).length > 0 ? 'pointer' : ''
    })
    map.on('zoomend', () => this.layers.onZoom(map.getZoom()))
    new ResizeObserver(() => map.resize()).observe(this.element)
  }

  private follow(): void {
    const { store } = this.app
    const open = ['route', 'alertDetail', 'incidentDetail'] as const
    store.on(['incidents', 'filters', ...open], (state) => this.showIncidents(state))
    store.on(['alerts', 'filters', 'clock', 'route'], (state) => this.showAlerts(state))
    store.on(['focus'], (state, before) => this.showFocus(state, before))
    store.on(['heat', 'filters', 'incidents'], (state) => this.showHeat(state))
    store.on(['theme', 'language'], (state) => this.restyle(state))
    store.on(['clock', 'session'], (state) => this.onClock(state))
    store.on(['route'], (state) => this.onRoute(state))
    store.on(['alertDetail', 'incidentDetail'], (state, before) => this.onDetail(state, before))
  }

  private all(state: State): void {
    this.showIncidents(state)
    this.showAlerts(state)
    this.homeControl.label(this.app.t('map.home'))
    this.showHeat(state)
    this.layers.onClock()
    if (state.alertDetail !== null || state.incidentDetail !== null) this.onDetail(state, null)
  }

  private showIncidents(state: State): void {
    this.shownMs = this.app.nowMs()
    const visible = shown([...state.incidents.values()], state.filters)
    const points = incidentPoints(withOpen(visible, state), this.shownMs)
    this.put('incidents', points)
  }

  private onClock(state: State): void {
    this.layers.onClock()
    if (this.app.nowMs() - this.shownMs >= AGE_STEP_MS) this.showIncidents(state)
  }

  private showAlerts({ alerts, filters, route }: State): void {
    const span = interval(filters, this.app.nowMs(), this.app.loader.zone())
    const openId = route.page === 'alert' ? route.id : ''
    this.put('alerts', alertRings(alerts.values(), span, openId))
  }

  private showHeat(state: State): void {
    if (this.isStyled)
      this.map.setLayoutProperty('heat', 'visibility', state.heat ? 'visible' : 'none')
    if (state.heat) this.layers.loadActivity()
  }

  private showFocus(state: State, before: State): void {
    this.put('focus', focusArea(state.focus))
    this.put('focus-point', focusPoint(state.focus))
    const { focus } = state
    if (focus === null || focus === before.focus) return
    this.flyTo({ center: [focus.lon, focus.lat], zoom: focusZoom(focus) })
  }

  /** MapLibre jumps instead where the reader wants little motion. */
  private flyTo(target: Target): void {
    this.target = target
    this.map.flyTo({ ...target, maxDuration: 1200 })
  }

  /** A panel that opens makes the map narrower, and that stops a flight half way: then jump. */
  private onMoved(event: { originalEvent?: unknown }): void {
    const { target } = this
    this.target = null
    if (target === null || event.originalEvent !== undefined) return
    const { lng, lat } = this.map.getCenter()
    const missed = Math.hypot(lng - target.center[0], lat - target.center[1])
    if (missed > 0.001) this.map.jumpTo(target)
  }

  private showAll(): void {
    const area = this.app.store.get().me?.mission.area
    this.map.fitBounds(bounds(area), { padding: 10, maxDuration: 1200 })
  }

  /** Keep data and hand it over when the style is there: a change of theme makes the style anew. */
  private put(name: SourceName, data: GeoJSON.FeatureCollection): void {
    this.data.set(name, data)
    if (!this.isStyled) return
    void this.map.getSource<GeoJSONSource>(name)?.setData(data)
  }

  private restyle(state: State): void {
    this.homeControl.label(this.app.t('map.home'))
    this.isStyled = false
    this.map.setStyle(mapStyle(state.theme, state.language, location.origin), { diff: false })
  }

  private onStyle(): void {
    this.isStyled = true
    for (const [name, data] of this.data) this.put(name, data)
    this.showHome()
    this.showHeat(this.app.store.get())
  }

  /** The country in the middle of the mission's area is shown a shade lighter. */
  private async findHome(): Promise<void> {
    const area = this.app.store.get().me?.mission.area
    if (area === undefined) return
    const middle = [(area.west + area.east) / 2, (area.south + area.north) / 2]
    const countries = await this.app.api.basemap('countries')
    const home = countries.features.find((country) => contains(country.geometry, middle))
    this.home = String(home?.properties?.['m49'] ?? '')
    this.showHome()
  }

  private showHome(): void {
    if (this.isStyled) this.map.setFilter('mission-land', ['==', ['get', 'm49'], this.home])
  }

  private addPicture(id: string): void {
    if (this.map.hasImage(id)) return
    const { theme } = this.app.store.get()
    const picture = pictureFor(id, PALETTES[theme].hatch)
    if (picture !== null) this.map.addImage(id, picture, { pixelRatio: PIXEL_RATIO })
  }

  /** Tests, and whoever scripts the page, wait for this. */
  private onIdle(): void {
    if (!this.isStyled || this.app.store.get().incidentsState !== 'ready') return
    const drawn = this.map.queryRenderedFeatures({ layers: ['incidents'] })
    const ids = new Set(drawn.map((feature) => feature.properties['id'] as string))
    this.element.dataset['incidents'] = String(ids.size)
    this.element.dataset['ready'] = 'true'
  }

  private under(
    event: MapMouseEvent,
    layers: readonly string[],
  ): ReturnType<MapLibre['queryRenderedFeatures']> {
    if (!this.isStyled) return []
    const { x, y } = event.point
    return this.map.queryRenderedFeatures(
      [
        [x - TOUCH_PX, y - TOUCH_PX],
        [x + TOUCH_PX, y + TOUCH_PX],
      ],
      { layers: layers.filter((layer) => this.map.getLayer(layer) !== undefined) },
    )
  }

  private onClick(event: MapMouseEvent): void {
    this.popup?.remove()
    const ids = [
      ...new Set(this.under(event, ['incidents']).map((found) => found.properties['id'] as string)),
    ]
    const [only] = ids
    if (ids.length === 1 && only !== undefined)
      return this.app.navigate({ page: 'incident', id: only })
    if (ids.length > 1) return this.open(event, chooser(this.app, ids))
    const [alert] = this.under(event, ['alerts'])
    if (alert !== undefined)
      return this.app.navigate({ page: 'alert', id: alert.properties['id'] as string })
    const [site] = this.under(event, SITES)
    if (site !== undefined) this.open(event, siteCard(this.app, site.layer.id, site.properties))
  }

  private open(event: MapMouseEvent, content: HTMLElement): void {
    this.popup = new Popup({ maxWidth: '280px', focusAfterOpen: true })
      .setLngLat(event.lngLat)
      .setDOMContent(content)
      .addTo(this.map)
  }

  private onRoute(state: State): void {
    this.popup?.remove()
    if (state.route.page === 'home' && state.focus !== null) this.app.store.set({ focus: null })
  }

  /** A panel that opens brings its place onto the map, where the map is to be seen. */
  private onDetail(state: State, before: State | null): void {
    if (state.route.page === 'incident') this.onIncident(state, before)
    if (state.route.page === 'alert') this.onAlert(state, before)
  }

  private onIncident({ incidentDetail: detail }: State, before: State | null): void {
    if (detail === null || detail === before?.incidentDetail) return
    const focus = focusOf(detail)
    if (focus !== null) this.app.store.set({ focus })
  }

  private onAlert({ alertDetail: detail, focus }: State, before: State | null): void {
    if (detail === null) return
    const { alert_id: id, lon, lat } = detail.alert
    if (id === before?.alertDetail?.alert.alert_id || lon === null || lat === null) return
    if (focus !== null) this.app.store.set({ focus: null })
    this.flyTo({ center: [lon, lat], zoom: Math.max(this.map.getZoom(), 7) })
  }
}

interface Target {
  readonly center: [number, number]
  readonly zoom: number
}

function bounds(area: Area | undefined, margin = 0): [number, number, number, number] {
  if (area === undefined) return [20, 0, 40, 16]
  return [area.west - margin, area.south - margin, area.east + margin, area.north + margin]
}
