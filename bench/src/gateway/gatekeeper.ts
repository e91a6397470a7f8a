/* Those who are asked, each with a request of a person who has signed in. */
import { request as httpRequest } from 'node:http'
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'
import { familyOf } from '../measure/processor-time.ts'
import { guardedPath, openPath, startApachePeer } from './apache-peer.ts'
import type { BareSettings } from './bare-node.ts'
import { cookieHeader, signIn } from './browser.ts'
import { browserRequest } from './browser-request.ts'
import type { ExpressSettings } from './express-peer.ts'
import { forkServer } from './forked-server.ts'

export interface Gatekeeper {
  readonly name: string
  readonly port: number
  /** The whole of the request that it answers with 200. */
  readonly request: string
  readonly pids: () => readonly number[]
}

/** One process, and what of it is asked: behind its session check, and without one. */
export interface Peer {
  readonly guarded: Gatekeeper
  readonly open: Gatekeeper
  /** Signs in anew; the cookies of the session. */
  signIn(): Promise<ReadonlyMap<string, string>>
  /** The request with these cookies. */
  asking(cookies: ReadonlyMap<string, string>): string
  stop(): Promise<void>
}

interface PeerPlace {
  readonly name: string
  readonly openName: string
  readonly port: number
  readonly pids: () => readonly number[]
  readonly guardedPath: string
  readonly openPath: string
  readonly stop: () => Promise<void>
}

export async function startApacheGatekeepers(provider: ScriptableProvider): Promise<Peer> {
  const { pid, port, stop } = await startApachePeer(provider)
  const names = { name: 'mod_auth_openidc', openName: 'Apache without it' }
  const pids = () => familyOf(pid)
  return peerAt(provider, { ...names, port, guardedPath, openPath, pids, stop })
}

export async function startExpressGatekeepers(provider: ScriptableProvider): Promise<Peer> {
  const settings: ExpressSettings = {
    ...{ issuer: provider.issuer, clientId: provider.clientId },
    ...{ clientSecret: provider.clientSecret, cookieSecret: 'a secret of the cookies of Express' },
  }
  const { pid, port, stop } = await forkServer('express-peer.ts', settings)
  const names = { name: 'express-openid-connect', openName: 'Express without it' }
  const paths = { guardedPath: '/guarded', openPath: '/open' }
  return peerAt(provider, { ...names, ...paths, port, pids: () => [pid], stop })
}

async function peerAt(provider: ScriptableProvider, place: PeerPlace): Promise<Peer> {
  const { name, openName, port, pids, stop } = place
  const site = { origin: `http://127.0.0.1:${port}`, port, proxyHeaders: {} }
  const enter = () => signIn(provider, site, place.guardedPath)
  const asking = (cookies: ReadonlyMap<string, string>, target = place.guardedPath) =>
    browserRequest({ target, port, sessionCookies: cookieHeader(cookies) })
  const cookies = await enter()
  return {
    guarded: { name, port, pids, request: asking(cookies) },
    open: { name: openName, port, pids, request: asking(cookies, place.openPath) },
    signIn: enter,
    asking: (cookies) => asking(cookies),
    stop,
  }
}

export interface Bare {
  readonly gatekeeper: Gatekeeper
  stop(): Promise<void>
}

/** Bare node:http that gets the request of the other one and answers what the other one answers. */
export async function startBareLike(other: Gatekeeper): Promise<Bare> {
  const settings = await answerOf(other)
  const { pid, port, stop } = await forkServer('bare-node.ts', settings)
  const request = other.request.replaceAll(`127.0.0.1:${other.port}`, `127.0.0.1:${port}`)
  return { gatekeeper: { name: 'bare node:http', port, request, pids: () => [pid] }, stop }
}

/** Node writes these itself. */
const ofTheConnection = /^(?:date|connection|keep-alive)$/i

/** What a server has to write to give the same answer. */
export function answerOf({ port, request }: Gatekeeper): Promise<BareSettings> {
  const [first = '', ...lines] = request.trimEnd().split('\r\n')
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
  const path = first.split(' ')[1] ?? '/'
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume()
      const { rawHeaders, statusCode } = response
      if (statusCode !== 200) reject(new Error(`the answer is ${statusCode}`))
      const timeout = /timeout=(\d+)/.exec(String(response.headers['keep-alive']))?.[1]
      resolve({
        headers: rawHeaders.filter(
          (_, at) => !ofTheConnection.test(rawHeaders[at - (at % 2)] ?? ''),
        ),
        keepAliveTimeoutMs: Number(timeout ?? 5) * 1000,
      })
    })
    sent.once('error', reject)
    sent.end()
  })
}
