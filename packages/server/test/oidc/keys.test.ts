/* The provider's keys: every algorithm that it may sign with, and what happens when they change. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { verifyLogoutToken } from '#oidc'
import { Browser, comeBack, goToProvider, openStage, type Replica, type Stage } from './stage.ts'

async function signIn(stage: Stage, replica: Replica): Promise<string> {
  const browser = new Browser()
  const { callback } = await goToProvider(stage, replica, browser)
  const returned = await comeBack(replica, browser, callback)
  return returned.kind === 'failed' ? returned.code : returned.kind
}

/** Both libraries count the age of keys by the process's clock. */
function useHandClock(): (milliseconds: number) => void {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  return (milliseconds) => void vi.setSystemTime(Date.now() + milliseconds)
}

test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'])(
  'scenario T02: what is signed with %s is verified: ID tokens and logout tokens',
  async (alg) => {
    const stage = await openStage(undefined, {}, alg)
    const replica = await stage.replica()
    expect(await signIn(stage, replica)).toBe('signed-in')
    const token = await stage.provider.logoutToken()
    const verdict = await verifyLogoutToken(replica.providers, replica.rooms.clock, token)
    expect(verdict.kind).toBe('logout')
  },
)

test('scenario T05: a new key is fetched once and good at once, also for those at the same time', async () => {
  const pass = useHandClock()
  const stage = await openStage()
  const replica = await stage.replica()
  expect(await signIn(stage, replica)).toBe('signed-in')
  await stage.provider.changeKey('k2')
  pass(61_000)
  stage.provider.counts.keys = 0
  expect(await signIn(stage, replica)).toBe('signed-in')
  expect(await signIn(stage, replica)).toBe('signed-in')
  expect(stage.provider.counts.keys).toBe(1)
})

test('scenario T06: a flood of keys that nobody has makes no more than one fetch in its time', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  expect(await signIn(stage, replica)).toBe('signed-in')
  stage.provider.counts.keys = 0
  const flood = Array.from({ length: 100 }, async (_, index) => {
    const token = await stage.provider.logoutToken({}, { kid: `unknown-${index}` })
    return verifyLogoutToken(replica.providers, replica.rooms.clock, token)
  })
  const kinds = (await Promise.all(flood)).map(({ kind }) => kind)
  expect(new Set(kinds)).toEqual(new Set(['invalid']))
  expect(stage.provider.counts.keys).toBeLessThanOrEqual(1)
})

test('scenario T07: another key under the same id is found without a restart', async () => {
  const pass = useHandClock()
  const stage = await openStage()
  const replica = await stage.replica()
  expect(await signIn(stage, replica)).toBe('signed-in')
  await stage.provider.changeKey('k1')
  expect(await signIn(stage, replica)).toBe('identity_invalid')
  pass(301_000)
  expect(await signIn(stage, replica)).toBe('signed-in')
})
