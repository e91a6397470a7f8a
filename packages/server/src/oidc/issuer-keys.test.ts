import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  audience,
  json,
  metadataOf,
  oauthPath,
  openidPath,
  startForeignIssuer,
  startSeconds,
  TestClock,
  type TestIssuer,
  type TestKey,
  testKey,
} from '#test/oidc/foreign-issuer.ts'
import { startForwardProxy } from '#test/oidc/forward-proxy.ts'
import { ForeignTokens } from './foreign-tokens.ts'
import type { ProxyEnvironment } from './settings.ts'

let key: TestKey
let other: TestKey
beforeAll(async () => {
  key = await testKey('ES256', 'k1')
  other = await testKey('ES256', 'k2')
})

const exp = startSeconds + 36_000

async function stage(path = '', proxyEnv: ProxyEnvironment = {}, timeoutMs = 5000) {
  const issuer = await startForeignIssuer(path)
  issuer.keys = [key.jwk]
  const clock = new TestClock()
  const told: string[] = []
  const onChange = (_issuer: string, error?: Error) => void told.push(error?.message ?? 'known')
  const tokens = new ForeignTokens({ proxyEnv, clock, timeoutMs, onChange })
  const rule = [{ issuer: issuer.issuer, audience: [audience] }]
  const present = async (token: string) => {
    const verdict = await tokens.verify(token, rule)
    return verdict.kind === 'unavailable' ? verdict.retryAfterMs : verdict.kind
  }
  const good = () => issuer.sign(key, { exp, jti: randomUUID() })
  return { issuer, clock, told, present, good }
}

function countOf({ asked }: TestIssuer, path: string): number {
  return asked.filter((one) => one.endsWith(path)).length
}

describe('where its keys are', () => {
  test('by discovery of OpenID Connect, below the path of the issuer', async () => {
    const { issuer, present, good } = await stage('/realms/a')
    expect(await present(await good())).toBe('valid')
    expect(issuer.asked).toEqual([`/realms/a${openidPath}`, '/realms/a/jwks'])
  })

  test('or else by the metadata of RFC 8414, before the path of the issuer', async () => {
    for (const wrong of [notFound, page, redirect, failing]) {
      const { issuer, present, good } = await stage('/realms/a')
      issuer.answers.set(`/realms/a${openidPath}`, wrong)
      issuer.answers.set(`${oauthPath}/realms/a`, (answer) => json(answer, metadataOf(issuer)))
      expect(await present(await good())).toBe('valid')
      const asked = [`/realms/a${openidPath}`, `${oauthPath}/realms/a`, '/realms/a/jwks']
      expect(issuer.asked).toEqual(asked)
    }
  })

  test('metadata of another issuer is not believed, at neither place', async () => {
    const { issuer, told, present, good } = await stage()
    issuer.metadata = { issuer: `${issuer.issuer}/` }
    issuer.answers.set(oauthPath, (answer) => json(answer, metadataOf(issuer)))
    expect(await present(await good())).toBe(1000)
    expect(countOf(issuer, '/jwks')).toBe(0)
    expect(told[0]).toContain(`"${issuer.issuer}/"`)
  })

  test('an address of keys that is none is not followed', async () => {
    for (const jwks_uri of [undefined, 7, 'jwks', 'file:///etc/passwd', 'http://a:b@127.0.0.1/']) {
      const { issuer, present, good } = await stage()
      issuer.metadata = { jwks_uri }
      expect(await present(await good()), String(jwks_uri)).toBe(1000)
    }
  })

  test('they are asked for through the proxy of the environment', async () => {
    const proxy = await startForwardProxy()
    const { issuer, present, good } = await stage('', { HTTP_PROXY: proxy.url })
    expect(await present(await good())).toBe('valid')
    const urls = [`${issuer.issuer}${openidPath}`, `${issuer.issuer}/jwks`]
    expect(proxy.asked).toEqual(urls.map((url) => `GET ${url}`))
  })
})

describe('how often it is asked', () => {
  test('many tokens at once are one discovery and one reading of the keys', async () => {
    const { issuer, present, good } = await stage()
    const tokens = await Promise.all(Array.from({ length: 30 }, good))
    const verdicts = await Promise.all(tokens.map(present))
    expect(new Set(verdicts)).toEqual(new Set(['valid']))
    expect(issuer.asked).toEqual([openidPath, '/jwks'])
  })

  test('scenario T05: a token of a new key has the keys read once, long before they are old', async () => {
    const { issuer, clock, present, good } = await stage()
    expect(await present(await good())).toBe('valid')
    issuer.keys = [key.jwk, other.jwk]
    clock.pass(30_000)
    expect(await present(await issuer.sign(other, { exp }))).toBe('valid')
    expect(issuer.asked).toEqual([openidPath, '/jwks', '/jwks'])
  })

  test('scenario T06: a flood of unknown keys is one reading in 30 seconds (rule 37)', async () => {
    const { issuer, clock, present, good } = await stage()
    expect(await present(await good())).toBe('valid')
    const flood = async () => {
      const made = Array.from({ length: 20 }, () =>
        issuer.sign(other, { exp }, { kid: randomUUID() }),
      )
      return new Set(await Promise.all((await Promise.all(made)).map(present)))
    }
    expect(await flood()).toEqual(new Set(['invalid']))
    clock.pass(29_999)
    expect(await flood()).toEqual(new Set(['invalid']))
    expect(countOf(issuer, '/jwks')).toBe(1)
    clock.pass(1)
    expect(await flood()).toEqual(new Set(['invalid']))
    expect(await flood()).toEqual(new Set(['invalid']))
    expect(countOf(issuer, '/jwks')).toBe(2)
    expect(await present(await good())).toBe('valid')
  })

  test('scenario T07: a key that was replaced under its kid is found by reading again', async () => {
    const { issuer, clock, present, good } = await stage()
    const old = await good()
    expect(await present(old)).toBe('valid')
    issuer.keys = [{ ...other.jwk, kid: 'k1' }]
    clock.pass(30_000)
    expect(await present(await issuer.sign(other, { exp }, { kid: 'k1' }))).toBe('valid')
    expect(await present(old)).toBe('invalid')
    expect(countOf(issuer, '/jwks')).toBe(2)
  })

  test('keys of five minutes are read again behind the answers', async () => {
    for (const again of [true, false]) {
      const { issuer, clock, told, present, good } = await stage()
      const token = await good()
      expect(await present(token)).toBe('valid')
      const hanging: ServerResponse[] = []
      issuer.answers.set('/jwks', (answer) => void hanging.push(answer))
      clock.pass(300_000)
      expect(await present(again ? token : await good())).toBe('valid')
      expect(told).toEqual(['known'])
      await expect.poll(() => hanging.length).toBe(1)
    }
  })

  test('metadata is read again when the keys have moved', async () => {
    const { issuer, clock, present, good } = await stage()
    expect(await present(await good())).toBe('valid')
    issuer.answers.set('/jwks', notFound)
    issuer.answers.set('/new-keys', (answer) => json(answer, { keys: [other.jwk] }))
    issuer.metadata = { jwks_uri: `${issuer.issuer}/new-keys` }
    clock.pass(30_000)
    const token = await issuer.sign(other, { exp })
    expect(await present(token)).toBe(1000)
    clock.pass(30_000)
    expect(await present(token)).toBe('valid')
    expect(await present(await good())).toBe('invalid')
  })
})

describe('an issuer that cannot be asked', () => {
  test('makes its tokens unavailable, is asked ever less often, and heals by itself', async () => {
    const { issuer, clock, told, present, good } = await stage()
    await issuer.close()
    const token = await good()
    for (const restMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      expect(await present(token)).toBe(restMs)
      expect(await present(token)).toBe(restMs)
      clock.pass(restMs - 1)
      expect(await present(token)).toBe(1000)
      clock.pass(1)
    }
    expect(told).toHaveLength(7)
    expect(told[0]).toContain('ECONNREFUSED')
    await issuer.open()
    expect(await present(token)).toBe('valid')
    expect(told.slice(7)).toEqual(['known'])
  })

  test('what is no key set is no verdict about a token', async () => {
    const keySets = [
      [],
      {},
      { keys: {} },
      { keys: [] },
      { keys: [{ kty: 'oct', k: 'AAAA' }] },
      null,
    ]
    const many = { keys: Array.from({ length: 101 }, (_, kid) => ({ ...key.jwk, kid: `${kid}` })) }
    const answers = [...keySets, many].map((set) => (answer: ServerResponse) => json(answer, set))
    for (const wrong of [...answers, notFound, failing, page, redirect, endless, reset, silent]) {
      const { issuer, present, good } = await stage('', {}, wrong === silent ? 100 : undefined)
      issuer.answers.set('/jwks', wrong)
      expect(await present(await good())).toBe(1000)
    }
  })

  test('an outage is bridged by the keys that were read before, for ten minutes', async () => {
    const { issuer, clock, present, good } = await stage()
    const token = await good()
    expect(await present(token)).toBe('valid')
    await issuer.close()
    clock.pass(599_999)
    expect(await present(token)).toBe('valid')
    expect(await present(await good())).toBe('valid')
    clock.pass(1)
    expect(await present(token)).toBeTypeOf('number')
    expect(await present(await good())).toBeTypeOf('number')
  })

  test('an unknown key is not refused while the keys cannot be read', async () => {
    const { issuer, clock, present, good } = await stage()
    expect(await present(await good())).toBe('valid')
    issuer.answers.set('/jwks', failing)
    clock.pass(30_000)
    const token = await issuer.sign(other, { exp })
    expect(await present(token)).toBe(1000)
    clock.pass(10_000)
    expect(await present(token)).toBe(20_000)
    expect(countOf(issuer, '/jwks')).toBe(2)
    issuer.answers.clear()
    issuer.keys = [other.jwk]
    clock.pass(20_000)
    expect(await present(token)).toBe('valid')
  })

  test('does not keep a token waiting that is refused anyway, nor is it asked because of it', async () => {
    const { issuer, present } = await stage()
    issuer.answers.set(openidPath, silent)
    const wrong = [{ exp: startSeconds }, { aud: 'x' }, { nonce: 'n' }, { cnf: {} }, { sub: 'a,b' }]
    for (const claims of wrong) {
      expect(await present(await issuer.sign(key, claims))).toBe('invalid')
    }
    expect(issuer.asked).toEqual([])
  })

  test('a token that expires while the keys are read is refused', async () => {
    const { issuer, clock, present } = await stage()
    issuer.answers.set('/jwks', (answer) => {
      clock.pass(300_000)
      json(answer, { keys: issuer.keys })
    })
    expect(await present(await issuer.sign(key))).toBe('invalid')
  })
})

function notFound(answer: ServerResponse): void {
  answer.writeHead(404).end()
}

function failing(answer: ServerResponse): void {
  json(answer, { keys: [key.jwk] }, 500)
}

function page(answer: ServerResponse): void {
  answer.writeHead(200, { 'content-type': 'text/html' }).end('<p>welcome')
}

function redirect(answer: ServerResponse): void {
  answer.writeHead(302, { location: '/elsewhere' }).end()
}

function reset(answer: ServerResponse): void {
  answer.destroy()
}

function silent(): void {
  // The limit of a reading ends the wait.
}

function endless(answer: ServerResponse): void {
  const more = () => void answer.write(' '.repeat(65_536), more)
  more()
}
