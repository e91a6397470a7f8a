import type { SessionId } from '#domain'
import type { ReturnTarget } from '#gateway'
import type { BrowserDeps } from './deps.ts'

export interface HandOffOrder {
  readonly sid: SessionId
  readonly target: Extract<ReturnTarget, { kind: 'allowed' }>
  readonly binding: string
}

/** Beyond it the ticket would not fit into the headers of the proxies between. */
const targetLengthMax = 2048

/** Where the application's host takes the session over (API.md, section 4). */
export function handOffUrl(
  { handOff, prefix }: Pick<BrowserDeps, 'handOff' | 'prefix'>,
  { sid, target, binding }: HandOffOrder,
): string {
  const { host, url } = target
  const origin = new URL(url).origin
  const fitting = url.length <= targetLengthMax ? url : `${origin}/`
  const ticket = handOff.issue({ sid, host, binding, target: fitting })
  return `${origin}${prefix}/session?ticket=${ticket}`
}
