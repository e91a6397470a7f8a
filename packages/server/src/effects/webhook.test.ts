import { Webhook as Verifier, WebhookVerificationError } from 'standardwebhooks'
import { expect, test } from 'vitest'
import type { LeasedEffect } from '#authority'
import { instant, Secret } from '#domain'
import { logout } from '#test/contract/effects-suite.ts'
import { started } from '#test/contract/sessions.ts'
import { hookA, openOutbox } from '#test/effects/bench.ts'
import type { Posted, PostRequest } from './post.ts'
import { createWebhook, webhookTarget } from './webhook.ts'

const url = 'https://im.example.com/hooks?token=in-the-url'
const key = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const answered = (status: number, retryAfter?: string): Posted => ({
  kind: 'answered',
  status,
  retryAfter,
})

/** The two effects of a session that began and ended, as they are leased. */
async function effects(): Promise<readonly [LeasedEffect, LeasedEffect]> {
  const { store } = await openOutbox()
  const session = await started(store)
  await store.end(logout(session))
  const order = { ...hookA, owner: 'test', leaseMs: 60_000, limit: 1 }
  const [first] = await store.claimEffects(order)
  await store.finishEffects([first?.id ?? 0])
  const [second] = await store.claimEffects(order)
  if (first === undefined || second === undefined) throw new Error('two effects were written')
  return [first, second]
}

async function sent(effect: LeasedEffect, posted: Posted = answered(200), secrets = [key]) {
  const requests: PostRequest[] = []
  const deliver = createWebhook(
    { url, secrets: secrets.map((text) => new Secret(text)) },
    {
      clock: { now: () => instant(Date.now()) },
      post: async (request) => {
        requests.push(request)
        return posted
      },
    },
  )
  const delivery = await deliver(effect, new AbortController().signal)
  return { delivery, request: requests[0] as PostRequest }
}

test('an end is sent as Standard Webhooks has it, and an independent library verifies it', async () => {
  const [, effect] = await effects()
  const { delivery, request } = await sent(effect)
  expect(delivery).toEqual({ kind: 'done' })
  const body = new Verifier(key).verify(request.body, { ...request.headers })
  const end = effect.session?.kind === 'ended' ? effect.session.end : undefined
  const at = Math.floor((end?.at ?? 0) / 1000)
  expect(body).toEqual({
    type: 'session.ended',
    timestamp: new Date(at * 1000).toISOString(),
    data: expect.objectContaining({
      sid: effect.sid,
      device: 'web',
      client_id: 'app',
      revoked_at: at,
      revoked_reason: 'user_logout',
      revoked_by_user_id: effect.session?.origin.uid,
    }),
  })
  expect(request.headers['webhook-id']).toBe(`msg_${effect.sid}_ended`)
  expect(() => new Verifier(key).verify(`${request.body} `, { ...request.headers })).toThrow(
    WebhookVerificationError,
  )
})

test('a start is sent as it was, with an id of its own and nothing that opens anything', async () => {
  const [effect] = await effects()
  const { request } = await sent(effect)
  const { type, data } = JSON.parse(request.body)
  expect([type, data.revoked_at]).toEqual(['session.started', null])
  expect(request.headers['webhook-id']).toBe(`msg_${effect.sid}_started`)
  expect(request.body).not.toMatch(/salt|jti|token|claims|secret/)
})

test('every attempt has the same id and the same body', async () => {
  const [, effect] = await effects()
  const [one, two] = [await sent(effect), await sent({ ...effect, attempts: 2 })]
  expect(two.request.body).toBe(one.request.body)
  expect(two.request.headers['webhook-id']).toBe(one.request.headers['webhook-id'])
})

test('with two secrets a receiver may hold either, and any text is a key', async () => {
  const [effect] = await effects()
  const { request } = await sent(effect, answered(204), ['a plain text', key])
  const headers = { ...request.headers }
  expect(new Verifier(key).verify(request.body, headers)).toBeTruthy()
  const plain = new Verifier('a plain text', { format: 'raw' })
  expect(plain.verify(request.body, headers)).toBeTruthy()
  const other = new Verifier('another text', { format: 'raw' })
  expect(() => other.verify(request.body, headers)).toThrow(WebhookVerificationError)
})

const inAMinute = () => new Date(Date.now() + 60_000).toUTCString()
test.each<[string, Posted, object]>([
  ['2xx is delivered', answered(299), { kind: 'done' }],
  ['a redirect is not followed', answered(302), { kind: 'failed', why: /redirects/ }],
  [
    '4xx is tried again',
    answered(404),
    { kind: 'failed', why: /^status 404$/, retryAfterMs: null },
  ],
  ['410 is for good', answered(410), { kind: 'refused', why: /^status 410$/ }],
  ['429 says when', answered(429, '7'), { kind: 'failed', why: /429/, retryAfterMs: 7000 }],
  ['503 says when, by a date', answered(503, inAMinute()), { kind: 'failed', why: /503/ }],
  ['what is no time is passed over', answered(503, 'soon'), { kind: 'failed', retryAfterMs: null }],
  ['silence is tried again', { kind: 'silent', why: 'no answer' }, { kind: 'failed' }],
])('%s', async (_, posted, expected) => {
  const [effect] = await effects()
  const { delivery } = await sent(effect, posted)
  expect(delivery).toMatchObject(
    Object.fromEntries(
      Object.entries(expected).map(([name, value]) => [
        name,
        value instanceof RegExp ? expect.stringMatching(value) : value,
      ]),
    ),
  )
})

test('a date to come back at is a wait of its length', async () => {
  const [effect] = await effects()
  const { delivery } = await sent(effect, answered(503, inAMinute()))
  const { retryAfterMs } = delivery as { readonly retryAfterMs: number }
  expect(retryAfterMs).toBeGreaterThan(50_000)
  expect(retryAfterMs).toBeLessThanOrEqual(60_000)
})

test('an end whose session is not kept any more is given up', async () => {
  const [, effect] = await effects()
  expect((await sent({ ...effect, session: undefined })).delivery.kind).toBe('refused')
})

test('its name in lists and logs tells nothing of its URL or secret, and stays the same', () => {
  expect(webhookTarget(url)).toMatch(/^wh_[\w-]{12}$/)
  expect(webhookTarget(url)).toBe(webhookTarget(url))
  expect(webhookTarget(`${url}2`)).not.toBe(webhookTarget(url))
})
