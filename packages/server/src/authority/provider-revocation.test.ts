import { expect, test } from 'vitest'
import { reason, Secret, type SessionId } from '#domain'
import { startedByProvider } from '#test/contract/effects-suite.ts'
import { openOutbox } from '#test/effects/bench.ts'
import type { LeasedEffect } from './effect-ports.ts'
import type { RevocationResult, TokenSeal } from './provider-ports.ts'
import { handBack, writeDown } from './provider-revocation.ts'
import { sealTokens } from './provider-tokens.ts'

const tokens = {
  accessToken: new Secret('access'),
  idToken: null,
  refreshToken: new Secret('refresh'),
}

/** Seals by saying so; it opens only under the same identity. */
const seal: TokenSeal = {
  seal: (_, identity, plaintext) => `${identity.join()} ${plaintext.reveal()}`,
  unseal: (_, identity, sealed) => {
    const prefix = `${identity.join()} `
    if (sealed.startsWith('lost')) return { kind: 'key-missing', keyId: 'AAAAAA' as never }
    if (!sealed.startsWith(prefix)) return { kind: 'unreadable' }
    return { kind: 'opened', plaintext: new Secret(sealed.slice(prefix.length)) }
  },
}

interface Wish {
  readonly revocation?: 'grant' | 'token'
  readonly result?: RevocationResult
}

async function stage({ revocation = 'token', result = { kind: 'revoked' } }: Wish = {}) {
  const { store } = await openOutbox()
  const asked: string[] = []
  const counted: string[] = []
  const deps = {
    ...{ store, seal },
    grants: {
      rules: () => ({ timeoutMs: 1, graceOnFaultMs: 1, maxRefreshTokenAgeMs: 1, revocation }),
      revokeAtProvider: async (order: { readonly tokens: typeof tokens }) => {
        asked.push(order.tokens.refreshToken.reveal())
        return result
      },
    },
    signals: { revoked: (_: string, counts: string) => void counted.push(counts) },
  }
  const hand = async (effect: LeasedEffect) =>
    handBack(deps as unknown as Parameters<typeof handBack>[0], effect)
  /** The effect of an end, whose row holds these tokens. */
  const ended = async (why = reason('userLogout'), sealed?: (sid: SessionId) => string) => {
    const session = await startedByProvider(store)
    const { sid } = session.origin
    const to = {
      ...session,
      provider: { ...provider(session), sealedTokens: (sealed ?? own)(sid) },
    }
    await store.swap(session, to)
    await store.end({ sid, reason: why, by: null, guard: 'live' })
    const order = {
      kind: 'provider_revocation',
      target: 'main',
      owner: 'o',
      leaseMs: 1,
      limit: 9,
    } as const
    const effect = (await store.claimEffects(order)).find((one) => one.sid === sid)
    if (effect === undefined) throw new Error('the end has no effect')
    return effect
  }
  return { store, asked, counted, hand, ended, deps }
}

const own = (sid: SessionId) => sealTokens(seal, sid, tokens)

function provider({ provider: link }: Awaited<ReturnType<typeof startedByProvider>>) {
  if (link === null) throw new Error('a session of no provider')
  return link
}

test('the refresh token of the row goes back', async () => {
  const { hand, ended, asked, counted } = await stage()
  expect(await hand(await ended())).toEqual({ kind: 'done' })
  expect(asked).toEqual(['refresh'])
  expect(counted).toEqual(['revoked'])
})

test('a provider that has no such endpoint is done with', async () => {
  const { hand, ended, counted } = await stage({ result: { kind: 'unsupported' } })
  expect(await hand(await ended())).toEqual({ kind: 'done' })
  expect(counted).toEqual(['unsupported'])
})

test('a provider that does not answer is asked again, when it says so', async () => {
  const failed = { kind: 'failed', why: 'status 503', retryAfterMs: 5000 } as const
  const { hand, ended } = await stage({ result: failed })
  expect(await hand(await ended())).toEqual(failed)
})

test('rule 14 key ring: tokens that this replica cannot unseal wait for one that can; damaged ones for nobody', async () => {
  const { hand, ended, asked } = await stage()
  expect((await hand(await ended(undefined, () => 'lost'))).kind).toBe('failed')
  expect((await hand(await ended(undefined, () => 'another row’s'))).kind).toBe('refused')
  expect(asked).toEqual([])
})

test('a session that is not kept any more has nothing to hand back', async () => {
  const { hand, ended } = await stage()
  expect((await hand({ ...(await ended()), session: undefined })).kind).toBe('refused')
})

test('rule 22 siblings: where the whole grant would go, a live session of the subject keeps it', async () => {
  const { hand, ended, store, counted, asked } = await stage({ revocation: 'grant' })
  const effect = await ended()
  const sibling = await startedByProvider(store)
  expect(await hand(effect)).toEqual({ kind: 'done' })
  expect(counted).toEqual(['siblings'])
  await store.end({
    sid: sibling.origin.sid,
    reason: reason('userLogout'),
    by: null,
    guard: 'live',
  })
  await hand(effect)
  expect(asked).toEqual(['refresh'])
})

test('rule 22 siblings: within one session at the provider all tokens are one grant', async () => {
  const { hand, ended, store, counted } = await stage()
  const effect = await ended()
  await startedByProvider(store)
  await hand(effect)
  expect(counted).toEqual(['siblings'])
  const alone = { ...effect, session: withProviderSid(effect, 'another') }
  await hand(alone as LeasedEffect)
  expect(counted).toEqual(['siblings', 'revoked'])
})

test('rule 22 siblings: who signed in again in the same browser keeps the grant of a provider that names no session', async () => {
  const { hand, ended, store, counted } = await stage()
  const superseded = await ended(reason('superseded'))
  const logout = await ended(reason('userLogout'))
  await startedByProvider(store)
  await hand({ ...superseded, session: withProviderSid(superseded, null) } as LeasedEffect)
  await hand({ ...logout, session: withProviderSid(logout, null) } as LeasedEffect)
  expect(counted).toEqual(['siblings', 'revoked'])
})

function withProviderSid({ session }: LeasedEffect, providerSid: string | null) {
  if (session === undefined || session.provider === null) throw new Error('no provider')
  return { ...session, provider: { ...session.provider, providerSid } }
}

test('tokens that came back for a dead session are written down sealed, and go back', async () => {
  const { store, deps, hand, asked, ended } = await stage()
  const { sid, session } = await ended()
  const link = session?.provider
  if (link === undefined || link === null) throw new Error('no provider')
  const late = { ...tokens, refreshToken: new Secret('late') }
  await writeDown(deps, { sid, link, reason: reason('userLogout'), tokens: late })
  const order = { kind: 'provider_revocation', target: 'main', owner: 'o', leaseMs: 1 } as const
  await expect
    .poll(async () => {
      for (const effect of await store.claimEffects({ ...order, limit: 9 })) {
        await hand(effect)
        await store.finishEffects([effect.id])
      }
      return asked
    })
    .toContain('late')
})
