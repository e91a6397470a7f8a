import type { DeviceVoucher, StartRequest, StartResult } from '#authority'
import { type Act, ask, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { type AdminLinkStatements, adminLinkStatements, takeAdminLink } from './admin-links.ts'
import { type CodeStatements, codeStatements, takeCode } from './codes.ts'

export interface VoucherStatements {
  readonly codes: CodeStatements
  readonly links: AdminLinkStatements
  readonly takeDevice: Statement
  readonly approverLives: Statement
}

export function voucherStatements(dialect: Dialect): VoucherStatements {
  const { now, least } = dialect
  return {
    codes: codeStatements(dialect),
    links: adminLinkStatements(dialect),
    takeDevice: statement(
      'take_device',
      `update device_authorizations
      set state = 'consumed', consumed_at = ${now}, started_sid = $5
      where id = $1 and client_id = $2 and scanner_sid = $3 and scanner_uid = $4
        and state = 'approved' and expires_at > ${now} returning id`,
    ),
    approverLives: statement(
      'approver_lives',
      `select sid from sessions where sid = $1 and uid = $2 and revoked_at is null
        and ${least}(absolute_expires_at, idle_expires_at) > ${now}`,
    ),
  }
}

/**
 * Uses up what the start rests on, by one conditional update: of many that bring the same, the others wait
 * for the row and find it used. Rolled back with the start when that is refused. Undefined: go on.
 */
export function* takeVoucher(
  sql: VoucherStatements,
  request: StartRequest,
): Act<StartResult | undefined> {
  const { voucher } = request
  if (voucher === null) return undefined
  switch (voucher.kind) {
    case 'code':
      return yield* takeCode(sql.codes, voucher.code, request.candidate.origin.sid)
    case 'device-code':
      return yield* takeDevice(sql, voucher, request)
    case 'link':
      return yield* takeAdminLink(sql.links, voucher.hash, request)
    default:
      return voucher satisfies never
  }
}

function* takeDevice(
  sql: VoucherStatements,
  { id, clientId, approver }: DeviceVoucher,
  { candidate: { origin } }: StartRequest,
): Act<StartResult | undefined> {
  const rows = yield* ask(sql.takeDevice, id, clientId, approver, origin.uid, origin.sid)
  return rows.length === 1 ? undefined : { kind: 'voucher-refused', sid: null }
}

/** Whether whom the voucher rests on still lives (rule 31); asked once the user's row is locked. */
export function* backVoucher(
  sql: VoucherStatements,
  { voucher, candidate }: StartRequest,
): Act<StartResult | undefined> {
  if (voucher?.kind !== 'device-code') return undefined
  const rows = yield* ask(sql.approverLives, voucher.approver, candidate.origin.uid)
  return rows.length === 1 ? undefined : { kind: 'approver-ended' }
}
