/*
 * Several replicas in front of two applications, each behind a wire of its own, on one PostgreSQL and with
 * one scriptable provider. Whoever asks chooses the replica at every request: there is no sticky routing.
 */
import { asTraefik, navigation, Visitor } from '#test/gateway/visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from '#test/gateway/wire.ts'
import {
  type Curfew,
  eventually,
  type JsonObject,
  merge,
  openStage,
  type Stage,
  shiftClock,
  startCurfew,
} from '#test/harness/index.ts'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { production } from './pair.ts'
import { Wire } from './wire.ts'

/** Its requests carry the provider's access token. */
export const panels = 'http://127.0.0.1:8000'
/** Its requests carry an access token of Curfew's own. */
export const verifying = 'http://127.0.0.1:8001'
/** People sign in for it at the second provider, if there is one. */
export const granted = 'http://127.0.0.1:8002'

const pullMs = 50

export interface GatesOptions {
  readonly replicas: number
  readonly config?: JsonObject
  /** Members of the provider's own part of the configuration. */
  readonly idp?: JsonObject
  /** The same for a second one, at which sign-ins for `granted` begin. */
  readonly secondIdp?: JsonObject
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

  /** Until it can sign people in. */
  async restart(): Promise<void> {
    this.curfew = await this.curfew.restart()
    await knowsTheProvider(this)
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
  signIn(subject: string, at?: GateReplica, app?: string): Promise<Person>
  /**
   * Moves the clock of the store, and waits until every replica has followed. Not until it trusts its
   * clock again and is ready: forward auth does not ask for that, and there is nobody who would balance.
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
    signIn: (subject, at = first, app = panels) =>
      signIn(provider, { subject, at, app, issuer: first.curfew.issuer }),
    pass: (byMs) => pass(stage, all, byMs),
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
  { replicas, config = {}, clock = false, ...idps }: GatesOptions,
): Promise<readonly GateReplica[]> {
  const wires = await Promise.all(Array.from({ length: replicas }, () => Wire.to(stage.storeUrl)))
  const [wire, ...more] = wires
  if (wire === undefined) throw new Error('no replica')
  const whole = merge(defaults(provider, idps), config)
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

/** Waits for it: on a busy machine the first look at the provider may take longer than it may. */
async function knowsTheProvider({ name, curfew }: GateReplica): Promise<void> {
  const leads = async () =>
    (await curfew.api.get('/login?idp=main')).status === 302 ? true : undefined
  const what = `that ${name} knows the provider`
  await eventually(leads, { everyMs: 200, what })
}

function defaults(
  { issuer, clientId, clientSecret }: ScriptableProvider,
  { idp = {}, secondIdp }: Pick<GatesOptions, 'idp' | 'secondIdp'>,
): JsonObject {
  const own = { issuer, clientId, clientSecret, claimsFrom: ['id_token'], timeout: '8s' }
  const first = merge({ ...own, id: 'main' }, idp)
  const second = secondIdp === undefined ? [] : [merge({ ...own, id: 'second' }, secondIdp)]
  const last = second.length === 0 ? 'main' : 'second'
  return {
    server: { logLevel: 'warn', trustedProxies: ['127.0.0.1/32'] },
    identityProviders: [first, ...second],
    gateway: {
      rules: [
        ruleOf(panels, 'main', panelHeaders),
        ruleOf(verifying, 'main', verifyingHeaders),
        ruleOf(granted, last, panelHeaders),
      ],
    },
    limits: { signIns: 'off' },
    revocation: { pullInterval: `${pullMs}ms` },
  }
}

const who = { 'X-User': '{{ uid }}', 'X-Sid': '{{ sid }}', 'X-Roles': '{{ roles }}' }
const panelHeaders = { ...who, 'X-Provider-Token': '{{ provider.accessToken }}' }
const verifyingHeaders = { ...who, 'X-Access-Token': '{{ accessToken }}' }

function ruleOf(app: string, idp: string, headers: JsonObject): JsonObject {
  return { hosts: [new URL(app).host], require: 'session', idp, headers }
}

interface SigningIn {
  readonly subject: string
  readonly at: GateReplica
  readonly app: string
  readonly issuer: string
}

async function signIn(
  provider: ScriptableProvider,
  { subject, at, app, issuer }: SigningIn,
): Promise<Person> {
  provider.subject = subject
  const visitor = new Visitor({ url: at.curfew.url, publicUrl: issuer, provider })
  const reply = await visitor.browse(`${app}/`)
  const cookie = visitor.jar.value(new URL(app), 'curfew')
  if (reply.status !== 200 || cookie === undefined) {
    const said = /<h1>.*<\/p>/s.exec(reply.body)?.[0] ?? reply.body
    throw new Error(`${subject} could not sign in: ${reply.status} ${said.slice(0, 400)}`)
  }
  return { subject, cookie, sid: reply.headers['x-sid'] ?? '' }
}

async function pass(stage: Stage, all: readonly GateReplica[], byMs: number): Promise<void> {
  const before = await Promise.all(all.map(({ curfew }) => secondsOf(curfew)))
  shiftClock(stage, byMs)
  await followed(all, before, byMs)
}

async function followed(
  all: readonly GateReplica[],
  before: readonly number[],
  byMs: number,
): Promise<void> {
  await Promise.all(
    all.map(({ curfew, name }, index) => {
      const due = (before[index] ?? 0) + byMs / 1000 - 1
      const arrived = async () => ((await secondsOf(curfew)) >= due ? true : undefined)
      return eventually(arrived, { everyMs: 10, what: `the clock of ${name}` })
    }),
  )
}

/** As the replica itself reckons it; that stands also in an answer that refuses. */
async function secondsOf(curfew: Curfew): Promise<number> {
  const answer = await curfew.api.get('/sessions/revoked')
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
