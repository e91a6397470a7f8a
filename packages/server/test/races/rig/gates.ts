/*
 * Several replicas in front of two applications, each behind a wire of its own, on one PostgreSQL and with
 * one scriptable provider. Whoever asks chooses the replica at every request: there is no sticky routing.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { asTraefik, navigation, Visitor } from '#test/gateway/visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from '#test/gateway/wire.ts'
import {
  type Curfew,
  eventually,
  type JsonObject,
  merge,
  shiftClock,
  startCurfew,
} from '#test/harness/index.ts'
import { openStage, type Stage } from '#test/harness/stage.ts'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { production } from './pair.ts'
import { Wire } from './wire.ts'

/** Its requests carry the provider's access token. */
export const panels = 'http://127.0.0.1:8000'
/** Its requests carry an access token of Curfew's own. */
export const verifying = 'http://127.0.0.1:8001'

const pullMs = 50

export interface GatesOptions {
  readonly replicas: number
  readonly config?: JsonObject
  /** Members of the provider's own part of the configuration. */
  readonly idp?: JsonObject
  /** With the clock of the tests, and so without prepared statements. */
  readonly clock?: boolean
}

/** A person in a browser, as the requests of its pages are seen by a proxy. */
export interface Person {
  readonly subject: string
  readonly sid: string
  readonly cookie: string
}

export interface Asking {
  readonly app?: string
  readonly path?: string
  /** A person opens a page; otherwise a script asks. */
  readonly page?: boolean
  readonly method?: string
  /** Hangs up. */
  readonly signal?: AbortSignal
}

export class GateReplica {
  readonly name: string
  readonly wire: Wire
  /** The process; another one after `restart`. */
  curfew: Curfew

  constructor(name: string, wire: Wire, curfew: Curfew) {
    this.name = name
    this.wire = wire
    this.curfew = curfew
  }

  /** What a proxy would ask for a request with this cookie. */
  ask({ cookie }: Pick<Person, 'cookie'>, asking: Asking = {}): Promise<Reply> {
    const { app = panels, path = '/api/data', page = false, method = 'GET', signal } = asking
    const kind: HeaderPairs = page ? navigation : [['Sec-Fetch-Mode', 'cors']]
    return sendRaw(new URL(`${this.curfew.url}/forward-auth?mode=traefik`), {
      method: 'GET',
      headers: [...asTraefik(new URL(path, app), method), ...kind, ['Cookie', `curfew=${cookie}`]],
      ...(signal === undefined ? {} : { signal }),
    })
  }

  async restart(): Promise<void> {
    this.curfew = await this.curfew.restart()
  }

  async metric(name: string): Promise<number> {
    const { text } = await this.curfew.api.get('/metrics')
    const line = text.split('\n').find((one) => one.startsWith(`${name} `))
    return Number(line?.slice(name.length + 1))
  }
}

export interface Gates {
  readonly all: readonly GateReplica[]
  /** By number, from 0. */
  at(index: number): GateReplica
  readonly provider: ScriptableProvider
  readonly stage: Stage
  /** Somebody signs in, at the first replica unless told otherwise. */
  signIn(subject: string, at?: GateReplica): Promise<Person>
  /** Moves the clock of the store, and waits until every replica trusts its own again. */
  advance(byMs: number): Promise<void>
  /**
   * Moves it in many steps: faster, because forward auth asks for no trust. A replica follows at its next
   * pull; one that is late by a step sees tokens a little younger, no more.
   */
  pass(byMs: number): Promise<void>
  close(): Promise<void>
}

export async function openGates(options: GatesOptions): Promise<Gates> {
  const provider = await startScriptableProvider()
  const stage = await openStage('postgres')
  const all = await startReplicas(stage, provider, options)
  const [first] = all
  if (first === undefined) throw new Error('no replica')
  await Promise.all(all.map(knowsTheProvider))
  return {
    all,
    at: (index) => known(all[index]),
    provider,
    stage,
    signIn: (subject, at = first) => signIn(provider, { subject, at, issuer: first.curfew.issuer }),
    advance: (byMs) => advance(all, byMs),
    pass: async (byMs) => {
      shiftClock(stage, byMs)
      await sleep(2 * pullMs + 20)
    },
    close: async () => {
      await Promise.all(all.map(({ curfew }) => curfew.kill()))
      await Promise.all(all.map(({ wire }) => wire.close()))
      await provider.close()
      stage.remove()
    },
  }
}

async function startReplicas(
  stage: Stage,
  provider: ScriptableProvider,
  { replicas, config = {}, idp = {}, clock = false }: GatesOptions,
): Promise<readonly GateReplica[]> {
  const wires = await Promise.all(Array.from({ length: replicas }, () => Wire.to(stage.storeUrl)))
  const [wire, ...more] = wires
  if (wire === undefined) throw new Error('no replica')
  const whole = merge(defaults(provider, idp), config)
  const first = await startCurfew({
    store: stage,
    env: clock ? {} : production,
    config: merge(whole, { store: wire.url(stage.storeUrl) }),
  })
  const twins = await Promise.all(
    more.map((one) => first.twin({ config: { store: one.url(stage.storeUrl) } })),
  )
  return [first, ...twins].map(
    (curfew, index) => new GateReplica('abcdef'.charAt(index), known(wires[index]), curfew),
  )
}

/** On a busy machine the first look at it may take longer than it may. */
async function knowsTheProvider({ name, curfew }: GateReplica): Promise<void> {
  const leads = async () => ((await curfew.api.get('/login')).status === 302 ? true : undefined)
  const what = `that ${name} knows the provider`
  await eventually(leads, { withinMs: 20_000, everyMs: 200, what })
}

function defaults(provider: ScriptableProvider, idp: JsonObject): JsonObject {
  const { issuer, clientId, clientSecret } = provider
  const claimsFrom = ['id_token']
  const own = { id: 'main', issuer, clientId, clientSecret, claimsFrom, timeout: '2s' }
  return {
    server: { logLevel: 'warn', trustedProxies: ['127.0.0.1/32'] },
    identityProviders: [merge(own, idp)],
    gateway: { rules: [ruleOf(panels, panelHeaders), ruleOf(verifying, verifyingHeaders)] },
    limits: { signIns: 'off' },
    // A shift of the clock is believed after three pulls.
    revocation: { pullInterval: `${pullMs}ms` },
  }
}

const who = { 'X-User': '{{ uid }}', 'X-Sid': '{{ sid }}', 'X-Roles': '{{ roles }}' }
const panelHeaders = { ...who, 'X-Provider-Token': '{{ provider.accessToken }}' }
const verifyingHeaders = { ...who, 'X-Access-Token': '{{ accessToken }}' }

function ruleOf(app: string, headers: JsonObject): JsonObject {
  return { hosts: [new URL(app).host], require: 'session', headers }
}

interface SigningIn {
  readonly subject: string
  readonly at: GateReplica
  readonly issuer: string
}

async function signIn(
  provider: ScriptableProvider,
  { subject, at, issuer }: SigningIn,
): Promise<Person> {
  provider.subject = subject
  const visitor = new Visitor({ url: at.curfew.url, publicUrl: issuer, provider })
  const reply = await visitor.browse(`${panels}/`)
  const cookie = visitor.jar.value(new URL(panels), 'curfew')
  if (reply.status !== 200 || cookie === undefined) {
    const said = /<h1>.*<\/p>/s.exec(reply.body)?.[0] ?? reply.body
    throw new Error(`${subject} could not sign in: ${reply.status} ${said.slice(0, 400)}`)
  }
  return { subject, cookie, sid: reply.headers['x-sid'] ?? '' }
}

async function advance(all: readonly GateReplica[], byMs: number): Promise<void> {
  const [first, ...others] = all
  if (first === undefined) return
  const before = await Promise.all(others.map(({ curfew }) => secondsOf(curfew)))
  await first.curfew.advanceClock(byMs)
  for (const [index, { curfew, name }] of others.entries()) {
    const due = (before[index] ?? 0) + byMs / 1000 - 1
    const followed = async () => ((await secondsOf(curfew)) >= due ? true : undefined)
    await eventually(followed, { withinMs: 10_000, what: `the clock of ${name}` })
    const ready = async () => ((await curfew.api.get('/readyz')).status === 200 ? true : undefined)
    await eventually(ready, { withinMs: 10_000, what: `the readiness of ${name}` })
  }
}

async function secondsOf(curfew: Curfew): Promise<number> {
  const answer = await curfew.api.feed({ limit: 1 })
  return Number(answer.headers.get('curfew-now') ?? 0)
}

/** Tokens that the provider was shown more than once: strict rotation kills their family. */
export function shownTwice({ grants }: Pick<ScriptableProvider, 'grants'>): readonly string[] {
  return grants.filter((token, index) => grants.indexOf(token) !== index)
}

/** How many grants were asked for this person. */
export function grantsOf(provider: Pick<ScriptableProvider, 'grantsOf'>, subject: string): number {
  return provider.grantsOf.filter((one) => one === subject).length
}

export function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is no such thing')
  return value
}
