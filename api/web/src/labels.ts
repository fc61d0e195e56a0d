/** The page's words. A language is a table with the same keys; codes without a word stay codes. */

import { en, type Key } from './labels/en'
import { fr } from './labels/fr'

export type Language = 'en' | 'fr'
export type { Key } from './labels/en'

const TABLES: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, fr }

export type Translate = (key: Key, values?: Readonly<Record<string, string | number>>) => string

export function translator(language: Language): Translate {
  const table = TABLES[language]
  return (key, values = {}) =>
    table[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name]
      return value === undefined ? whole : String(value)
    })
}

/** The word for a code of a known list, or the code itself in readable form. */
export function wordFor(language: Language, list: string, code: string): string {
  const table: Readonly<Record<string, string>> = TABLES[language]
  return table[`${list}.${code}`] ?? readable(code)
}

/** "ARMED_GROUP" to "Armed group": for a code that nobody has given a word yet. */
export function readable(code: string): string {
  const words = code.replaceAll('_', ' ').toLowerCase()
  const cased = words.replace(/\b(un|poc|idp|ngo)\b/g, (name) => name.toUpperCase())
  return cased.charAt(0).toUpperCase() + cased.slice(1)
}

export function startLanguage(preferred: readonly string[], stored: string | null): Language {
  if (stored === 'en' || stored === 'fr') return stored
  const first = preferred.find((tag) => tag.startsWith('en') || tag.startsWith('fr'))
  return first?.startsWith('fr') === true ? 'fr' : 'en'
}
