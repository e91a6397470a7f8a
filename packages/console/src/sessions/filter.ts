/* What the reader of the list asked for. It stands in the address, so that a view can be sent to a colleague. */
import type { SessionItem } from '../api/shapes.ts'

export interface SessionFilter {
  readonly state: 'live' | 'ended' | 'all'
  readonly search: string
  readonly device: string
  readonly reason: string
}

export const noFilter: SessionFilter = { state: 'live', search: '', device: '', reason: '' }

const states = ['live', 'ended', 'all'] as const

export function filterOf(params: URLSearchParams): SessionFilter {
  const said = params.get('state')
  return {
    state: states.find((one) => one === said) ?? noFilter.state,
    search: params.get('search') ?? '',
    device: params.get('device') ?? '',
    reason: params.get('reason') ?? '',
  }
}

/** What differs from the plain list, for the address and the API alike. */
export function paramsOf(filter: SessionFilter): Record<string, string> {
  const { state, search, device, reason } = filter
  return Object.fromEntries(
    Object.entries({ state, search: search.trim(), device, reason }).filter(([, value]) => value),
  )
}

/** A live session has no reason: asking for one asks for those that have ended. */
export function withReason(filter: SessionFilter, reason: string): SessionFilter {
  const state = reason !== '' && filter.state === 'live' ? 'ended' : filter.state
  return { ...filter, reason, state }
}

export function withState(filter: SessionFilter, state: SessionFilter['state']): SessionFilter {
  return { ...filter, state, reason: state === 'live' ? '' : filter.reason }
}

/** As the server judges it, for what arrives by the event stream. */
export function matches(item: SessionItem, filter: SessionFilter): boolean {
  const ended = item.revoked_at !== null
  if (filter.state !== 'all' && ended !== (filter.state === 'ended')) return false
  if (filter.device !== '' && item.device !== filter.device) return false
  if (filter.reason !== '' && item.revoked_reason !== filter.reason) return false
  const search = filter.search.trim()
  if (search === '') return true
  return item.uid.startsWith(search) || item.sid === search.toLowerCase() || item.ip === search
}
