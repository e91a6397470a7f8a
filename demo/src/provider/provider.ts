/*
 * A throw-away OpenID provider: panva's oidc-provider, which was written from the specifications, with
 * pages of its own. Its state is in memory and its keys are made at the start, so it ends with the demo.
 */
import { generateKeyPair, type JsonWebKey, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { Provider } from 'oidc-provider'
import { listenLocalhost, type Part } from '../listen.ts'
import { type Client, configurationFor } from './configuration.ts'
import { Desk } from './desk.ts'
import { loadPages } from './pages.ts'

export interface ProviderOptions {
  readonly port: number
  /** Curfew, as a client of this provider. */
  readonly client: Client
  /** Where people come from, for a link. */
  readonly applicationUrl: string
}

export async function startProvider({
  port,
  client,
  applicationUrl,
}: ProviderOptions): Promise<Part> {
  const pages = await loadPages(applicationUrl)
  let serve = (_: IncomingMessage, response: ServerResponse): void => void response.destroy()
  const part = await listenLocalhost((request, response) => serve(request, response), port)
  const secrets = { keys: [await signingKey()], cookies: randomBytes(16).toString('hex') }
  const provider = new Provider(part.url, configurationFor(client, secrets, pages))
  const tell = (_: unknown, error: unknown) => process.stderr.write(`provider: ${String(error)}\n`)
  provider.on('server_error', tell).on('backchannel.error', tell)
  const answer = provider.callback()
  const desk = new Desk(provider, pages)
  serve = (request, response) => {
    if (!desk.handle(request, response)) answer(request, response)
  }
  return part
}

/** RSA, because it is what clients expect unless they are told. */
async function signingKey(): Promise<JsonWebKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }
}
