/* Device authorizations as the contract suites need them; every call gives new codes. */
import { randomBytes } from 'node:crypto'
import type { StartRequest, Store } from '#authority'
import type { LiveSession } from '#domain'
import { app, request } from './sessions.ts'

export interface Screen {
  readonly id: string
  readonly deviceCode: string
  readonly userCode: string
  readonly watch: string
}

export const lifetimeMs = 600_000

export async function shown(store: Store): Promise<Screen> {
  const code = () => randomBytes(16).toString('base64url')
  const screen = { id: code(), deviceCode: code(), userCode: code(), watch: code() }
  const asks = { clientId: app, scope: 'openid', resources: ['https://api.example.com'] }
  const added = await store.addDevice({
    ...{ ...asks, ip: '192.0.2.9', userAgent: 'TV/1', id: screen.id },
    ...{ deviceCodeHash: screen.deviceCode, userCodeHash: screen.userCode },
    ...{ watchHash: screen.watch, lifetimeMs, intervalMs: 5000 },
  })
  if (added !== 'added') throw new Error(added)
  return screen
}

export async function approved(store: Store, { origin }: LiveSession): Promise<Screen> {
  const screen = await shown(store)
  await store.scanDevice([screen.userCode], origin)
  const order = { sid: origin.sid, decision: 'approved' } as const
  const { moved } = await store.decideDevice([screen.userCode], order)
  if (!moved) throw new Error('the approval was not made')
  return screen
}

/** The start of a child with that approval. */
export async function redemption(
  store: Store,
  screen: Screen,
  { origin: { sid, uid } }: LiveSession,
): Promise<StartRequest> {
  const asked = await request(store, { uid })
  const { candidate } = asked
  return {
    ...asked,
    candidate: { ...candidate, origin: { ...candidate.origin, parentSid: sid } },
    voucher: { kind: 'device-code', id: screen.id, clientId: app, approver: sid },
  }
}
