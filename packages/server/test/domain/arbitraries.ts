/* Random commands and times for one session: near enough to each other that they meet. */
import fc from 'fast-check'
import {
  addMs,
  type ClientId,
  type Command,
  type Instant,
  type KeyId,
  reason,
  type Session,
  type TokenId,
  type Uid,
} from '#domain'
import { joiner, owner, t0 } from './sessions.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const idleTtlMs = fc.constantFrom(10 * minuteMs, hourMs)
const tokenTtlSeconds = fc.constantFrom(60, 300, 7200)
const tokenId = fc.nat({ max: 1_000_000 }).map((n) => `jti-${n}` as TokenId)
const mint = fc.record({
  jti: tokenId,
  ttlSeconds: tokenTtlSeconds,
  keyId: fc.constantFrom('signing-1', 'signing-2'),
})
const roles = fc.constantFrom(['pilot'], ['pilot', 'ops'], [])
const verifiedEmail = fc.constantFrom('alice@example.com', null, undefined)
/** How far behind the row a token is; `aimed` makes generations and versions of it. */
const behind = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 2) },
)
const laterAt = fc.integer({ min: 0, max: 60 }).map((m) => addMs(t0, m * minuteMs))
const sender = fc.oneof(
  { weight: 20, arbitrary: fc.constant(owner) },
  { weight: 1, arbitrary: fc.constant({ ...owner, clientId: 'thief' as ClientId }) },
)

const refresh: fc.Arbitrary<Command> = fc.record({
  kind: fc.constant('refresh' as const),
  presented: behind,
  sender,
  mint,
  refreshKeyId: fc.constantFrom('secret-1' as KeyId, 'secret-2' as KeyId),
  refreshTtlMs: fc.constant(24 * hourMs),
  idleTtlMs,
  grace: fc.record({
    refreshGraceMs: fc.constant(minuteMs / 2),
    lostResponseMs: fc.constantFrom(0, hourMs),
    regainedAt: laterAt,
  }),
  seen: fc.record({ ip: fc.constantFrom(null, '192.0.2.7'), userAgent: fc.constant(null) }),
})

const use: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant('mint' as const),
    mint,
    idleTtlMs,
    reuseAboveMs: fc.constantFrom(0, minuteMs),
  }),
  fc.record({
    kind: fc.constant('join' as const),
    joiner: roles.map((list) => joiner({ roles: list, providerId: 'main' })),
    mint,
    idleTtlMs,
    renewSessionToken: fc.constantFrom(null, 'secret-2' as KeyId),
  }),
  fc.record({ kind: fc.constant('touch' as const), idleTtlMs, everyMs: fc.constant(minuteMs) }),
  fc.record({
    kind: fc.constant('rename' as const),
    deviceName: fc.constantFrom('tablet', null),
  }),
  fc.record({
    kind: fc.constant('regrant' as const),
    roles,
    claims: fc.constant(undefined),
    verifiedEmail,
  }),
)

const provider: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant('take-lease' as const),
    sent: behind,
    owner: fc.constantFrom('r1', 'r2'),
    leaseMs: fc.constant(minuteMs / 4),
  }),
  fc.record({
    kind: fc.constant('store-provider-tokens' as const),
    sent: behind,
    sealedTokens: fc.constant('sealed'),
    tokensExpireAt: laterAt,
    rotated: fc.boolean(),
    grants: fc.option(fc.record({ roles, claims: fc.constant({}), verifiedEmail }), {
      nil: undefined,
    }),
    idleTtlMs,
  }),
  fc.record({
    kind: fc.constant('provider-fault' as const),
    sent: behind,
    owner: fc.constantFrom('r1', 'r2'),
    retryAt: laterAt,
  }),
  fc.record({ kind: fc.constant('provider-refused' as const), sent: behind }),
)

const ending: fc.Arbitrary<Command> = fc.oneof(
  fc.constant({ kind: 'expire' as const }),
  fc.constant({ kind: 'end' as const, reason: reason('userLogout'), by: 'alice' as Uid }),
)

export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: refresh },
  { weight: 8, arbitrary: use },
  { weight: 12, arbitrary: provider },
  { weight: 1, arbitrary: ending },
)

/** The command with the generation or version that it means in this session. */
export function aimed(command: Command, session: Session): Command {
  if ('presented' in command) {
    return { ...command, presented: (session.rotation?.generation ?? 0) - command.presented }
  }
  if ('sent' in command) {
    return { ...command, sent: (session.provider?.tokensVersion ?? 0) - command.sent }
  }
  return command
}

/** A command, and the time of the replica that decides it: it may be behind that of the one before. */
export interface Event {
  readonly command: Command
  readonly at: Instant
}

/** Times rise on the whole; a replica's estimate may lag by seconds. */
export const anyHistory: fc.Arbitrary<readonly Event[]> = fc
  .array(
    fc.record({
      command: anyCommand,
      stepMs: fc.constantFrom(0, 0, 1000, 10_000, 20_000, 9 * minuteMs),
      lagMs: fc.constantFrom(0, 0, 500, 5000),
    }),
    { minLength: 5, maxLength: 40, size: 'max' },
  )
  .map((steps) => {
    let clock = t0
    return steps.map(({ command, stepMs, lagMs }) => {
      clock = addMs(clock, stepMs)
      return { command, at: addMs(clock, -lagMs) }
    })
  })
