import { expect, test } from 'vitest'
import { keysUrlOf } from './issuer-metadata.ts'

const issuer = 'https://idp.example.com/realms/a'

function reading(documents: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  const fetch = async (url: string) => {
    asked.push(url)
    const document = documents[url]
    return document === undefined ? new Response('', { status: 404 }) : Response.json(document)
  }
  return { asked, fetch, signal: new AbortController().signal }
}

test('the path of the issuer stands before the one place and after the other', async () => {
  const nowhere = reading({})
  await expect(keysUrlOf(`${issuer}/`, nowhere)).rejects.toThrow('answered 404')
  expect(nowhere.asked).toEqual([
    'https://idp.example.com/realms/a/.well-known/openid-configuration',
    'https://idp.example.com/.well-known/oauth-authorization-server/realms/a',
  ])
})

test('keys of an https issuer are read by https alone, on whatever host', async () => {
  const at = (jwks_uri: string) =>
    keysUrlOf(
      issuer,
      reading({ [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri } }),
    )
  expect(await at('https://keys.example.net/jwks')).toBe('https://keys.example.net/jwks')
  for (const url of ['http://idp.example.com/jwks', 'HTTP://127.0.0.1/', 'ftp://x/', 'data:,{}']) {
    await expect(at(url)).rejects.toThrow('not https')
  }
  await expect(at('https://a:b@idp.example.com/')).rejects.toThrow('password')
})

test('what is wrong at both places is told', async () => {
  const documents = {
    [`${issuer}/.well-known/openid-configuration`]: { issuer: 'https://mallory.example.com' },
    'https://idp.example.com/.well-known/oauth-authorization-server/realms/a': { issuer },
  }
  const error = await keysUrlOf(issuer, reading(documents)).catch((reason: Error) => reason.message)
  expect(error).toContain('names the issuer "https://mallory.example.com"')
  expect(error).toContain('has no jwks_uri')
})
