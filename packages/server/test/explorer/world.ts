/*
 * The explorer's world: plain data, so that its JSON is its identity. Sessions stand in it by their
 * number in a book, which holds each different session once.
 */
import type { DevicePolicy, EndCause, LiveSession, Session } from '#domain'
import { session } from '#test/domain/sessions.ts'

export type Replica = 'a' | 'b'

/** Where a client stands in its program. Only what its next step needs is kept, so that states merge. */
export interface Client {
  readonly pc: number
  readonly phase:
    | 'begin'
    | 'read'
    | 'swap'
    | 'end'
    | 'commit'
    | 'join'
    | 'fill'
    | 'done'
    | 'crashed'
  /** The session decided on, and the one proposed: numbers of the book. */
  readonly from?: number
  readonly to?: number
  readonly cause?: EndCause
  /** Which session the command is for, when a start was told to join it. */
  readonly joins?: string
  readonly fence?: number
  readonly seq?: number
  readonly page?: readonly FeedRow[]
  readonly head?: number
  /** The provider's refresh token that is on its way, and what came of it. */
  readonly sent?: number
  readonly leaseUntil?: number
  readonly heard?: 'tokens' | 'fault' | 'refused'
  readonly answer?: string
}

export interface FeedRow {
  readonly seq: number
  readonly sid: string
  readonly exp: number
}

/** A grant request that was sent, and of which the sender has not learned the outcome. */
export interface Flight {
  readonly client: number
  readonly sent: number
  readonly until: number
}

export interface World {
  readonly now: number
  /** The table of sessions, as the numbers of the book. */
  readonly rows: readonly number[]
  readonly feed: readonly FeedRow[]
  /** The last number given. */
  readonly head: number
  readonly fence: number
  readonly userFence: number
  readonly disabled: boolean
  /** Snapshots of s1, and the ends that each replica knows of. */
  readonly caches: Readonly<Record<Replica, number | null>>
  readonly denied: Readonly<Record<Replica, readonly string[]>>
  /** Sessions that a replica has refused once. */
  readonly refused: Readonly<Record<Replica, readonly string[]>>
  /** Replica b's tail. */
  readonly reader: { readonly cursor: number; readonly seen: readonly string[] }
  /** The provider: which refresh token is good, and whether the user withdrew everything there. */
  readonly idp: {
    readonly good: number
    readonly withdrawn: boolean
    readonly flights: readonly Flight[]
  }
  /** Which successor each generation of s1 was answered with. */
  readonly successors: Readonly<Record<string, string>>
  readonly clients: readonly Client[]
}

/** Each different session once, by number. */
export class Book {
  readonly #numbers = new Map<string, number>()
  readonly #sessions: Session[] = []

  number(session: Session): number {
    const text = JSON.stringify(session)
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#sessions.push(session)
    this.#numbers.set(text, this.#sessions.length - 1)
    return this.#sessions.length - 1
  }

  session(number: number): Session {
    const session = this.#sessions[number]
    if (session === undefined) throw new Error(`no session ${number}`)
    return session
  }

  live(number: number): LiveSession {
    const session = this.session(number)
    if (session.kind === 'ended') throw new Error(`session ${number} has ended`)
    return session
  }
}

const minuteMs = 60_000
/** Short enough for the clock programs to run past it. */
export const idleTtlMs = 30 * minuteMs

/** The user's session `s1` of generation 3, and in a `multiple` class an older one beside it. */
export function firstRows(policy: DevicePolicy): readonly LiveSession[] {
  const s1 = { sid: 's1', generation: 3, idleTtlMs, provider: {} }
  switch (policy.policy) {
    case 'single':
      return [session({ ...s1, device: 'app' })]
    case 'shared':
      return [session({ ...s1, device: 'pc' })]
    case 'multiple':
      return [
        session({ sid: 's0', device: 'web', slot: null, idleTtlMs, provider: {} }),
        session({ ...s1, device: 'web', deviceId: 'phone', slot: 'web:phone' }),
      ]
    default:
      return policy satisfies never
  }
}
