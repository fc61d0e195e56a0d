import { describe, expect, it } from 'vitest'
import { readable, startLanguage, translator, wordFor } from '../src/labels'
import { en } from '../src/labels/en'
import { fr } from '../src/labels/fr'
import { hashOf, parseRoute, type Route } from '../src/route'
import { createStore } from '../src/store'
import { passwordFault } from '../src/views/signin'

describe('route', () => {
  it.each<[string, Route]>([
    ['', { page: 'home' }],
    ['#/', { page: 'home' }],
    ['#/nonsense', { page: 'home' }],
    ['#/alerts/', { page: 'home' }],
    ['#/alerts/0143-8a', { page: 'alert', id: '0143-8a' }],
    ['#/incidents/a%2Fb', { page: 'incident', id: 'a/b' }],
    ['#/alerts/%E0%A4%A', { page: 'alert', id: '%E0%A4%A' }],
    ['#/sign-in?token=abc-1_2', { page: 'sign-in', token: 'abc-1_2' }],
    ['#/sign-in', { page: 'sign-in', token: '' }],
  ])('of %j', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route)
  })

  it('is written back as it was read, without the token', () => {
    for (const hash of ['#/', '#/alerts/x%2Fy', '#/incidents/1'])
      expect(hashOf(parseRoute(hash))).toBe(hash)
    expect(hashOf({ page: 'sign-in', token: 'secret' })).toBe('#/sign-in')
  })
})

describe('store', () => {
  it('tells only whom the change concerns', () => {
    const store = createStore({ a: 1, b: 1 })
    const heard: string[] = []
    store.on(['a'], ({ a }) => heard.push(`a${a}`))
    store.on(['b'], ({ b }) => heard.push(`b${b}`))
    store.set({ a: 2 })
    store.set({ a: 2 })
    store.set({ b: 5 })
    expect(heard).toEqual(['a2', 'b5'])
  })

  it('serves a change made by a listener after the round that is going on', () => {
    const store = createStore({ a: 1, b: 1 })
    const heard: string[] = []
    store.on(['a'], ({ a }) => {
      if (a === 2) store.set({ a: 3 })
    })
    store.on(['a'], ({ a }, before) => heard.push(`${before.a}>${a}`))
    store.set({ a: 2 })
    expect(heard).toEqual(['1>2', '2>3'])
  })

  it('stops telling whoever asks for it', () => {
    const store = createStore({ a: 1 })
    const heard: number[] = []
    const stop = store.on(['a'], ({ a }) => heard.push(a))
    stop()
    store.set({ a: 2 })
    expect(heard).toEqual([])
  })
})

describe('words', () => {
  const places = (text: string): readonly string[] =>
    [...text.matchAll(/\{\w+\}/g)].map(String).sort()

  it.each(Object.keys(en) as (keyof typeof en)[])(
    '%s has the same places in both languages',
    (key) => {
      expect(places(fr[key])).toEqual(places(en[key]))
    },
  )

  it('are filled in', () => {
    expect(translator('en')('inbox.priority', { n: 5 })).toBe('Priority 5')
    expect(translator('fr')('inbox.priority', { n: 5 })).toBe('Priorité 5')
    expect(translator('en')('inbox.priority')).toBe('Priority {n}')
  })

  it('of an unknown code are the code, readable', () => {
    expect(wordFor('en', 'state', 'RAISED')).toBe('Not acknowledged')
    expect(wordFor('en', 'state', 'SOMETHING_NEW')).toBe('Something new')
    expect(readable('ARMED_GROUP')).toBe('Armed group')
    expect(readable('UN_BASE')).toBe('UN base')
    expect(readable('POC_SITE')).toBe('POC site')
  })

  it.each([
    [['fr-CD', 'en'], null, 'fr'],
    [['ar', 'fr'], null, 'fr'],
    [['sw'], null, 'en'],
    [['fr'], 'en', 'en'],
  ])('begin for %j with %j stored in %s', (preferred, stored, language) => {
    expect(startLanguage(preferred, stored)).toBe(language)
  })
})

it.each([
  ['short', 'short', 'signin.link.short'],
  ['twelve chars', 'twelve char5', 'signin.link.differ'],
  ['twelve chars', 'twelve chars', null],
  ['ééééééééééé', 'ééééééééééé', 'signin.link.short'],
])('a new password %j, %j: %s', (password, repeat, fault) => {
  expect(passwordFault(password, repeat)).toBe(fault)
})
