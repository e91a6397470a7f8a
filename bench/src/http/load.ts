/*
 * The process that asks: `load-client.ts` starts it and sends orders over its channel. Tokens live here
 * and go from act to act: a start makes a session, refreshes chain its refresh token, a logout ends it.
 */
import { callersWindow, type Window } from '../measure/contestant.ts'
import { Connection } from './connection.ts'
import type { LoadOrder, LoadTarget, WindowAct } from './load-orders.ts'

interface Login {
  readonly accessToken: string
  readonly refreshToken: string
}

/** Sessions that one caller refreshes in turn. */
const refreshedPerCaller = 8

class Load {
  readonly #target: LoadTarget
  readonly #connections: Connection[] = []
  /** Started, and not used by anyone yet. */
  readonly #fresh: Login[] = []
  /** The newest refresh token of each session of each caller. */
  readonly #chains: string[][] = []
  #users = 0

  constructor(target: LoadTarget) {
    this.#target = target
  }

  async window(act: WindowAct, callers: number, windowMs: number): Promise<Window> {
    await this.#connect(callers)
    const acts = {
      start: (caller: number) => this.#start(caller),
      refresh: (caller: number) => this.#refresh(caller),
      logout: (caller: number) => this.#logout(caller),
      bare: (caller: number) => this.#bare(caller),
    }
    if (act === 'refresh') await this.#prepareChains(callers)
    const before = process.cpuUsage()
    const window = await callersWindow(callers, acts[act], windowMs)
    const used = process.cpuUsage(before)
    return { ...window, cpuUs: { load: used.user + used.system } }
  }

  /** Starts sessions until so many are fresh. */
  async supply(count: number, callers: number): Promise<void> {
    await this.#connect(callers)
    const one = async (caller: number): Promise<void> => {
      while (this.#fresh.length < count) await this.#start(caller)
    }
    await Promise.all(Array.from({ length: callers }, (_, caller) => one(caller)))
  }

  async #connect(callers: number): Promise<void> {
    for (let caller = 0; caller < callers; caller++) {
      const open = this.#connections[caller]
      if (open !== undefined && !open.closed) continue
      this.#connections[caller] = await Connection.open(this.#target.port)
    }
  }

  async #prepareChains(callers: number): Promise<void> {
    const missing = (callers - this.#chains.length) * refreshedPerCaller
    if (missing <= 0) return
    await this.supply(missing, callers)
    while (this.#chains.length < callers) {
      const logins = this.#fresh.splice(-refreshedPerCaller)
      this.#chains.push(logins.map((login) => login.refreshToken))
    }
  }

  async #start(caller: number): Promise<boolean> {
    const body = JSON.stringify({
      uid: `user-${process.pid}-${this.#users++}`,
      client_id: this.#target.publicClient,
      device: 'web',
      device_name: 'a laptop',
      ip: '192.0.2.7',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    })
    const authorization = `authorization: ${this.#target.authorization}\r\n`
    const reply = await this.#post(caller, '/sessions', 'application/json', body, authorization)
    if (reply.status !== 201) throw new Error(`POST /sessions: ${reply.status} ${reply.body}`)
    this.#fresh.push(loginOf(reply.body))
    return true
  }

  async #refresh(caller: number): Promise<boolean> {
    const chain = this.#chains[caller] ?? []
    const token = chain.shift()
    if (token === undefined) throw new Error('a caller has nothing to refresh')
    const body = `grant_type=refresh_token&client_id=${this.#target.publicClient}&refresh_token=${token}`
    const reply = await this.#post(
      caller,
      '/oauth/token',
      'application/x-www-form-urlencoded',
      body,
    )
    if (reply.status !== 200) throw new Error(`POST /oauth/token: ${reply.status} ${reply.body}`)
    chain.push(loginOf(reply.body).refreshToken)
    return true
  }

  async #logout(caller: number): Promise<boolean> {
    const login = this.#fresh.pop()
    if (login === undefined) return false
    const authorization = `authorization: Bearer ${login.accessToken}\r\n`
    const reply = await this.#post(caller, '/logout', 'application/json', '{}', authorization)
    if (reply.status !== 200) throw new Error(`POST /logout: ${reply.status} ${reply.body}`)
    return true
  }

  async #bare(caller: number): Promise<boolean> {
    const body = `grant_type=refresh_token&client_id=mobile&refresh_token=${'a'.repeat(80)}`
    const reply = await this.#post(caller, '/', 'application/x-www-form-urlencoded', body)
    if (reply.status !== 200) throw new Error(`POST /: ${reply.status} ${reply.body}`)
    return true
  }

  async #post(caller: number, path: string, type: string, body: string, more = '') {
    const connection = this.#connections[caller]
    if (connection === undefined) throw new Error(`caller ${caller} has no connection`)
    return connection.send(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${this.#target.port}\r\n${more}` +
        `content-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  }
}

function loginOf(body: string): Login {
  const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(body)
  if (typeof accessToken !== 'string' || typeof refreshToken !== 'string') {
    throw new Error(`not a token set: ${body}`)
  }
  return { accessToken, refreshToken }
}

let load: Load | undefined

async function carryOut(order: LoadOrder): Promise<Window | null> {
  if (order.kind === 'target') {
    load = new Load(order.target)
    return null
  }
  if (load === undefined) throw new Error('the load has not been told its target')
  if (order.kind === 'window') return load.window(order.act, order.callers, order.windowMs)
  await load.supply(order.count, order.callers)
  return null
}

process.on('message', (order: LoadOrder) => {
  carryOut(order).then(
    (window) => process.send?.({ kind: 'done', window }),
    (error: unknown) => process.send?.({ kind: 'failed', why: String(error) }),
  )
})
process.once('disconnect', () => process.exit())
