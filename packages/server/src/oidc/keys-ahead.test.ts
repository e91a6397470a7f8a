import { expect, test } from 'vitest'
import { instant } from '#domain'
import { KeysAhead } from './keys-ahead.ts'

const token = 'https://idp.example.com/token'
const keys = 'https://idp.example.com/jwks'

function stage() {
  const asked: string[] = []
  const state = { now: instant(1_800_000_000_000), failing: false }
  const ahead = new KeysAhead(
    async (url) => {
      asked.push(url)
      if (state.failing) throw new Error('it is down')
      return new Response(`answer ${asked.length}`)
    },
    { now: () => state.now },
  )
  ahead.know({ token_endpoint: token, jwks_uri: keys })
  const bodyOf = async (url: string, method = 'GET') => (await ahead.fetch(url, { method })).text()
  return {
    asked,
    state,
    ahead,
    bodyOf,
    later: (ms: number) => (state.now = instant(state.now + ms)),
  }
}

test('the keys are asked for together with the tokens, and what came is what verifies them', async () => {
  const { asked, ahead, bodyOf } = stage()
  const grant = ahead.fetch(token, { method: 'POST' })
  expect(asked).toEqual([keys, token])
  await grant
  expect(await bodyOf(keys)).toBe('answer 1')
  // An unknown key id: those of now.
  expect(await bodyOf(keys)).toBe('answer 3')
})

test('while they are fresh, tokens cost no keys', async () => {
  const { asked, bodyOf, later } = stage()
  await bodyOf(token, 'POST')
  await bodyOf(keys)
  later(280_000)
  await bodyOf(token, 'POST')
  expect(asked).toEqual([keys, token, token])
  later(20_000)
  await bodyOf(token, 'POST')
  await bodyOf(token, 'POST')
  expect(asked.slice(3)).toEqual([keys, token, token])
})

test('keys that nobody needed then are not handed out much later', async () => {
  const { asked, bodyOf, later } = stage()
  await bodyOf(token, 'POST')
  later(60_000)
  expect(await bodyOf(keys)).toBe('answer 3')
  expect(asked).toEqual([keys, token, keys])
})

test('keys that cannot be had fail whoever needs them, and nobody else', async () => {
  const { ahead, state } = stage()
  state.failing = true
  await expect(ahead.fetch(token, { method: 'POST' })).rejects.toThrow('it is down')
  await expect(ahead.fetch(keys, { method: 'GET' })).rejects.toThrow('it is down')
})
