/*
 * Every way to start a session, each cut before its last request: what happens in between is what the
 * tests are about. A way that is added to the product has to be added here (ways.test.ts sees to it).
 */
import { type Gate, openGate, providerConfig } from '#test/gateway/gate.ts'
import { adminUid, asText, clients, newSecret, runCommand } from '#test/harness/index.ts'
import { startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { app } from '../gateway/gate.ts'
import { appsConfig, coded, redeem } from './apps.ts'

export interface Way {
  readonly name: string
  /** The file of authority/ that starts the session. */
  readonly useCase: string
  /** Of the token endpoint. */
  readonly grant?: string
  /** The class of its sessions; null: it has one session of its own. */
  readonly device: string | null
  /** It begins and ends with the same request: nothing can come in between. */
  readonly atOnce?: true
  uid(subject: string): string
  /** All but the last request; what it answers sends that, and says whether a session has started. */
  begin(gate: Gate, subject: string): Promise<() => Promise<boolean>>
}

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const exchanger = { id: 'exchanger', secret: newSecret() }
/** A link is for administrators by their uid: each subject gets one of these. */
const admins = Array.from({ length: 20 }, (_, n) => `way-admin-${n}`)
const taken = new Map<string, string>()
const ofProvider = (subject: string) => `main:${subject}`

export async function openWays(): Promise<Gate> {
  const provider = await startScriptableProvider()
  const single = { policy: 'single' }
  const gate = await openGate({
    provider,
    store: 'postgres',
    config: {
      ...appsConfig,
      identityProviders: [{ ...providerConfig(provider), exchangeAudiences: ['ios'] }],
      sessions: { devices: { app: single, web: { ...single, limit: null }, pc: single } },
      users: [adminUid, ...admins].map((match) => ({ match, roles: ['admin'] })),
      limits: { signIns: 'off', deviceAuthorizations: 'off', userCodeGuesses: 'off' },
      clients: [
        ...(appsConfig['clients'] as object[]),
        { ...clients.backend, roles: ['issuer'] },
        { ...exchanger, grants: ['refresh_token', exchangeGrant], device: 'app' },
        { id: 'tv', grants: ['device_code', 'refresh_token'], device: 'web' },
      ] as never,
    },
  })
  const close = async () => {
    await gate.close()
    await provider.close()
  }
  return { ...gate, close }
}

const byIssuer: Way = {
  name: 'POST /sessions',
  useCase: 'issue.ts',
  device: 'pc',
  uid: (subject) => subject,
  begin: async ({ curfew: { api } }, subject) => {
    const { body } = await api.get(`/users/${subject}/fence`, { as: clients.backend })
    return async () => {
      const started = await api.tryStart({ uid: subject, device: 'pc', fence: body['fence'] })
      return started.status === 201
    }
  },
}

const byGateway: Way = {
  name: 'the gateway',
  useCase: 'sign-in.ts',
  device: 'web',
  uid: ofProvider,
  begin: async (gate, subject) => {
    gate.provider.subject = subject
    const visitor = gate.visitor()
    const callback = await visitor.begin(`${app}/`)
    return async () => (await visitor.open(callback)).status === 302
  },
}

const byCode: Way = {
  name: 'an authorization code',
  useCase: 'authorization-code.ts',
  grant: 'authorization_code',
  device: 'app',
  uid: ofProvider,
  begin: async (gate, subject) => {
    gate.provider.subject = subject
    const asked = { client_id: 'mobile', redirect_uri: 'com.example.app:/cb', scope: '' }
    const code = await coded(gate, asked).catch((error: Error) => {
      // Whoever may not sign in gets no code.
      if (error.message.includes('access_denied')) return undefined
      throw error
    })
    return async () => code !== undefined && (await redeem(gate.curfew, code)).status === 200
  },
}

const byDevice: Way = {
  name: 'a device code',
  useCase: 'devices.ts',
  grant: deviceGrant,
  device: 'web',
  uid: (subject) => subject,
  begin: async ({ curfew: { api } }, subject) => {
    const client = { client_id: 'tv' }
    const { body } = await api.post('/oauth/device_authorization', { form: client })
    const json = { user_code: body['user_code'] }
    const started = await api.tryStart({ uid: subject, device: 'app' })
    if (started.status === 201) {
      const as = asText(started.body['access_token'])
      await api.post('/device/scan', { as, json })
      await api.post('/device/approve', { as, json })
    }
    const form = { ...client, grant_type: deviceGrant, device_code: asText(body['device_code']) }
    return async () => (await api.post('/oauth/token', { form })).status === 200
  },
}

const byExchange: Way = {
  name: 'token exchange',
  useCase: 'exchange.ts',
  grant: exchangeGrant,
  device: 'app',
  atOnce: true,
  uid: ofProvider,
  begin: async ({ curfew: { api }, provider }, subject) => {
    const iat = Math.floor(Date.now() / 1000)
    const of = { iss: provider.issuer, aud: 'ios', sub: subject, iat, exp: iat + 600 }
    const form = {
      grant_type: exchangeGrant,
      subject_token: await provider.sign({ ...of, jti: `${subject}-${Math.random()}` }),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }
    return async () => (await api.post('/oauth/token', { form, as: exchanger })).status === 200
  },
}

const byClient: Way = {
  name: 'client credentials',
  useCase: 'client-token.ts',
  grant: 'client_credentials',
  device: null,
  atOnce: true,
  uid: () => `client:${clients.webapp.id}`,
  begin: async ({ curfew: { api } }) => {
    return async () => (await api.clientCredentials(clients.webapp)).status === 200
  },
}

function administrator(subject: string): string {
  const uid = taken.get(subject) ?? admins[taken.size]
  if (uid === undefined) throw new Error('more subjects than administrators')
  taken.set(subject, uid)
  return uid
}

const byLink: Way = {
  name: 'a link for the console',
  useCase: 'admin-links.ts',
  device: 'web',
  uid: administrator,
  begin: async ({ curfew }, subject) => {
    const args = ['admin', 'link', administrator(subject), '--config', curfew.configFile]
    const { stdout } = await runCommand(args, { cwd: curfew.stage.folder })
    const token = new URL(stdout.trim()).searchParams.get('token') ?? ''
    return async () => {
      const headers = { 'sec-fetch-site': 'same-origin' }
      const init = { method: 'POST', headers, body: new URLSearchParams({ token }) } as const
      const used = await fetch(`${curfew.url}/console/link`, { ...init, redirect: 'manual' })
      return used.status === 303
    }
  },
}

export const ways: readonly Way[] = [
  byIssuer,
  byGateway,
  byCode,
  byDevice,
  byExchange,
  byClient,
  byLink,
]
