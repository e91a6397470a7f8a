/* The made-up world behind the mock: 10,000 sessions and what may happen to them. */
import type { AuditItem, Effect, Keys, Overview, SessionItem } from '../src/api/shapes.ts'
import { type Chance, chance } from './chance.ts'
import { firstAudit, firstEffects, firstKeys } from './furniture.ts'
import { personOf, sessionOf, sidOf } from './people.ts'

export const me = 'main:olivia.berg'

const reasons = [
  ...(['user_logout', 'user_logout', 'user_logout', 'expired', 'superseded'] as const),
  ...(['admin_revoke', 'user_logout_all', 'refresh_reuse', 'idp_logout'] as const),
] as const

type Listener = (item: SessionItem) => void

export class World {
  readonly chance: Chance
  readonly sessions = new Map<string, SessionItem>()
  readonly disabled = new Map<string, number>()
  readonly effects: Effect[]
  readonly audit: AuditItem[]
  readonly mine: string
  keys: Keys
  readonly #now: () => number
  readonly #listeners = new Set<Listener>()

  constructor(now: () => number, count: number, seed = 7) {
    this.#now = now
    this.chance = chance(seed)
    this.#fill(count)
    this.mine = this.start(me, { at: now() - 600 }).sid
    this.effects = firstEffects(now())
    this.audit = firstAudit(now())
    this.keys = firstKeys(now())
  }

  get now(): number {
    return this.#now()
  }

  onSession(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The newest first. */
  list(): SessionItem[] {
    return [...this.sessions.values()].sort((one, other) => (one.sid > other.sid ? -1 : 1))
  }

  start(uid = personOf(this.chance), { at = this.#now() } = {}): SessionItem {
    const item = sessionOf(uid, at, this.chance)
    this.#write(item)
    return item
  }

  /** Undefined when nobody ever had this sid, false when it had ended before. */
  end(sid: string, reason: string, by: string | null): boolean | undefined {
    const item = this.sessions.get(sid)
    if (item === undefined) return undefined
    if (item.revoked_at !== null) return false
    const end = { revoked_reason: reason, revoked_by_user_id: by, revoked_at: this.#now() }
    this.#write({ ...item, ...end })
    return true
  }

  endSomething(): void {
    const live = this.list().filter((one) => one.revoked_at === null && one.sid !== this.mine)
    const [first, ...rest] = live.slice(0, 60)
    if (first === undefined) return
    const { sid, uid } = this.chance.pick([first, ...rest])
    const reason = this.chance.pick(reasons)
    this.end(sid, reason, reason.startsWith('user_logout') ? uid : null)
  }

  note(action: string, target: string | null, detail: Record<string, unknown> = {}): void {
    this.audit.unshift({
      id: this.audit.length + 1,
      at: this.#now(),
      actor: me,
      action,
      target,
      detail,
    })
  }

  rotate(atOnce: boolean): { kid: string; activates_at: number } {
    const made = {
      ...{ kid: sidOf(this.#now(), this.chance).slice(-12), algorithm: 'ES256' },
      ...{ created_at: this.#now(), activates_at: this.#now() + (atOnce ? 0 : 600) },
    }
    const old = this.keys.signing_keys.map((key) =>
      atOnce && key.state === 'signing' ? { ...key, state: 'replaced' as const } : key,
    )
    const state = atOnce ? ('signing' as const) : ('published' as const)
    this.keys = { ...this.keys, signing_keys: [{ ...made, state }, ...old] }
    return made
  }

  overview(): Overview {
    const all = [...this.sessions.values()]
    const hourAgo = this.#now() - 3_600
    return {
      now: this.#now(),
      live_sessions: all.filter((one) => one.revoked_at === null).length,
      started_last_hour: all.filter((one) => one.created_at >= hourAgo).length,
      ended_last_hour: all.filter((one) => (one.revoked_at ?? 0) >= hourAgo).length,
      effects_waiting: this.effects.filter((one) => one.state === 'waiting').length,
      effects_given_up: this.effects.filter((one) => one.state === 'given-up').length,
    }
  }

  #fill(count: number): void {
    for (let left = count; left > 0; left--) {
      const at = this.#now() - 900 - left * 55 - this.chance.below(50)
      const uid = left % 41 === 0 ? me : personOf(this.chance)
      const item = { ...sessionOf(uid, at, this.chance), last_seen_at: at + this.chance.below(800) }
      const ended = left % 4 === 0
      const end = {
        revoked_at: at + 60 + this.chance.below(800),
        revoked_reason: this.chance.pick(reasons),
      }
      this.sessions.set(item.sid, ended ? { ...item, ...end } : item)
    }
  }

  #write(item: SessionItem): void {
    this.sessions.set(item.sid, item)
    for (const listener of this.#listeners) listener(item)
  }
}
