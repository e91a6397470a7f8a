/* Which view the address names. Behind the #, so that the server serves one page wherever it lies. */

export const viewNames = [
  'sessions',
  'users',
  'ends',
  'activity',
  'effects',
  'keys',
  'audit',
] as const
export type ViewName = (typeof viewNames)[number]

export interface Route {
  readonly view: ViewName
  /** The user of `#/users/<uid>`. */
  readonly uid: string | null
  readonly params: URLSearchParams
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [name, rest] = path.split('/')
  const view = viewNames.find((one) => one === name) ?? 'sessions'
  const uid = view === 'users' && rest ? decode(rest) : null
  return { view, uid, params: new URLSearchParams(query) }
}

export function formatRoute(view: ViewName, params: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(params).toString()
  return `#/${view}${query === '' ? '' : `?${query}`}`
}

export function userRoute(uid: string): string {
  return `#/users/${encodeURIComponent(uid)}`
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    // Half a percent sign, from an address that was cut: no user is meant.
    return null
  }
}
