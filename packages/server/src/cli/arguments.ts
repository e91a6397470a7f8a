import {
  type ClientId,
  clientUid,
  type EndReason,
  parseClientId,
  parseReason,
  parseSessionId,
  parseUid,
  reason,
  type SessionId,
  type Uid,
} from '#domain'
import { CommandFailed } from './io.ts'

const clientPrefix = 'client:'

/** A person's uid, or `client:<id>` for a client's own session. @throws CommandFailed */
export function uidOf(text: string): Uid {
  if (text.startsWith(clientPrefix)) return clientUid(clientOf(text.slice(clientPrefix.length)))
  const uid = parseUid(text)
  if (uid === undefined) throw new CommandFailed(`"${text}" is not a user id`)
  return uid
}

/** @throws CommandFailed */
export function clientOf(text: string): ClientId {
  const id = parseClientId(text)
  if (id === undefined) throw new CommandFailed(`"${text}" is not a client id`)
  return id
}

/** @throws CommandFailed */
export function sidOf(text: string): SessionId {
  const sid = parseSessionId(text)
  if (sid === undefined) throw new CommandFailed(`"${text}" is not a session id (a UUIDv7)`)
  return sid
}

/** `--reason`, or `admin_revoke`. @throws CommandFailed */
export function reasonOf(text: string | undefined): EndReason {
  if (text === undefined) return reason('adminRevoke')
  const parsed = parseReason(text)
  if (parsed === undefined) {
    throw new CommandFailed(`--reason is 1 to 64 of a-z, 0-9 and _, not "${text}"`)
  }
  return parsed
}
