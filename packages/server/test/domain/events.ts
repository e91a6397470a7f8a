/* The events of the scripts: each a phrase, and the command that it stands for. */
import {
  addMs,
  type ClientId,
  type Command,
  type Instant,
  instant,
  type KeyId,
  type MintOrder,
  parseReason,
  type TokenId,
  type Uid,
} from '#domain'
import { joiner } from './sessions.ts'

export interface Rules {
  readonly accessTtlMs: number
  readonly refreshTtlMs: number
  readonly idleTtlMs: number
  readonly refreshGraceMs: number
  readonly lostResponseMs: number
  readonly regainedAt: Instant
  readonly leaseMs: number
  readonly signingKey: string
  /** Where requests come from. */
  readonly ip: string | null
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

export const standardRules: Rules = {
  accessTtlMs: 5 * minuteMs,
  refreshTtlMs: 30 * dayMs,
  idleTtlMs: 7 * dayMs,
  refreshGraceMs: minuteMs / 2,
  lostResponseMs: 0,
  regainedAt: instant(0),
  leaseMs: minuteMs / 4,
  signingKey: 'signing-1',
  ip: null,
}

export interface Scene extends Rules {
  readonly at: Instant
  /** The line's time as written, which names the token that it mints. */
  readonly name: string
}

type Phrase = readonly [RegExp, (scene: Scene, ...words: string[]) => Command]

const phrases: readonly Phrase[] = [
  [/^refresh gen (\d+)(?: by (\w+))?(?: with key (\w+))?$/, refresh],
  [/^mint(?: unless (\d+)s are left)?$/, mint],
  [
    /^join(?: by (\w+))?(?: via (\w+))?(?: as ([\w,]+))?(?: acr (\w+))?(?: renewed with ([\w-]+))?$/,
    join,
  ],
  [/^(user_logout|admin_revoke)(?: by (\S+))?$/, end],
  [/^expire$/, () => ({ kind: 'expire' })],
  [/^touch$/, ({ idleTtlMs }) => ({ kind: 'touch', idleTtlMs, everyMs: minuteMs })],
  [/^rename to (\w+)$/, (_scene, deviceName = '') => ({ kind: 'rename', deviceName })],
  [/^regrant ([\w,]+)$/, (_scene, roles = '') => regrant(roles)],
  [/^(\w+) takes the lease for v(\d+)$/, takeLease],
  [/^(\w+) gets tokens for v(\d+)(, not rotated)?(?: as ([\w,]+))?$/, providerTokens],
  [/^(\w+) gets a fault for v(\d+)$/, providerFault],
  [/^(\w+) is refused for v(\d+)$/, (_scene, _who, sent) => refusal(sent)],
]

export function commandOf(event: string, scene: Scene): Command {
  for (const [shape, build] of phrases) {
    const match = shape.exec(event)
    if (match !== null) return build(scene, ...match.slice(1))
  }
  throw new Error(`no such event: ${event}`)
}

function order(scene: Scene, name: string): MintOrder {
  const { accessTtlMs, signingKey } = scene
  return {
    jti: `${name}@${scene.name}` as TokenId,
    ttlSeconds: accessTtlMs / 1000,
    keyId: signingKey,
  }
}

function refresh(scene: Scene, presented = '', client = 'app', key?: string): Command {
  const { refreshTtlMs, idleTtlMs, refreshGraceMs, lostResponseMs, regainedAt, ip } = scene
  return {
    kind: 'refresh',
    presented: Number(presented),
    sender: { clientId: client as ClientId, dpopThumbprint: key ?? null },
    mint: order(scene, 'refresh'),
    refreshKeyId: 'secret-1' as KeyId,
    refreshTtlMs,
    idleTtlMs,
    grace: { refreshGraceMs, lostResponseMs, regainedAt },
    seen: { ip, userAgent: null },
  }
}

function mint(scene: Scene, left = '0'): Command {
  const reuseAboveMs = Number(left) * 1000
  return { kind: 'mint', mint: order(scene, 'mint'), idleTtlMs: scene.idleTtlMs, reuseAboveMs }
}

function join(
  scene: Scene,
  client?: string,
  provider?: string,
  roles?: string,
  acr?: string,
  renewed?: string,
): Command {
  return {
    kind: 'join',
    joiner: joiner({
      ...(client === undefined ? {} : { clientId: client as ClientId }),
      ...(roles === undefined ? {} : { roles: roles.split(',') }),
      providerId: provider ?? null,
      acr: acr ?? null,
    }),
    mint: order(scene, 'join'),
    idleTtlMs: scene.idleTtlMs,
    renewSessionToken: (renewed ?? null) as KeyId | null,
  }
}

function end(_scene: Scene, name = '', by?: string): Command {
  const reason = parseReason(name)
  if (reason === undefined) throw new Error(`no reason: ${name}`)
  return { kind: 'end', reason, by: (by ?? null) as Uid | null }
}

function regrant(roles: string): Command {
  return { kind: 'regrant', roles: roles.split(','), claims: undefined }
}

function takeLease({ leaseMs }: Scene, owner = '', sent = ''): Command {
  return { kind: 'take-lease', sent: Number(sent), owner, leaseMs }
}

function providerTokens(
  scene: Scene,
  who = '',
  sent = '',
  notRotated?: string,
  roles?: string,
): Command {
  return {
    kind: 'store-provider-tokens',
    sent: Number(sent),
    sealedTokens: `of-${who}`,
    tokensExpireAt: addMs(scene.at, 60 * minuteMs),
    rotated: notRotated === undefined,
    grants:
      roles === undefined
        ? undefined
        : { roles: roles.split(','), claims: {}, verifiedEmail: undefined },
    idleTtlMs: scene.idleTtlMs,
  }
}

function refusal(sent = ''): Command {
  return { kind: 'provider-refused', sent: Number(sent) }
}

function providerFault({ at }: Scene, owner = '', sent = ''): Command {
  return { kind: 'provider-fault', sent: Number(sent), owner, retryAt: addMs(at, minuteMs) }
}
