/** The part of the address after #: what is open, so that Back works and a webhook's link opens. */

export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'sign-in'; readonly token: string }
  | { readonly page: 'alert'; readonly id: string }
  | { readonly page: 'incident'; readonly id: string }

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?', 2)
  const [, page = '', id = ''] = path.split('/')
  if (page === 'sign-in') {
    return { page: 'sign-in', token: new URLSearchParams(search).get('token') ?? '' }
  }
  if (page === 'alerts' && id !== '') return { page: 'alert', id: decode(id) }
  if (page === 'incidents' && id !== '') return { page: 'incident', id: decode(id) }
  return { page: 'home' }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export function hashOf(route: Route): string {
  switch (route.page) {
    case 'home':
      return '#/'
    case 'sign-in':
      return '#/sign-in'
    case 'alert':
      return `#/alerts/${encodeURIComponent(route.id)}`
    case 'incident':
      return `#/incidents/${encodeURIComponent(route.id)}`
  }
}
