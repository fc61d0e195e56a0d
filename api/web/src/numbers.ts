/** A flag's numbers as rows that a person reads: units are in the names of the fields. Pure. */

export interface NumberRow {
  readonly label: string
  readonly value: string
}

interface Unit {
  readonly suffix: string
  readonly format: (value: number) => string
}

function digits(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-GB')
  const places = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 4
  if (value !== 0 && Math.abs(value) < 0.0001) return value.toExponential(1)
  return String(Number(value.toFixed(places)))
}

export function metres(value: number): string {
  if (Math.abs(value) >= 10_000) return `${digits(Math.round(value / 1000))} km`
  if (Math.abs(value) >= 1000) return `${(value / 1000).toFixed(1)} km`
  return `${digits(Math.round(value))} m`
}

// Longest first: "_milli" before "_m".
const UNITS: readonly Unit[] = [
  { suffix: '_milli', format: (value) => digits(value / 1000) },
  { suffix: '_weeks', format: (value) => `${digits(value)} weeks` },
  { suffix: '_days', format: (value) => `${digits(value)} d` },
  { suffix: '_hours', format: (value) => `${digits(value)} h` },
  { suffix: '_km', format: (value) => `${digits(value)} km` },
  { suffix: '_sd', format: (value) => `${digits(value)} sd` },
  { suffix: '_h', format: (value) => `${digits(value)} h` },
  { suffix: '_m', format: metres },
]

// Deeper than this, a value is shown as it is written.
const MAX_DEPTH = 3

export function numberRows(numbers: Readonly<Record<string, unknown>>): readonly NumberRow[] {
  return Object.entries(numbers).flatMap(([name, value]) => rows(name, value, 1))
}

function rows(name: string, value: unknown, depth: number): readonly NumberRow[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value) && value.length === 0) return []
  if (isRecord(value) && depth < MAX_DEPTH) {
    return Object.entries(value).flatMap(([key, inner]) => rows(`${name} ${key}`, inner, depth + 1))
  }
  const unit = UNITS.find(({ suffix }) => name.endsWith(suffix))
  return [{ label: label(name, unit), value: shownValue(value, unit) }]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function label(name: string, unit: Unit | undefined): string {
  const bare = unit === undefined ? name : name.slice(0, -unit.suffix.length)
  const words = bare
    .replaceAll('_', ' ')
    .trim()
    .replace(/\bun\b/g, 'UN')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function shownValue(value: unknown, unit: Unit | undefined): string {
  if (typeof value === 'number') return unit === undefined ? digits(value) : unit.format(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return list(value, unit)
  return isRecord(value) ? record(value) : JSON.stringify(value)
}

// A long list says less than its beginning.
const MOST_ITEMS = 5

function list(values: readonly unknown[], unit: Unit | undefined): string {
  const isOfRecords = values.some(isRecord)
  const shown = isOfRecords ? values.slice(0, MOST_ITEMS) : values
  const rest = values.length - shown.length
  const text = shown.map((each) => shownValue(each, unit)).join(isOfRecords ? '; ' : ', ')
  return rest === 0 ? text : `${text}; and ${rest} more`
}

/** "Bor (3.2 km)": the name, then what is said of it. Ids are for machines. */
function record(value: Record<string, unknown>): string {
  const { name, ...others } = value
  const said = Object.entries(others)
    .filter(([key, each]) => !key.endsWith('_id') && each !== null)
    .flatMap(([key, each]) => rows(key, each, MAX_DEPTH))
    .map((row) =>
      row.label === 'Distance' ? row.value : `${row.label.toLowerCase()} ${row.value}`,
    )
  if (typeof name !== 'string') return said.join(', ')
  return said.length === 0 ? name : `${name} (${said.join(', ')})`
}
