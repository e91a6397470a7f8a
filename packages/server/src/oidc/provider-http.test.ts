import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { privateAuthority, serverCertificate, serverKey } from '#test/oidc/certificates.ts'
import { startForwardProxy } from '#test/oidc/forward-proxy.ts'
import { addressing, createProviderFetch, ProviderSilent, publicAddress } from './provider-http.ts'

async function listening(server: Server | ReturnType<typeof createSecureServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const where = (port: number, more: object = {}) => ({
  issuer: `http://127.0.0.1:${port}`,
  internalUrl: null,
  ca: null,
  timeoutMs: 5000,
  ...more,
})

async function silence(asking: Promise<unknown>): Promise<ProviderSilent> {
  const error: unknown = await asking.catch((reason: unknown) => reason)
  if (error instanceof ProviderSilent) return error
  throw new Error('it was answered')
}

describe('what became of a request', () => {
  test('that nobody accepted was never sent', async () => {
    const port = await listening(createServer())
    const fetch = createProviderFetch(where(1), {})
    expect((await silence(fetch('http://127.0.0.1:1/token', { method: 'POST' }))).sent).toBe(false)
    expect(port).toBeGreaterThan(0)
  })

  test('that was taken and not answered may have been carried out', async () => {
    const port = await listening(createServer((_request, response) => response.destroy()))
    const fetch = createProviderFetch(where(port), {})
    const error = await silence(fetch(`http://127.0.0.1:${port}/token`, { method: 'POST' }))
    expect(error.sent).toBe(true)
  })

  test('that takes too long is a time-out, after it was sent', async () => {
    const port = await listening(createServer())
    const fetch = createProviderFetch(where(port, { timeoutMs: 60 }), {})
    const error = await silence(fetch(`http://127.0.0.1:${port}/`, {}))
    expect(error.sent).toBe(true)
    expect(error.message).toContain('time-out')
  })

  test('whose answer has no end is cut off', async () => {
    const port = await listening(
      createServer((_request, response) => {
        const more = () => void response.write('x'.repeat(65_536), more)
        more()
      }),
    )
    const fetch = createProviderFetch(where(port), {})
    expect((await silence(fetch(`http://127.0.0.1:${port}/`, {}))).sent).toBe(true)
  })
})

describe('the way to the provider', () => {
  test('a certificate of a private authority is trusted when it is named, and only then', async () => {
    const options = { key: serverKey, cert: serverCertificate }
    const port = await listening(
      createSecureServer(options, (_request, response) => response.end('ok')),
    )
    const url = `https://127.0.0.1:${port}/`
    const trusting = createProviderFetch(where(port, { ca: privateAuthority }), {})
    expect(await (await trusting(url, {})).text()).toBe('ok')
    const plain = createProviderFetch(where(port), {})
    expect((await silence(plain(url, {}))).sent).toBe(false)
  })

  test('goes through the proxy of the environment, unless NO_PROXY names the host', async () => {
    const asked: string[] = []
    const note = (name: string) => (request: IncomingMessage) =>
      asked.push(`${name} ${request.url}`)
    const proxy = createServer((request, response) => {
      note('proxy')(request)
      response.end('{}')
    })
    const provider = createServer((request, response) => {
      note('provider')(request)
      response.end('{}')
    })
    const [proxyPort, port] = [await listening(proxy), await listening(provider)]
    const url = `http://127.0.0.1:${port}/keys`
    const env = { HTTP_PROXY: `http://127.0.0.1:${proxyPort}` }
    await createProviderFetch(where(port), env)(url, {})
    await createProviderFetch(where(port), { ...env, NO_PROXY: '127.0.0.1' })(url, {})
    expect(asked).toEqual([`proxy ${url}`, 'provider /keys'])
  })

  test('internalUrl takes the place of the issuer on the way there, and leaves it on the way of browsers', () => {
    const settings = {
      issuer: 'https://idp.example.com/realms/a',
      internalUrl: 'http://idp:8080/realms/a',
    }
    const reach = (url: string) => addressing(settings)(new URL(url)).href
    expect(reach('https://idp.example.com/realms/a')).toBe('http://idp:8080/realms/a')
    expect(reach('https://idp.example.com/realms/a/token?x=1')).toBe(
      'http://idp:8080/realms/a/token?x=1',
    )
    expect(reach('https://idp.example.com/other')).toBe('http://idp:8080/other')
    expect(reach('https://elsewhere.example.com/keys')).toBe('https://elsewhere.example.com/keys')
    const shown = (url: string) => publicAddress(settings, new URL(url)).href
    expect(shown('http://idp:8080/realms/a/auth?x=1')).toBe(
      'https://idp.example.com/realms/a/auth?x=1',
    )
    expect(shown('https://idp.example.com/realms/a/auth')).toBe(
      'https://idp.example.com/realms/a/auth',
    )
  })
})

describe('through the tunnel of a proxy', () => {
  const secure = { key: serverKey, cert: serverCertificate }

  async function throughProxy(answer: Parameters<typeof createSecureServer>[1], credentials = '') {
    const proxy = await startForwardProxy()
    const port = await listening(createSecureServer(secure, answer))
    const env = { HTTPS_PROXY: proxy.url.replace('//', `//${credentials}`) }
    const fetch = createProviderFetch(where(port, { ca: privateAuthority }), env)
    return { proxy, fetch, url: `https://127.0.0.1:${port}/token`, place: `127.0.0.1:${port}` }
  }

  test('an https provider is reached by CONNECT', async () => {
    const { proxy, fetch, url, place } = await throughProxy((_request, answer) => answer.end('ok'))
    expect(await (await fetch(url, {})).text()).toBe('ok')
    expect(proxy.asked).toEqual([`CONNECT ${place}`])
  })

  test('rule 21 lease: a grant that was taken and not answered may have been carried out', async () => {
    const { fetch, url } = await throughProxy((_request, answer) => answer.destroy())
    expect((await silence(fetch(url, { method: 'POST', body: 'x=1' }))).sent).toBe(true)
  })

  test('a tunnel that the proxy refuses, breaks or never opens carried nothing', async () => {
    const { proxy, fetch, url } = await throughProxy(() => undefined)
    proxy.tunnels = 'refused'
    const refused = await silence(fetch(url, { method: 'POST', body: 'x=1' }))
    expect(refused.sent).toBe(false)
    expect(refused.message).toContain('ERR_PROXY_TUNNEL')
    proxy.tunnels = 'closed'
    expect((await silence(fetch(url, { method: 'POST', body: 'x=1' }))).sent).toBe(false)
    proxy.tunnels = 'silent'
    const signal = AbortSignal.timeout(100)
    const never = await silence(fetch(url, { method: 'POST', body: 'x=1', signal }))
    expect(never.sent).toBe(false)
    expect(never.message).toContain('time-out')
  })

  test('nothing-readable: what the proxy asks for as a password stands in no error', async () => {
    const { proxy, fetch, url } = await throughProxy(() => undefined, 'user:hunter2@')
    proxy.tunnels = 'refused'
    const error = await silence(fetch(url, {}))
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2')
  })
})
