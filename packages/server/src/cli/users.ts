import { reason } from '#domain'
import type { House } from '../main.ts'
import { reasonOf, uidOf } from './arguments.ts'
import { type Io, print } from './io.ts'

export interface UserOptions {
  readonly uid: string
  readonly reason?: string | undefined
  readonly json: boolean
}

/** `curfew users revoke UID`: ends all sessions of the user. */
export async function revokeUser(io: Io, house: House, options: UserOptions): Promise<void> {
  const uid = uidOf(options.uid)
  const order = { uid, reason: reasonOf(options.reason), by: null, except: null, disable: false }
  const revoked = await house.authority.revokeUser(order)
  print(io, options.json, { uid, revoked }, [`${revoked} session(s) of ${uid} ended`])
}

/** `curfew users disable UID`: ends all, and refuses new ones, also for a uid never seen. */
export async function disableUser(io: Io, house: House, options: UserOptions): Promise<void> {
  const uid = uidOf(options.uid)
  const order = { uid, reason: reason('userDisabled'), by: null, except: null, disable: true }
  const revoked = await house.authority.revokeUser(order)
  print(io, options.json, { uid, disabled: true, revoked }, [
    `${uid} is disabled; ${revoked} session(s) ended`,
  ])
}

/** `curfew users enable UID`: new sessions are possible again; none comes back. */
export async function enableUser(io: Io, house: House, options: UserOptions): Promise<void> {
  const uid = uidOf(options.uid)
  await house.authority.enableUser(uid, null)
  print(io, options.json, { uid, disabled: false }, [`${uid} is enabled`])
}
