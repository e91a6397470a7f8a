import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { starterConfig } from './init.ts'
import { renderJsonSchema } from './json-schema.ts'
import type { SchemaNode } from './read.ts'
import { renderReference } from './reference.ts'
import { configNode } from './schema.ts'

const root = join(import.meta.dirname, '../../../..')

test('curfew.schema.json and the reference are up to date', () => {
  const written = (name: string) => readFileSync(join(root, name), 'utf8')
  expect(written('curfew.schema.json')).toBe(renderJsonSchema())
  expect(written('docs/reference/configuration.md')).toBe(renderReference())
})

test('only what has no default is required', () => {
  const { required, properties } = JSON.parse(renderJsonSchema()) as {
    required: string[]
    properties: Record<string, { required?: string[] }>
  }
  expect(required).toEqual(['server', 'secrets'])
  expect(properties['server']?.required).toEqual(['publicUrl'])
  expect(properties['tokens']?.required).toBeUndefined()
})

test('every setting has a description', () => {
  const bare: string[] = []
  const walk = (node: SchemaNode, path: string) => {
    for (const [key, member] of Object.entries(node.properties ?? {})) {
      if (member.description === undefined) bare.push(`${path}.${key}`)
      walk(member, `${path}.${key}`)
    }
    for (const member of Object.values(node.patternProperties ?? {})) walk(member, `${path}.NAME`)
    for (const branch of node.anyOf ?? []) walk(branch, path)
    if (node.items !== undefined) walk(node.items, `${path}[]`)
  }
  walk(configNode, '')
  expect(bare).toEqual([])
})

test('an editor accepts the starter configuration as it is, and refuses what the loader refuses', () => {
  const validator = Compile(JSON.parse(renderJsonSchema()))
  const starter = parse(starterConfig) as Record<string, unknown>
  expect(validator.Check(starter)).toBe(true)
  expect(validator.Check({ ...starter, tokens: { accessTtl: '5 minutes' } })).toBe(false)
  expect(validator.Check({ ...starter, tokens: { accessTtl: '${TTL:-5m}' } })).toBe(true)
  expect(validator.Check({ ...starter, tokens: { algorithm: 'HS256' } })).toBe(false)
  expect(validator.Check({ ...starter, token: {} })).toBe(false)
  expect(validator.Check({ ...starter, sessions: { devices: { 'A!': {} } } })).toBe(false)
})

test('an editor accepts what the loader does: keys with nothing behind them, and words from the environment', () => {
  const validator = Compile(JSON.parse(renderJsonSchema()))
  const accepts = (text: string) =>
    validator.Check({ ...(parse(starterConfig) as object), ...(parse(text) as object) })
  expect(
    accepts('clients:\nstore:\ntokens: { accessTtl: , algorithm: }\nlimits: { signIns: }'),
  ).toBe(true)
  expect(accepts('limits: { signIns: "${SIGN_INS:-off}" }')).toBe(true)
  expect(accepts('gateway: { rules: [{ hosts: [a.example], require: "${REQUIRE:-none}" }] }')).toBe(
    true,
  )
  expect(accepts('gateway: { rules: [{ hosts: , require: none }] }')).toBe(false)
})
