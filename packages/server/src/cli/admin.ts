import { type AuditAction, auditActions } from '#authority'
import type { Config } from '#config'
import { toSeconds } from '#domain'
import { auditJson } from '#http'
import type { House } from '../main.ts'
import { uidOf } from './arguments.ts'
import { CommandFailed, type Io, print, table, when } from './io.ts'

/** `curfew admin link UID`: a sign-in URL for the console, good once, for five minutes. */
export async function adminLink(
  io: Io,
  house: House,
  options: { readonly uid: string; readonly json: boolean },
): Promise<void> {
  const uid = uidOf(options.uid)
  const made = await house.adminLinks.make(uid)
  if (made === undefined) {
    throw new CommandFailed(
      `${uid} is no administrator; add \`- { match: "${uid}", roles: [admin] }\` to \`users\` in the configuration, and let the server read it (SIGHUP)`,
    )
  }
  const url = `${consoleOf(house.config)}/console/link?token=${made.token.reveal()}`
  const value = { uid, url, expires_at: toSeconds(made.expiresAt) }
  print(io, options.json, value, [url])
}

/** Where the role admin counts, so far as the configuration knows it. */
function consoleOf({ server }: Config): string {
  const { adminListen, publicUrl, basePath } = server
  if (adminListen === null) return publicUrl
  const { host, port } = adminListen
  const everywhere = host === '0.0.0.0' || host === '::'
  const name = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}${basePath}`
}

export interface AuditOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly limit: string
  readonly json?: boolean
}

/** `curfew audit list`: who did what, the newest first. */
export async function listAudit(io: Io, house: House, options: AuditOptions): Promise<void> {
  const { actor = null, target = null } = options
  const action = actionOf(options.action)
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
    throw new CommandFailed(`--limit is a whole number from 1 to 10000, not "${options.limit}"`)
  }
  const { rows } = await house.authority.audit({ actor, target, action, before: null, limit })
  const lines = table(
    ['AT', 'WHO', 'DID', 'TO', 'DETAIL'],
    rows.map((row) => [
      when(row.at),
      row.actor,
      row.action,
      row.target ?? '',
      JSON.stringify(row.detail),
    ]),
  )
  print(io, options.json === true, { items: rows.map(auditJson) }, lines)
}

function actionOf(given: string | undefined): AuditAction | null {
  if (given === undefined) return null
  const action = auditActions.find((one) => one === given)
  if (action === undefined) throw new CommandFailed(`--action is ${auditActions.join(', ')}`)
  return action
}
