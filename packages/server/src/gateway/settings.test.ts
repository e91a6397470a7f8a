import { expect, test } from 'vitest'
import type { GatewayConfig } from '#config'
import { newSecret, parseConfig } from '#config'
import { RuleBook } from './rules.ts'
import type { GatewaySettings } from './settings.ts'

test('what the configuration makes of its defaults, the gateway takes as it is', () => {
  const text = `
server: { publicUrl: https://auth.example.com }
store: sqlite:./curfew.db
secrets: [${newSecret()}]
gateway:
  rules:
    - { hosts: [app.example.com], paths: [/health, /assets/**], require: none }
    - { hosts: [app.example.com], paths: [/admin/**], methods: [GET, POST], require: { roles: [ops] } }
    - { hosts: ["*.example.com"], require: session, audience: https://app.example.com }
`
  const parsed = parseConfig(text, { env: {}, readFile: () => '' })
  if (parsed.kind !== 'loaded') throw new Error(JSON.stringify(parsed))
  const config: GatewayConfig = parsed.config.gateway
  const settings: GatewaySettings = config
  const book = new RuleBook(settings)
  expect(book.rules).toHaveLength(3)
  expect(book.lastResort.headers.needs).toEqual({
    ...{ accessToken: false, providerTokens: false, cookies: true },
  })
})
