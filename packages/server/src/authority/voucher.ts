import type { Brand, ClientId, SessionId } from '#domain'
import type { LinkVoucher } from './audit-ports.ts'

/** What a start uses up: it works once, and remembers the session that it started. */
export type Voucher =
  | { readonly kind: 'code'; readonly code: CodeHash }
  | DeviceVoucher
  | LinkVoucher

/** An approved device authorization (rule 31): the approver has to live when the session starts. */
export interface DeviceVoucher {
  readonly kind: 'device-code'
  /** Of the row. */
  readonly id: string
  readonly clientId: ClientId
  /** The session that approved. */
  readonly approver: SessionId
}

/** SHA-256 of an authorization code, in base64url: the store holds nothing that can be presented. */
export type CodeHash = Brand<string, 'CodeHash'>
