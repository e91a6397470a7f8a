import {
  type AdminLinks,
  type Authority,
  createAdminLinks,
  createAuthority,
  createDeviceAuthority,
  type Denylist,
  type DeviceAuthority,
  type Rooms,
  type SessionHints,
  type Signals,
  type SnapshotCache,
  type Store,
} from '#authority'
import type { Config } from '#config'
import type { Instant } from '#domain'
import { openStore } from '#stores'
import {
  createAccessTokens,
  createCodeTokens,
  createDeviceCodes,
  createIdTokens,
  createOpaqueTokens,
  createRandomness,
  createSealer,
  KeyRing,
  type Sealer,
  type SigningKeyAlarm,
  SigningKeys,
} from '#tokens'
import { StoreClock } from './clock.ts'
import { effectPlanOf } from './effect-plan.ts'
import { LivePolicy } from './live-policy.ts'
import { testClock } from './test-clock.ts'

/** The real things, joined, without a network: what a command and the server both stand on. */
export interface House {
  readonly config: Config
  readonly store: Store
  readonly clock: StoreClock
  readonly ring: KeyRing
  readonly sealer: Sealer
  readonly signingKeys: SigningKeys
  readonly policy: LivePolicy
  readonly rooms: Rooms
  readonly authority: Authority
  readonly devices: DeviceAuthority
  readonly adminLinks: AdminLinks
  close(): Promise<void>
}

/** What differs between a command, which has no memory, and a server, which has. */
export interface Surroundings<Remembered extends Memory> {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signals: Signals
  readonly keyAlarm: (alarm: SigningKeyAlarm) => void
  /** An access token names a key that is not loaded. */
  readonly onUnknownKey: () => void
  readonly remember: (parts: RememberedParts) => Remembered
}

export interface RememberedParts {
  readonly store: Store
  readonly clock: StoreClock
  readonly sealer: Sealer
}

export interface Memory {
  readonly denylist: Denylist
  readonly cache: SnapshotCache
  /** Between replicas, over whatever joins them. */
  readonly hints: SessionHints
  /** What it still has to tell is told, within a bound. */
  close(): Promise<void>
}

/** A command lives too briefly to remember anything: every decision reads the store. */
export function noMemory({ store }: Pick<RememberedParts, 'store'>): Memory {
  return {
    hints: store,
    close: async () => undefined,
    denylist: { denies: () => false, deny: () => undefined },
    cache: {
      get: () => undefined,
      recall: () => undefined,
      freshForMs: () => 0,
      lastKnown: () => undefined,
      put: () => undefined,
      advance: () => undefined,
      drop: () => undefined,
    },
  }
}

/**
 * Opens the store and brings the keys in step with it, so that nothing is signed before.
 *
 * @throws StoreUnavailable
 */
export async function openHouse<Remembered extends Memory>(
  config: Config,
  around: Surroundings<Remembered>,
): Promise<House & { readonly memory: Remembered }> {
  const clockOffsetMs = testClock(around.env)
  const shifted = clockOffsetMs === undefined ? {} : { clockOffsetMs }
  const effects = effectPlanOf(config)
  const store = await openStore(engineOf(config.store), { ...shifted, effects })
  try {
    const clock = new StoreClock()
    await observe(store, clock)
    const keys = await openKeys(config, { store, clock, alarm: around.keyAlarm })
    const memory = around.remember({ store, clock, sealer: keys.sealer })
    const policy = new LivePolicy(config)
    const { ring, sealer, signingKeys } = keys
    const { onUnknownKey, signals } = around
    const rooms: Rooms = {
      store,
      clock,
      policy,
      signals,
      denylist: memory.denylist,
      hints: memory.hints,
      cache: memory.cache,
      opaque: createOpaqueTokens(ring, clock),
      access: createAccessTokens({ issuer: policy.issuer, keys: signingKeys, clock, onUnknownKey }),
      idTokens: createIdTokens({ issuer: policy.issuer, keys: signingKeys, clock }),
      codes: createCodeTokens(),
      seal: sealer,
      random: createRandomness(),
    }
    const authority = createAuthority(rooms, store)
    const codes = createDeviceCodes(ring, clock)
    const devices = createDeviceAuthority({ rooms, store, codes, seal: sealer })
    const adminLinks = createAdminLinks({ rooms, store, codes })
    const close = async () => {
      await memory.close()
      await store.close()
    }
    const opened = { config, store, clock, ring, sealer, signingKeys, policy, rooms }
    return { ...opened, authority, devices, adminLinks, memory, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

function engineOf(store: Config['store']): Parameters<typeof openStore>[0] {
  return store.kind === 'sqlite' ? store : { kind: 'postgres', url: store.url.reveal() }
}

interface KeyOptions {
  readonly store: Store
  readonly clock: StoreClock
  readonly alarm: (alarm: SigningKeyAlarm) => void
}

async function openKeys(
  config: Config,
  { store, clock, alarm }: KeyOptions,
): Promise<Pick<House, 'ring' | 'sealer' | 'signingKeys'>> {
  const ring = new KeyRing(config.secrets)
  await ring.register(store, config.tokens.keyActivationDelayMs)
  const sealer = createSealer(ring, clock)
  const activationDelayMs = config.tokens.keyActivationDelayMs
  const signingKeys = new SigningKeys({ store, ring, sealer, alarm, activationDelayMs })
  await signingKeys.ensure(config.tokens.algorithm)
  return { ring, sealer, signingKeys }
}

/** The first look at the store's clock; the tail goes on with it. */
async function observe(store: Store, clock: StoreClock): Promise<Instant> {
  const sentAt = clock.processNow()
  const { now } = await store.signingKeys()
  clock.observe(now, sentAt, clock.processNow())
  return now
}
