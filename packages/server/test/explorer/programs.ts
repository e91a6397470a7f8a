/*
 * What clients do, as data: each program is a list of steps, and step.ts says how a step runs. The clock
 * and a crash are programs too.
 */
import {
  addMs,
  type ClientId,
  type Command,
  type DevicePolicy,
  instant,
  type KeyId,
  type LiveSession,
  type MintOrder,
  parseReason,
  reason,
  type Sender,
  slotOf,
  type TokenId,
} from '#domain'
import { joiner, owner, session } from '#test/domain/sessions.ts'
import type { UserEndOrder } from './model-store.ts'
import { type Client, idleTtlMs, type Replica } from './world.ts'

export interface Moment {
  readonly now: number
  readonly client: Client
  readonly index: number
}

export type Step =
  /** Decide, swap, and on a conflict read and decide again; as authority/apply.ts does. */
  | {
      readonly act: 'apply'
      readonly command: (session: LiveSession, at: Moment) => Command
      readonly cached?: true
    }
  | { readonly act: 'end'; readonly reason: string }
  | { readonly act: 'end-user'; readonly order: Omit<UserEndOrder, 'warrant'> }
  | { readonly act: 'capture-fence' }
  | { readonly act: 'start'; readonly wanted: StartWish }
  /** The request to the provider leaves, reaches it, and is answered there. */
  | { readonly act: 'send' }
  | { readonly act: 'arrive'; readonly fault?: true }
  /** Nobody hears the answer: the sender gave up waiting, or died. */
  | { readonly act: 'withdraw' }
  | { readonly act: 'read-feed' }
  | { readonly act: 'take-in' }
  | { readonly act: 'present' }
  | { readonly act: 'tick'; readonly ms: number }
  | { readonly act: 'crash' }

export interface StartWish {
  readonly deviceId?: string
  readonly mayJoin: boolean
}

export interface Program {
  readonly name: string
  readonly replica: Replica
  readonly steps: readonly Step[]
  /** It is meant to end sessions. */
  readonly ends?: true
  /** The refresh token that it presents, and whether as the session's own client. */
  readonly presents?: { readonly generation: number; readonly honest: boolean }
}

const secondMs = 1000
export const graceMs = 30 * secondMs
const leaseMs = 15 * secondMs
/** How long a sender waits for the provider; its lease is longer (rule 21). */
export const providerTimeoutMs = 10 * secondMs
const ttlSeconds = 300

function order(at: Moment): MintOrder {
  return { jti: `client-${at.index}` as TokenId, ttlSeconds, keyId: 'signing-1' }
}

function refreshWith(presented: number, sender: Sender): Step {
  return {
    act: 'apply',
    cached: true,
    command: (_session, at) => ({
      kind: 'refresh',
      presented,
      sender,
      mint: order(at),
      refreshKeyId: 'secret-1' as KeyId,
      refreshTtlMs: 24 * 3600 * secondMs,
      idleTtlMs,
      grace: { refreshGraceMs: graceMs, lostResponseMs: 0, regainedAt: instant(0) },
      seen: { ip: null, userAgent: null },
    }),
  }
}

/** Rows begin at generation 3: 3 is the newest token, 2 a repeat, 1 was stolen. */
function refresh(name: string, generation: number, replica: Replica, sender = owner): Program {
  const steps = [refreshWith(generation, sender)]
  return { name, replica, steps, presents: { generation, honest: sender === owner } }
}

const thief: Sender = { clientId: 'thief' as ClientId, dpopThumbprint: null }

const takeLease: Step = {
  act: 'apply',
  command: ({ provider }, at) => ({
    kind: 'take-lease',
    sent: provider?.tokensVersion ?? 0,
    owner: `client-${at.index}`,
    leaseMs,
  }),
}

const hear: Step = { act: 'apply', command: (_session, at) => heardCommand(at) }

function heardCommand({ client, index, now }: Moment): Command {
  const sent = client.sent ?? 0
  switch (client.heard) {
    case 'tokens':
      return {
        kind: 'store-provider-tokens',
        sent,
        sealedTokens: `p${sent + 1}`,
        tokensExpireAt: addMs(instant(now), 3600 * secondMs),
        rotated: true,
        grants: undefined,
        idleTtlMs,
      }
    case 'fault': {
      // No back-off: it must not hide what only the lease may prevent.
      const retryAt = instant(now)
      return { kind: 'provider-fault', sent, owner: `client-${index}`, retryAt }
    }
    default:
      return { kind: 'provider-refused', sent }
  }
}

function provider(name: string, replica: Replica, ...rest: readonly Step[]): Program {
  return { name, replica, steps: [takeLease, { act: 'send' }, ...rest] }
}

const send: readonly Step[] = [{ act: 'arrive' }]
const meetFault: readonly Step[] = [{ act: 'arrive', fault: true }]
const pastTheLease: Step = { act: 'tick', ms: leaseMs + secondMs }

function start(name: string, replica: Replica, wanted: StartWish): Program {
  const steps: readonly Step[] = [{ act: 'capture-fence' }, { act: 'start', wanted }]
  return { name, replica, steps, ends: true }
}

function userEnd(name: string, replica: Replica, order: Partial<UserEndOrder>): Program {
  const standard = { reason: reason('userLogoutAll'), except: null, requireLive: null }
  const step: Step = { act: 'end-user', order: { ...standard, disable: false, ...order } }
  return { name, replica, steps: [step], ends: true }
}

const s1 = session({ sid: 's1' }).origin.sid

export const programs = {
  refresh: refresh('refresh', 3, 'a'),
  refreshElsewhere: refresh('refresh elsewhere', 3, 'b'),
  repeat: refresh('repeat', 2, 'a'),
  reuse: refresh('reuse', 1, 'a'),
  theft: refresh('theft', 2, 'b', thief),
  mint: {
    name: 'gateway mint',
    replica: 'b',
    steps: [
      {
        act: 'apply',
        cached: true,
        command: (_session, at) => ({ kind: 'mint', mint: order(at), idleTtlMs, reuseAboveMs: 0 }),
      },
    ],
  },
  touch: {
    name: 'touch',
    replica: 'b',
    steps: [
      { act: 'apply', cached: true, command: () => ({ kind: 'touch', idleTtlMs, everyMs: 0 }) },
    ],
  },
  regrant: {
    name: 'regrant',
    replica: 'a',
    steps: [
      {
        act: 'apply',
        command: () => ({ kind: 'regrant', roles: ['pilot', 'ops'], claims: undefined }),
      },
    ],
  },
  logout: {
    name: 'logout',
    replica: 'b',
    ends: true,
    steps: [{ act: 'end', reason: 'user_logout' }],
  },
  revoke: {
    name: 'revoke',
    replica: 'a',
    ends: true,
    steps: [{ act: 'end', reason: 'admin_revoke' }],
  },
  logoutAll: userEnd('logout everywhere', 'a', { requireLive: s1 }),
  logoutOthers: userEnd('logout others', 'a', { requireLive: s1, except: s1 }),
  disable: userEnd('disable', 'b', { disable: true }),
  start: start('start', 'a', { mayJoin: true }),
  startElsewhere: start('start elsewhere', 'b', { mayJoin: true }),
  startAlone: start('start alone', 'b', { mayJoin: false, deviceId: 'phone' }),
  expire: {
    name: 'expire',
    replica: 'a',
    steps: [{ act: 'apply', command: () => ({ kind: 'expire' }) }],
  },
  providerTokens: provider('provider tokens', 'a', ...send, hear),
  providerTokensElsewhere: provider('provider tokens elsewhere', 'b', ...send, hear),
  providerFault: provider('provider fault', 'b', ...meetFault, hear),
  providerLate: provider('late provider tokens', 'a', ...send, pastTheLease, hear),
  providerLateFault: provider('late provider fault', 'a', ...meetFault, pastTheLease, hear),
  providerSilent: provider('silent provider', 'a', ...send),
  withdraw: { name: 'withdrawn at the provider', replica: 'a', steps: [{ act: 'withdraw' }] },
  pastTheLease: { name: 'clock past the lease', replica: 'a', steps: [pastTheLease] },
  pastTheGrace: {
    name: 'clock past the grace',
    replica: 'a',
    steps: [{ act: 'tick', ms: graceMs + secondMs }],
  },
  pastIdle: { name: 'clock past idle', replica: 'a', steps: [{ act: 'tick', ms: idleTtlMs }] },
  crash: { name: 'crash', replica: 'a', steps: [{ act: 'crash' }] },
  tail: {
    name: 'tail',
    replica: 'b',
    steps: [{ act: 'read-feed' }, { act: 'take-in' }, { act: 'read-feed' }, { act: 'take-in' }],
  },
  present: { name: 'present', replica: 'b', steps: [{ act: 'present' }, { act: 'present' }] },
} as const satisfies Record<string, Program>

/** The row that a start would insert. */
export function candidateOf(policy: DevicePolicy, wanted: StartWish, at: Moment): LiveSession {
  const device = { single: 'app', shared: 'pc', multiple: 'web' }[policy.policy]
  const deviceId = wanted.deviceId ?? null
  return session({
    sid: `new-${at.index}`,
    at: instant(at.now),
    device,
    deviceId,
    slot: slotOf(policy, device, deviceId),
    idleTtlMs,
    provider: {},
  })
}

export function applicantOf(wanted: StartWish) {
  const { mayJoin, deviceId = null } = wanted
  return { mayJoin, deviceId, joiner: joiner({ providerId: 'main' }) }
}

export function joinCommand(wanted: StartWish, at: Moment): Command {
  return {
    kind: 'join',
    joiner: applicantOf(wanted).joiner,
    mint: order(at),
    idleTtlMs,
    renewSessionToken: null,
  }
}

export function namedReason(name: string) {
  const parsed = parseReason(name)
  if (parsed === undefined) throw new Error(`no reason: ${name}`)
  return parsed
}
