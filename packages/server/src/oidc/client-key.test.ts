import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret } from '#domain'
import { clientKey } from './client-key.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

test('a private key is PEM or a JWK, whose kid goes with it', async () => {
  const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  expect(await clientKey(new Secret(pem))).not.toHaveProperty('kid')
  const jwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'k1' })
  expect(await clientKey(new Secret(` ${jwk}\n`))).toMatchObject({ kid: 'k1' })
})

test.each([
  ['{"kty":"EC" hunter2}', 'is not JSON'],
  ['{hunter2', 'is not JSON'],
  ['{"kty":"EC","crv":"P-256","d":"hunter2"}', 'neither'],
  ['-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----', 'neither'],
  ['hunter2', 'neither'],
])('nothing-readable: what is no key (%s) is said without it', async (text, says) => {
  const error = await clientKey(new Secret(text)).catch((reason: unknown) => reason)
  expect(String(error)).toContain(says)
  expect(inspect(error, { depth: 10 })).not.toContain('hunter2')
})
