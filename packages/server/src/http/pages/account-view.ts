import type { AccountAct } from './texts.ts'

/** One live session as its owner sees it. Instants are milliseconds. */
export interface AccountDevice {
  readonly sid: string
  readonly name: string | null
  readonly userAgent: string | null
  /** Null: the websites behind the gateway. */
  readonly client: string | null
  readonly kind: string
  readonly ip: string | null
  readonly signedInAt: number
  readonly lastUsedAt: number
  readonly current: boolean
  /** The screen was approved by its owner, with a device of this name; null: with one that is not here. */
  readonly approvedWith: { readonly name: string | null } | null
}

export interface EndedDevice {
  readonly name: string | null
  readonly userAgent: string | null
  readonly endedAt: number
  readonly reason: string
}

export type Said =
  | { readonly kind: 'renamed' | 'endedOne' | 'already' }
  | { readonly kind: 'endedOthers'; readonly count: number }

export interface AccountView {
  /** Where the page is, and its forms go. */
  readonly action: string
  readonly uid: string
  readonly now: number
  readonly devices: readonly AccountDevice[]
  readonly ended: readonly EndedDevice[]
  readonly said: Said | null
  /** A name that cannot be taken, as it was typed. */
  readonly refused: { readonly sid: string; readonly typed: string } | null
  readonly hasOthers: boolean
  readonly moreUrl: string | null
  readonly firstUrl: string | null
}

/** Where a person is asked whether they mean it. */
export function askUrl(action: string, act: AccountAct, sid?: string): string {
  return `${action}?ask=${act}${sid === undefined ? '' : `&sid=${encodeURIComponent(sid)}`}`
}
