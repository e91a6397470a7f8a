/*
 * What was asked of the replicas and what they answered, with times of this process. The judge decides on
 * nothing else. An act without an answer (503, a broken connection) may or may not have happened.
 */
import type { JsonObject } from '#test/harness/json.ts'

type Timed = {
  /** The replica's name. */
  readonly at: string
  /** Milliseconds: the request was about to be written. */
  readonly from: number
  /** Milliseconds: the answer had been read whole. */
  readonly till: number
  /** 0: no answer came. */
  readonly status: number
}

/** `ended`: the answer said so. `refused`: the credential was not taken. `unknown`: 503 or no answer. */
export type Verdict = 'accepted' | 'ended' | 'refused' | 'unknown' | 'odd'

export type DevicePolicy = 'single' | 'shared' | 'multiple'

/** A sign-in; `sid` only when it was acknowledged. */
export type StartAct = Timed & {
  readonly kind: 'start'
  readonly uid: string
  readonly device: string
  readonly policy: DevicePolicy
  readonly verdict: Verdict
  readonly sid: string | undefined
  readonly joined: boolean
  readonly tokens: Successor | undefined
  /** When the fence that it carried had been captured; undefined: within the request. */
  readonly fenceTill: number | undefined
  /** Who it is at the identity provider, whose tokens the session then holds. */
  readonly subject?: string
}

/** A token of a session was shown: at the API, at introspection, to forward auth or to a verifier. */
export type UseAct = Timed & {
  readonly kind: 'use'
  readonly how: string
  readonly sid: string
  readonly verdict: Verdict
  /** Whoever was asked may answer from what it remembers, for a bounded time (`Bounds`). */
  readonly fromMemory?: boolean
  /** The replica that a verifier follows. */
  readonly through?: string
  /** The answer took the cookie away. */
  readonly cleared?: boolean
}

/** What nobody was ever given: a token that was tampered with. */
export type ForgeryAct = Timed & {
  readonly kind: 'forgery'
  readonly how: string
  readonly verdict: Verdict
}

export type RefreshAct = Timed & {
  readonly kind: 'refresh'
  readonly sid: string
  /** The refresh token, as a key only. */
  readonly presented: string
  readonly verdict: Verdict
  readonly successor: Successor | undefined
  readonly reason: string | undefined
}

/** What a client was handed. */
export type Successor = {
  readonly refreshToken: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
}

/** One session was to end. */
export type EndAct = Timed & {
  readonly kind: 'end'
  readonly how: string
  readonly sid: string
  readonly verdict: Verdict
  /** Did the answer say that this request ended it? */
  readonly first: boolean
}

/** All sessions of a user were to end. */
export type EndAllAct = Timed & {
  readonly kind: 'end-all'
  readonly how: string
  readonly uid: string
  readonly except: string | undefined
  readonly disables: boolean
  readonly verdict: Verdict
  readonly revoked: number | undefined
}

export type EnableAct = Timed & {
  readonly kind: 'enable'
  readonly uid: string
  readonly verdict: Verdict
}

/** The live sessions of a user as an admin sees them. */
export type CensusAct = Timed & {
  readonly kind: 'census'
  readonly uid: string
  readonly verdict: Verdict
  readonly live: readonly { readonly sid: string; readonly device: string }[]
}

export type Act =
  | StartAct
  | UseAct
  | ForgeryAct
  | RefreshAct
  | EndAct
  | EndAllAct
  | EnableAct
  | CensusAct

/** A refresh grant as the identity provider saw it. */
export type Grant = {
  readonly subject: string
  /** The provider's refresh token. */
  readonly token: string
  /** It arrived. */
  readonly from: number
  /** The answer was written, or the connection cut; Infinity: not yet. */
  till: number
  /** The token is spent, whether or not anybody heard of the next one. */
  rotated: boolean
  /** `fault`: the provider said so itself; `lost`: whatever happened, the answer did not get out whole. */
  outcome: 'answered' | 'refused' | 'fault' | 'lost' | 'under way'
}

/** Something was broken on purpose, and is whole again `till`. */
export type Trouble = {
  readonly what: string
  /** The replica's name; undefined: all of them. */
  readonly at: string | undefined
  readonly from: number
  till: number
  /** Only hints and caches: no state was out of reach. */
  readonly harmless: boolean
}

/** The feed from a position on to its head: read when all was quiet, or by a reader that followed it. */
export type FeedPart = {
  /** Who read it; undefined: we did, in the end. */
  readonly reader?: string
  /** How often its reader was told to begin again. */
  readonly resets?: number
  /** Where it ends. */
  readonly cursor: string
  readonly afterSeq: number
  readonly headSeq: number
  readonly entries: readonly FeedEntry[]
}

export type FeedEntry = {
  readonly sid: string
  /** As verifiers are told: the newest access token, and the latest expiry of all. */
  readonly jti: string | null
  readonly exp: number
}

export class History {
  readonly acts: Act[] = []
  readonly grants: Grant[] = []
  readonly troubles: Trouble[] = []
  /** Sessions of histories that were judged before; one of them may still end. */
  readonly elders = new Set<string>()

  add<T extends Act>(act: T): T {
    this.acts.push(act)
    return act
  }

  /** Begins anew: what was judged is forgotten, but for the names of its sessions. */
  restart(): void {
    for (const act of this.acts) {
      if ('sid' in act && act.sid !== undefined) this.elders.add(act.sid)
    }
    this.acts.length = 0
    this.grants.length = 0
    this.troubles.length = 0
  }

  /** For messages: what happened to one session or user, in order. */
  about(name: string): readonly string[] {
    return this.acts
      .filter((act) => Object.values(act).includes(name))
      .toSorted((a, b) => a.from - b.from)
      .map(line)
  }
}

export function line(act: Act): string {
  const { kind, at, from, till, status, ...rest } = act
  const details = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined || typeof value === 'object' ? [] : [`${name}=${short(String(value))}`],
  )
  return `${from.toFixed(1)}-${till.toFixed(1)} ${at} ${kind} ${status} ${details.join(' ')}`
}

function short(text: string): string {
  return text.startsWith('cfr_') ? `cfr_…${text.slice(-6)}` : text
}

/** How the API takes a token that it was shown. */
export function verdictOf(status: number, body: JsonObject): Verdict {
  if (status === 200 || status === 201) return 'accepted'
  if (status === 0 || status === 503) return 'unknown'
  if (typeof body['revoked_reason'] === 'string') return 'ended'
  return [400, 401, 403, 404, 409].includes(status) ? 'refused' : 'odd'
}
