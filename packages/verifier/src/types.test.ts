/* What the types promise: compiling is the assertion, as long as tsc sees this file. */
import { Hono } from 'hono'
import { expect, expectTypeOf, test } from 'vitest'
import { type AnyVerifyError, isVerifyError, VerifyError } from './errors.ts'
import { curfew as fetchCurfew } from './fetch.ts'
import { curfew as honoCurfew } from './hono.ts'
import type { SessionId, UserId } from './ids.ts'
import type { VerifierOptions } from './options.ts'
import type { Session } from './session.ts'
import type { Verifier } from './verifier.ts'

const verifier = { authenticate: () => Promise.reject(new Error('unused')) } as unknown as Verifier

test('the code of an error decides its status', () => {
  const error: unknown = new VerifyError('stale')
  if (!isVerifyError(error)) throw new Error('not ours')
  expectTypeOf(error).toEqualTypeOf<AnyVerifyError>()
  if (error.code === 'stale') expectTypeOf(error.status).toEqualTypeOf<503>()
  if (error.code === 'ended') expectTypeOf(error.status).toEqualTypeOf<401>()
  if (error.status === 503) {
    expectTypeOf(error.code).toEqualTypeOf<'stale' | 'keys_unavailable'>()
  }
  // @ts-expect-error: no such code
  expect(() => new VerifyError('unknown')).toThrow()
})

test('ids of different kinds are not confused, and text is neither', () => {
  expectTypeOf<SessionId>().toExtend<string>()
  expectTypeOf<string>().not.toExtend<SessionId>()
  expectTypeOf<SessionId>().not.toExtend<UserId>()
  expectTypeOf<Session['claims']['sid']>().toEqualTypeOf<SessionId>()
  expectTypeOf<Session['claims']['team']>().toBeUnknown()
})

test('only where a token is optional may there be no session', async () => {
  expectTypeOf(fetchCurfew(verifier)).returns.resolves.toEqualTypeOf<Session>()
  const some = fetchCurfew(verifier, { roles: ['ops'] })
  expectTypeOf(some).returns.resolves.toEqualTypeOf<Session>()
  const maybe = fetchCurfew(verifier, { optional: true })
  expectTypeOf(maybe).returns.resolves.toEqualTypeOf<Session | undefined>()
  const unknown = Boolean(verifier)
  const either = fetchCurfew(verifier, { optional: unknown })
  expectTypeOf(either).returns.resolves.toEqualTypeOf<Session | undefined>()
  const app = new Hono()
    .get('/', honoCurfew(verifier), (c) => {
      expectTypeOf(c.get('curfew')).toEqualTypeOf<Session>()
      return c.text('')
    })
    .get('/maybe', honoCurfew(verifier, { optional: true }), (c) => {
      expectTypeOf(c.var.curfew).toEqualTypeOf<Session | undefined>()
      return c.text('')
    })
  expect(app.routes.length).toBeGreaterThan(0)
})

test('a client has an id and a secret, or a token, and not half of them', () => {
  const common = { issuer: 'https://a.example.com', audience: 'x' }
  const token = async () => ''
  expectTypeOf({ ...common, token }).toExtend<VerifierOptions>()
  expectTypeOf({ ...common, clientId: 'a', clientSecret: 'b' }).toExtend<VerifierOptions>()
  expectTypeOf({ ...common, clientId: 'a' }).not.toExtend<VerifierOptions>()
  expectTypeOf({
    ...common,
    clientId: 'a',
    clientSecret: 'b',
    token,
  }).not.toExtend<VerifierOptions>()
  expectTypeOf(common).not.toExtend<VerifierOptions>()
  const options = { ...common, token, pullInterval: '30' } as const
  expectTypeOf(options).not.toExtend<VerifierOptions>()
})
