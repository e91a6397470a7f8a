import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '#test/harness/index.ts'
import { app, type Gate, openGate } from './gate.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openGate()
})
afterAll(() => gate?.close())

async function explained(...args: readonly string[]) {
  const { configFile, stage } = gate.curfew
  const command = ['--config', configFile, 'explain', ...args, '--json']
  const { stdout, stderr, code } = await runCommand(command, { cwd: stage.folder })
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

test('explain says which rule decides for a person, and why', async () => {
  gate.provider.claims = { roles: ['pilot'] }
  await gate.visitor().browse(`${app}/`)
  expect(await explained(`${app}/admin/users`, '--user', 'main:alice')).toMatchObject({
    ...{ verdict: 'forbidden', decidedBy: 'gateway.rules[1]', unmet: 'roles' },
    session: { uid: 'main:alice', roles: ['pilot'] },
    passedOver: [{ rule: 'gateway.rules[0]', because: 'path' }],
  })
  expect(await explained(`${app}/page`, '--user', 'main:alice')).toMatchObject({
    ...{ verdict: 'allow', decidedBy: 'gateway.rules[2]' },
  })
})

test('explain knows nobody without a session, and says so', async () => {
  expect(await explained(`${app}/page`, '--user', 'main:bob')).toMatchObject({
    ...{ verdict: 'sign-in', session: null },
  })
  expect(await explained(`${app}/health`)).toMatchObject({ verdict: 'allow' })
  expect(await explained('http://nowhere.test/')).toMatchObject({ decidedBy: null })
})

test('explain names what it cannot read', async () => {
  await expect(explained('ftp://x')).rejects.toThrow(/the URL cannot be read/)
  await expect(explained(`${app}/`, '--session', 'x')).rejects.toThrow(/not a session id/)
  await expect(explained(`${app}/`, '--method', 'get')).rejects.toThrow(/capitals/)
})
