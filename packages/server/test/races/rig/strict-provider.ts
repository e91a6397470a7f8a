/* oidc-provider as replicas meet it: with strict rotation and some latency, and counted. */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Provider } from 'oidc-provider'
import type { JsonObject } from '#test/harness/index.ts'
import { listenAnywhere, realClient, realProviderConfiguration } from '#test/oidc/real-provider.ts'
import { freePort } from '#test/services/index.ts'

export interface StrictProvider {
  readonly issuer: string
  readonly publicUrl: string
  /** For the replicas: the address that the provider knows them by. */
  readonly config: JsonObject
  readonly idp: JsonObject
  /** Refresh grants so far. */
  readonly grants: { readonly good: number; readonly refused: number }
  close(): Promise<void>
}

export async function openStrictProvider({
  latencyMs,
}: {
  readonly latencyMs: number
}): Promise<StrictProvider> {
  const port = await freePort()
  const publicUrl = `http://127.0.0.1:${port}`
  let answer: ReturnType<Provider['callback']> | undefined
  const server = createServer((request, response) => {
    const waitMs = request.url === '/token' ? latencyMs : 0
    void sleep(waitMs).then(() => answer?.(request, response))
  })
  const issuer = await listenAnywhere(server)
  const grants = { good: 0, refused: 0 }
  const strict: StrictProvider = {
    issuer,
    publicUrl,
    config: { server: { publicUrl, listen: `127.0.0.1:${port}` } },
    idp: { issuer, clientId: realClient.id, clientSecret: realClient.secret },
    grants,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  const provider = new Provider(issuer, realProviderConfiguration({ publicUrl }))
  provider.on('grant.success', (context) => {
    if (isRefresh(context)) grants.good += 1
  })
  provider.on('grant.error', (context) => {
    if (isRefresh(context)) grants.refused += 1
  })
  answer = provider.callback()
  return strict
}

function isRefresh(context: unknown): boolean {
  const { oidc } = context as { oidc?: { params?: { grant_type?: unknown } } }
  return oidc?.params?.grant_type === 'refresh_token'
}
