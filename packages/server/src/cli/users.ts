import { clientUid, parseClientId, parseUid, reason, type Uid } from '#domain'
import type { House } from '../main.ts'
import { CommandFailed, type Io, print } from './io.ts'
import { reasonOf } from './sessions.ts'

const clientPrefix = 'client:'

/** A person's uid, or `client:<id>` for a client's own session. */
export function parseAnyUid(text: string): Uid {
  if (text.startsWith(clientPrefix)) {
    const client = parseClientId(text.slice(clientPrefix.length))
    if (client !== undefined) return clientUid(client)
  }
  const uid = parseUid(text)
  if (uid === undefined) throw new CommandFailed(`"${text}" is not a user id`)
  return uid
}

export interface UserOptions {
  readonly uid: string
  readonly reason?: string | undefined
  readonly json: boolean
}

/** `curfew users revoke UID`: ends all sessions of the user. */
export async function revokeUser(io: Io, house: House, options: UserOptions): Promise<void> {
  const uid = parseAnyUid(options.uid)
  const order = { uid, reason: reasonOf(options.reason), by: null, except: null, disable: false }
  const revoked = await house.authority.revokeUser(order)
  print(io, options.json, { uid, revoked }, [`${revoked} session(s) of ${uid} ended`])
}

/** `curfew users disable UID`: ends all, and refuses new ones, also for a uid never seen. */
export async function disableUser(io: Io, house: House, options: UserOptions): Promise<void> {
  const uid = parseAnyUid(options.uid)
  const order = { uid, reason: reason('userDisabled'), by: null, except: null, disable: true }
  const revoked = await house.authority.revokeUser(order)
  print(io, options.json, { uid, disabled: true, revoked }, [
    `${uid} is disabled; ${revoked} session(s) ended`,
  ])
}

/** `curfew users enable UID`: new sessions are possible again; none comes back. */
export async function enableUser(io: Io, house: House, options: UserOptions): Promise<void> {
  const uid = parseAnyUid(options.uid)
  await house.authority.enableUser(uid)
  print(io, options.json, { uid, disabled: false }, [`${uid} is enabled`])
}
