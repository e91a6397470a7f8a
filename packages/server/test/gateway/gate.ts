/* A real server with rules for a few hosts, and a scriptable provider behind it. */
import {
  type Curfew,
  type JsonObject,
  merge,
  type Stage,
  startCurfew,
} from '#test/harness/index.ts'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { Visitor } from './visitor.ts'

export interface Gate {
  readonly curfew: Curfew
  readonly provider: ScriptableProvider
  /** A fresh browser; `at`: which replica it meets. */
  visitor(at?: Curfew): Visitor
  close(): Promise<void>
}

export interface GateOptions {
  readonly store?: 'sqlite' | 'postgres' | Stage
  readonly config?: JsonObject
  readonly provider?: ScriptableProvider
  readonly env?: Readonly<Record<string, string>>
}

/** On a loopback publicUrl; the cookie reaches every port of 127.0.0.1, so this is the usual application. */
export const app = 'http://127.0.0.1:8000'
/** An application that the cookie does not reach. */
export const elsewhere = 'http://elsewhere.test'

const rules = [
  { hosts: ['127.0.0.1:8000'], paths: ['/health', '/assets/**'], require: 'none' },
  { hosts: ['127.0.0.1:8000'], paths: ['/admin/**'], require: { roles: ['ops'] } },
  { hosts: ['127.0.0.1:8000', 'elsewhere.test'], require: 'session' },
]

export async function openGate(options: GateOptions = {}): Promise<Gate> {
  const provider = options.provider ?? (await startScriptableProvider())
  const config = merge(defaults(provider), options.config ?? {})
  const { store = 'sqlite', env = {} } = options
  const curfew = await startCurfew({ store, config, env })
  return {
    curfew,
    provider,
    visitor: (at = curfew) => new Visitor({ url: at.url, publicUrl: curfew.issuer, provider }),
    close: async () => {
      await curfew.close()
      if (options.provider === undefined) await provider.close()
    },
  }
}

function defaults(provider: ScriptableProvider): JsonObject {
  return {
    server: { trustedProxies: ['127.0.0.1/32'] },
    identityProviders: [providerConfig(provider)],
    gateway: { rules },
    limits: { signIns: 'off' },
  }
}

export function providerConfig(provider: ScriptableProvider): JsonObject {
  return {
    id: 'main',
    issuer: provider.issuer,
    clientId: provider.clientId,
    clientSecret: provider.clientSecret,
    claimsFrom: ['id_token'],
    // Longer than anything takes on a busy machine; tests of silence name their own.
    timeout: '8s',
  }
}
