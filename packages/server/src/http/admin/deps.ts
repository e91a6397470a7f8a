import type { EffectStore, WatchStore } from '#authority'
import type { KeysInForce } from './key-answers.ts'
import type { WatchedSessions } from './session-watch.ts'

/** What an administrator's console is shown beside sessions; `main` joins it. */
export interface AdminDeps {
  readonly effects: Pick<EffectStore, 'effects' | 'retryEffects' | 'countEffects'>
  /** Of the webhooks of this configuration, by their targets. */
  readonly webhookHosts: ReadonlyMap<string, string>
  readonly keys: KeysInForce
  readonly sessions: WatchedSessions
  readonly system: Pick<WatchStore, 'activity' | 'followers' | 'countUnended'>
}
