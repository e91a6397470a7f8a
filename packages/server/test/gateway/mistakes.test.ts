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

test('scenarios E07, H08: all of it at once, each by its place and its line', async () => {
  const gateway = {
    rules: [
      { hosts, paths: ['/ok', '/a/../b', '/a//b', '/a%20b'] },
      { hosts: ['other.test'], headers: { 'Set-Cookie': 'x', 'X-Good': '{{ uid }}' } },
    ],
    headers: {
      'X-User': '{{ uid | json("x") }}',
      Location: '{{ uid }}',
      Authorization: '{{ cookies }}',
    },
  }
  const { code, stderr } = await tried('check', gateway)
  expect(code).toBe(1)
  const places = [...stderr.matchAll(/check\.yaml:\d+: (\S+): /g)].map(([, place]) => place)
  expect(places.toSorted()).toEqual([
    'gateway.headers.Authorization',
    'gateway.headers.Location',
    'gateway.headers.X-User',
    'gateway.rules[0].paths[1]',
    'gateway.rules[0].paths[2]',
    'gateway.rules[0].paths[3]',
    'gateway.rules[1].headers.Set-Cookie',
  ])
})

test('scenarios E07, H08: serve does not start with them', async () => {
  const { code, stderr } = await tried('serve', { rules: [{ hosts, paths: ['/a/../b'] }] })
  expect(code).toBe(1)
  expect(stderr).toContain('gateway.rules[0].paths[0]: ')
  expect(stderr).not.toMatch(/\n\s+at /)
})
