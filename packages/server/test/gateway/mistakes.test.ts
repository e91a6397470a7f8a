/* What the gateway cannot work with is refused at the start, in words. Scenarios E07, H08 and G02. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  type CommandResult,
  newSecret,
  openStage,
  runCommand,
  type Stage,
} from '#test/harness/index.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage('sqlite')
})
afterAll(() => stage?.remove())

const hosts = ['app.test']

async function tried(command: 'check' | 'serve', gateway: object): Promise<CommandResult> {
  const file = join(stage.folder, `${command}.yaml`)
  const server = { publicUrl: 'http://127.0.0.1:1', listen: '127.0.0.1:0' }
  const config = { server, store: stage.storeUrl, secrets: [newSecret()], gateway }
  writeFileSync(file, stringify(config))
  return runCommand([command, '--config', file], { cwd: stage.folder })
}

const mistakes: readonly (readonly [gateway: object, path: string])[] = [
  [{ rules: [{ hosts, paths: ['/ok', '/a/../b'] }] }, 'gateway.rules[0].paths[1]'],
  [{ rules: [{ hosts, paths: ['/a//b'] }] }, 'gateway.rules[0].paths[0]'],
  [{ rules: [{ hosts, paths: ['/a%20b'] }] }, 'gateway.rules[0].paths[0]'],
  [{ headers: { 'X-User': '{{ uid | json("x") }}' } }, 'gateway.headers.X-User'],
  [{ headers: { Location: '{{ uid }}' } }, 'gateway.headers.Location'],
  [{ headers: { Authorization: '{{ cookies }}' } }, 'gateway.headers.Authorization'],
  [{ rules: [{ hosts, headers: { 'Set-Cookie': 'x' } }] }, 'gateway.rules[0].headers.Set-Cookie'],
]

test.each(mistakes)('scenarios E07, H08: %j is refused by its place, %s', async (gateway, path) => {
  const { code, stderr } = await tried('check', gateway)
  expect(code).toBe(1)
  expect(stderr).toMatch(/check\.yaml:\d+: /)
  expect(stderr).toContain(`: ${path}: `)
})

test('scenarios E07, H08: serve does not start with them, and tells all of them at once', async () => {
  const gateway = { rules: [{ hosts, paths: ['/a/../b'] }], headers: { Location: 'x' } }
  const { code, stderr } = await tried('serve', gateway)
  expect(code).toBe(1)
  expect(stderr).toContain('gateway.rules[0].paths[0]: ')
  expect(stderr).toContain('gateway.headers.Location: ')
  expect(stderr).not.toMatch(/\n\s+at /)
})
