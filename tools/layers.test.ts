import { describe, expect, test } from 'vitest'
import { checkLayers, checkRooms } from './layers.ts'
import { parseSource } from './source.ts'

function messages(path: string, text: string): string[] {
  return checkLayers([parseSource(path, text)]).map((finding) => finding.message)
}

const room = (name: string): string => `packages/server/src/${name}/x.ts`

describe('the console', () => {
  const file = 'packages/console/src/app.tsx'

  test.each(['curfew/bin', '#domain', '@curfew/verifier', 'node:fs', 'vite'])(
    'knows nothing of %s',
    (to) => {
      expect(messages(file, `import { a } from '${to}'\n`)).toHaveLength(1)
    },
  )

  test('reaches no file of the server either, and nobody else draws with Preact', () => {
    const path = '../../server/src/http/pages/style.ts'
    expect(messages(file, `import { a } from '${path}'\n`)).toHaveLength(1)
    expect(messages(room('http'), "import { h } from 'preact'\n")).toHaveLength(1)
    expect(messages(file, "import { h } from 'preact'\n")).toEqual([])
  })
})

describe('edges between rooms', () => {
  test.each([
    [
      'stores',
      '#tokens',
      'stores may not import tokens: declare what stores needs as a port in authority/ports.ts',
    ],
    ['domain', '#authority', 'domain imports nothing but itself'],
    ['authority', '#stores', 'declare what authority needs as a port in authority/ports.ts'],
    ['gateway', '#http', 'let http turn it into an answer'],
    ['http', '#config', 'main.ts reads the configuration'],
    ['http', '#cli', 'commands are the outermost layer'],
    ['feed', '../main.ts', 'main.ts joins the rooms'],
    ['feed', '../cache/redis.ts', "import cache through its door: '#cache'"],
    ['feed', '#feed', "inside feed import the file itself ('./…')"],
    ['feed', '#cache/redis', '#cache/redis is no door'],
    ['feed', '#test/services/index.ts', 'may not import the tests'],
    ['cli', '../../../verifier/src/index.ts', 'import the package by its name'],
  ])('%s importing %s is refused and told what to do instead', (from, to, advice) => {
    const found = messages(room(from), `import { a } from '${to}'\n`)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(advice)
  })

  test.each([
    ['authority', '#domain'],
    ['stores', '#authority'],
    ['http', '#gateway'],
    ['cli', '#config'],
    ['cli', '../main.ts'],
    ['http', './problems.ts'],
  ])('%s importing %s is allowed', (from, to) => {
    expect(messages(room(from), `import { a } from '${to}'\n`)).toEqual([])
  })

  test('a folder inside a room is the same room', () => {
    const path = 'packages/server/src/http/routes/logout.ts'
    expect(messages(path, `import { a } from '../problems.ts'\n`)).toEqual([])
  })

  test('type imports, re-exports and dynamic imports are edges too', () => {
    const text =
      "import type { A } from '#tokens'\nexport { b } from '#tokens'\nawait import('#tokens')\n"
    expect(messages(room('stores'), text)).toHaveLength(3)
  })

  test('tests may cross rooms', () => {
    expect(messages('packages/server/src/feed/x.test.ts', "import '#stores'\n")).toEqual([])
    expect(messages('packages/server/test/e2e/x.ts', "import '#stores'\n")).toEqual([])
  })

  test('a folder that the table does not know is a finding', () => {
    const found = checkRooms([parseSource(room('billing'), '')])
    expect(found[0]?.message).toContain('billing is no room')
  })
})

describe('packages with an owner', () => {
  test.each([
    ['packages/server/src/http/x.ts', 'pg', 'store port in authority/ports.ts'],
    ['packages/server/src/main.ts', 'node:sqlite', 'store port in authority/ports.ts'],
    ['packages/server/src/tokens/x.ts', 'redis', 'the little that you need of RedisConnection'],
    ['packages/server/src/http/x.ts', 'openid-client', 'oidc fulfils it'],
    ['packages/server/src/tokens/x.ts', 'fastify', 'http/routes/'],
    ['packages/server/src/http/x.ts', '@curfew/verifier', 'feed owns the denylist'],
    ['packages/server/src/domain/x.ts', 'node:crypto', 'domain imports nothing but itself'],
    ['packages/server/src/domain/x.ts', 'jose', 'domain imports nothing but itself'],
    ['packages/verifier/src/x.ts', 'node:crypto', 'WebCrypto'],
  ])('%s may not import %s', (path, specifier, advice) => {
    const found = messages(path, `import x from '${specifier}'\n`)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(advice)
  })

  test('their owners may', () => {
    expect(messages(room('stores'), "import pg from 'pg'\nimport 'node:sqlite'\n")).toEqual([])
    expect(messages(room('feed'), "import { Denylist } from '@curfew/verifier'\n")).toEqual([])
  })
})

describe('the outside world', () => {
  test.each([
    ['packages/server/src/http/x.ts', 'const a = process.env.A', 'main.ts reads the environment'],
    ['packages/server/src/http/x.ts', 'const a = Date.now()', 'database time'],
    ['packages/server/src/feed/x.ts', 'const a = new Date()', 'database time'],
    ['packages/server/src/domain/x.ts', 'export async function a() {}', 'the domain is pure'],
    ['packages/verifier/src/x.ts', 'const a = process.env.A', 'plain value'],
  ])('%s: %s is refused', (path, text, advice) => {
    const found = messages(path, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(advice)
  })

  test('C29: no part of the product may take chance from Math.random', () => {
    const parts = ['tokens', 'oidc', 'authority', 'stores', 'gateway', 'http', 'cli', 'config']
    for (const path of [...parts.map(room), 'packages/server/src/main.ts']) {
      const found = messages(path, 'const a = Math.random()')
      expect([path, found]).toEqual([path, [expect.stringContaining('use node:crypto')]])
    }
  })

  test('words in comments, strings and expressions are not code', () => {
    const text =
      "// async Date.now\nconst a = 'process.env'\nconst b = /Date.now/\nconst c = `await ${1}`\n"
    expect(messages(room('domain'), text)).toEqual([])
  })

  test('code inside a template is code', () => {
    expect(
      messages(room('domain'), 'const a = `x ${Date.now()} ${`${Math.random()}`} y`'),
    ).toHaveLength(2)
  })
})
