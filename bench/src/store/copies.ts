import type { OpaqueTokens } from '../../../packages/server/src/authority/index.ts'
import {
  instant,
  type LiveSession,
  Secret,
  type SessionId,
} from '../../../packages/server/src/domain/index.ts'
import { openStore, type StoreConfig } from '../../../packages/server/src/stores/index.ts'
import { createOpaqueTokens, KeyRing } from '../../../packages/server/src/tokens/index.ts'
import { clock, random } from '../tokens/keys.ts'
import { type CopiedRows, openCopiedRows } from './copied-rows.ts'

export type CopiedToken = 'cookie' | 'session' | 'refresh'

const rowsAtOnce = 10_000

/**
 * Sessions that live in a store although nobody started them: copies of the one that did, each with a sid
 * and a user of its own. The secret that made its tokens makes theirs.
 */
export class Copies {
  readonly #rows: CopiedRows
  readonly #template: LiveSession
  readonly #opaque: OpaqueTokens

  private constructor(rows: CopiedRows, template: LiveSession, secret: string) {
    this.#rows = rows
    this.#template = template
    const ring = new KeyRing([new Secret(secret)])
    ring.update(ring.ids.map((keyId) => ({ keyId, activatesAt: instant(0) })))
    this.#opaque = createOpaqueTokens(ring, clock)
  }

  /** `store` as the configuration names it; somebody has to have signed in there. */
  static async open(store: string, secret: string): Promise<Copies> {
    const rows = openCopiedRows(store)
    const template = await readSession(store, await rows.template())
    return new Copies(rows, template, secret)
  }

  async make(count: number): Promise<readonly SessionId[]> {
    const sids = Array.from({ length: count }, () => random.sessionId(clock.now()))
    for (let at = 0; at < count; at += rowsAtOnce) {
      await this.#rows.copy(sids.slice(at, at + rowsAtOnce), this.#template.origin.sid)
    }
    return sids
  }

  async remove(sids: readonly SessionId[]): Promise<void> {
    if (sids.length > 0) await this.#rows.remove(sids)
  }

  settle(): Promise<void> {
    return this.#rows.settle()
  }

  /** Of a session as it was copied: a refresh makes the next one. */
  token(purpose: CopiedToken, sid: SessionId): string {
    const { origin, rotation, sessionToken } = this.#template
    const state = purpose === 'refresh' ? rotation : sessionToken
    if (state === null) throw new Error('the session that was copied has no refresh token')
    const { generation, keyId } = state
    return this.#opaque.issue(purpose, { sid, generation, keyId }, origin.salt)
  }

  close(): Promise<void> {
    return this.#rows.close()
  }
}

async function readSession(store: string, sid: SessionId): Promise<LiveSession> {
  const opened = await openStore(storeConfig(store))
  const read = await opened.read(sid)
  await opened.close()
  if (read?.session.kind !== 'live') throw new Error('the session to be copied has ended')
  return read.session
}

function storeConfig(store: string): StoreConfig {
  const path = /^sqlite:(.+)$/.exec(store)?.[1]
  return path === undefined ? { kind: 'postgres', url: store } : { kind: 'sqlite', path }
}
