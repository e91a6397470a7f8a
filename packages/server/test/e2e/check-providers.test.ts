/* `curfew check` and the identity providers of the configuration: API.md, section 1. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { newSecret, openStage, runCommand, type Stage } from '#test/harness/index.ts'
import { privateAuthority, serverCertificate, serverKey } from '../oidc/certificates.ts'
import { startForwardProxy } from '../oidc/forward-proxy.ts'
import { type ScriptableProvider, startScriptableProvider } from '../oidc/scriptable-provider.ts'

const publicUrl = 'https://auth.example.com/base'
const secret = 'hunter2-of-the-client'

describe('curfew check', () => {
  let stage: Stage
  let provider: ScriptableProvider
  beforeAll(async () => {
    stage = await openStage('sqlite')
    provider = await startScriptableProvider()
  })
  afterAll(async () => {
    await provider?.close()
    stage?.remove()
  })

  async function check(providers: readonly object[], env: Record<string, string> = {}) {
    const file = join(stage.folder, 'curfew.yaml')
    const known = providers.map((one) => ({ clientId: 'curfew', clientSecret: secret, ...one }))
    const config = {
      server: { publicUrl },
      store: stage.storeUrl,
      secrets: [newSecret()],
      identityProviders: known,
    }
    writeFileSync(file, stringify(config))
    const { code, stdout, stderr } = await runCommand(['check', '--config', file], {
      cwd: stage.folder,
      env,
    })
    expect(stdout + stderr).not.toContain(secret)
    expect(stdout + stderr).not.toMatch(/\n\s+at /)
    return { code, lines: stdout.split('\n') }
  }

  /** https in front of the provider; answers the port. */
  async function withTls(): Promise<number> {
    const options = { key: serverKey, cert: serverCertificate, ALPNProtocols: ['http/1.1'] }
    const server = createServer(options)
    server.removeAllListeners('secureConnection')
    server.on('secureConnection', (socket) => {
      const there = connect(Number(new URL(provider.issuer).port), '127.0.0.1')
      socket.on('error', () => there.destroy())
      there.on('error', () => socket.destroy())
      socket.pipe(there).pipe(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return (server.address() as AddressInfo).port
  }

  test('says what it found, what it lacks, and what to register there', async () => {
    const { code, lines } = await check([{ id: 'main', issuer: provider.issuer }])
    expect(code).toBe(0)
    const backChannel = `${publicUrl}/oidc/backchannel-logout`
    expect(lines).toContain(`ok       the identity provider main: found as ${provider.issuer}`)
    expect(lines).toContain(
      `note     main: register there as redirect URI ${publicUrl}/oidc/callback`,
    )
    expect(lines).toContain(
      `note     main: it announces no back-channel logout; if it has one, its URI is ${backChannel}`,
    )
    expect(lines.filter((line) => line.includes('endpoint'))).toEqual([])
  })

  test('names each provider that is wrong, and is 1 for one of them', async () => {
    const { code, lines } = await check([
      { id: 'main', issuer: provider.issuer },
      { id: 'gone', issuer: 'http://127.0.0.1:1' },
      { id: 'other', issuer: `${provider.issuer}/realm`, internalUrl: provider.issuer },
    ])
    expect(code).toBe(1)
    const [good = '', gone = '', other = ''] = lines.filter((line) => line.includes('provider '))
    expect(good).toMatch(/^ok {7}the identity provider main/)
    expect(gone).toMatch(/^problem {2}the identity provider gone: .*ECONNREFUSED; mend `issuer`/)
    expect(other).toMatch(/^problem {2}the identity provider other: /)
    expect(other).toContain(`its issuer is ${provider.issuer}/realm here`)
    expect(other).toContain(`it calls itself "${provider.issuer}"`)
  })

  test('asks for `ca` when the certificate is not trusted, and uses it', async () => {
    const internalUrl = `https://127.0.0.1:${await withTls()}`
    const main = { id: 'main', issuer: provider.issuer, internalUrl }
    const without = await check([main])
    expect(without.code).toBe(1)
    expect(without.lines.join('\n')).toMatch(/not trusted; give the authority .* as `ca: \$\{file:/)
    const ca = join(stage.folder, 'ca.pem')
    writeFileSync(ca, privateAuthority)
    expect((await check([{ ...main, ca: `\${file:${ca}}` }])).code).toBe(0)
  })

  test('goes through the proxy of the environment', async () => {
    const proxy = await startForwardProxy()
    const { code } = await check([{ id: 'main', issuer: provider.issuer }], {
      HTTP_PROXY: proxy.url,
    })
    expect(code).toBe(0)
    expect(proxy.asked).toContain(`GET ${provider.issuer}/.well-known/openid-configuration`)
    const dead = { HTTP_PROXY: 'http://user:hunter2@127.0.0.1:1' }
    const without = await check([{ id: 'main', issuer: provider.issuer }], dead)
    expect(without.code).toBe(1)
    expect(without.lines.join('\n')).toContain('HTTP_PROXY is set')
    expect(without.lines.join('\n')).not.toContain('hunter2')
  })
})
