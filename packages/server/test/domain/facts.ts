/* What can be said after an event, in the words of the scripts' last columns. */
import { type Command, type MintedAccess, type Outcome, type Session, toInstant } from '#domain'
import { t0 } from './sessions.ts'

export interface Played {
  readonly before: Session
  readonly after: Session
  readonly outcome: Outcome
  readonly command: Command
}

export function factsOf(played: Played): readonly string[] {
  const { before, after, outcome } = played
  return [
    ...outcomeFacts(outcome),
    ...(after.kind === 'ended' ? endFacts(after) : []),
    ...(after.rotation === null ? ['no refresh token'] : [`gen ${after.rotation.generation}`]),
    ...sameSuccessor(played),
    ...answerFacts(played),
    `session token ${after.sessionToken.generation} of ${after.sessionToken.keyId}`,
    `seen ${since(after.life.lastSeenAt)}`,
    `idle until ${since(after.life.idleExpiresAt)}`,
    `latest exp ${since(toInstant(after.access.latestExp))}`,
    `grants ${after.grants.version}`,
    ...(before.grants === after.grants ? ['same grants'] : []),
    `roles ${after.grants.roles.join(',')}`,
    `named ${after.profile.deviceName}`,
    `from ${after.profile.ip}`,
    ...providerFacts(after),
  ]
}

function outcomeFacts(outcome: Outcome): readonly string[] {
  if (outcome.kind === 'refused') return [`refused ${outcome.refusal.why}`, 'nothing written']
  if (outcome.kind === 'unchanged') return ['nothing written']
  if (outcome.kind === 'moved') return ['written']
  return [`guard ${outcome.cause.guard}`]
}

function endFacts(ended: Extract<Session, { kind: 'ended' }>): readonly string[] {
  return [ended.end.reason, `feed ${ended.end.seq}`, `by ${ended.end.by ?? 'the system'}`]
}

function sameSuccessor({ before, outcome, command }: Played): readonly string[] {
  if (command.kind !== 'refresh' || outcome.kind !== 'unchanged') return []
  return before.rotation?.generation === command.presented + 1 ? ['same successor'] : []
}

/** The token that the caller is answered with: a refresh hands out that of the last rotation. */
function answerFacts({ after, outcome, command }: Played): readonly string[] {
  if (outcome.kind !== 'moved' && outcome.kind !== 'unchanged') return []
  if (command.kind === 'refresh') return tokenFacts(after.rotation?.minted ?? null)
  if (command.kind === 'mint' || command.kind === 'join') return tokenFacts(after.access.newest)
  return []
}

function tokenFacts(token: MintedAccess | null): readonly string[] {
  if (token === null) return ['no token']
  const { jti, iat, exp, keyId, grantsVersion } = token
  return [
    `jti ${jti}`,
    `iat ${since(toInstant(iat))}`,
    `exp ${since(toInstant(exp))}`,
    `key ${keyId}`,
    `token grants ${grantsVersion}`,
  ]
}

function providerFacts({ provider }: Session): readonly string[] {
  if (provider === null) return []
  const { lease, retryAt, tokensVersion, sealedTokens, undecided, refreshLost } = provider
  return [
    lease === null ? 'no lease' : `lease ${lease.owner} until ${since(lease.until)}`,
    provider.attemptedAt === null ? 'no attempt' : `attempt ${since(provider.attemptedAt)}`,
    retryAt === null ? 'no back-off' : `back-off until ${since(retryAt)}`,
    `tokens ${sealedTokens} v${tokensVersion}`,
    provider.refreshTokenIssuedAt === null
      ? 'issued never'
      : `issued ${since(provider.refreshTokenIssuedAt)}`,
    undecided ? 'undecided' : 'decided',
    refreshLost ? 'lost' : 'not lost',
  ]
}

/** Time since the start as the scripts write it: `1d2h`, `9m30s`, `0s`. */
function since(at: number): string {
  let seconds = (at - t0) / 1000
  const parts: string[] = []
  for (const [name, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const whole = Math.floor(seconds / size)
    if (whole > 0) parts.push(`${whole}${name}`)
    seconds -= whole * size
  }
  return parts.join('') || '0s'
}
