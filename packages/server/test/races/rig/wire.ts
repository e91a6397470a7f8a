/*
 * A TCP wire between a replica and PostgreSQL or Redis that can be cut, go silent, be slow, lose what is
 * pushed, or hold back a commit:
 *   open     everything passes, each piece up to `jitterMs` late, in order
 *   refused  what is connected breaks, nobody gets in
 *   silent   connections stay, and are made, but nothing passes; what was held goes on with `open`
 */
import { createServer, type Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from './chance.ts'

export type WireMode = 'open' | 'refused' | 'silent'

/** A piece that is held back: `pass` lets it go on, `drop` loses it with its connection. */
export type Caught = { pass(): void; drop(): void }

const catchWithinMs = 20_000

/** What is to be held back: a request that says `word`, or the answer to it. */
type Trap = {
  readonly word: string
  readonly side: 'request' | 'answer'
  spring(caught: Caught): void
}

/** One connection of the replica to the store. */
type Link = { readonly client: Socket; readonly store: Socket; awaited: Trap | undefined }

export class Wire {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #chance = new Chance()
  readonly #sockets = new Set<Socket>()
  #mode: WireMode = 'open'
  #opened: (() => void)[] = []
  #trap: Trap | undefined
  jitterMs = 0
  /** Loses what the store tells without having been asked: NOTIFY, or a message of Redis. */
  deaf = false

  constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async to(storeUrl: string): Promise<Wire> {
    const { hostname, port } = new URL(storeUrl)
    const wire = new Wire({ host: hostname, port: Number(port) })
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    return wire
  }

  /** The store's address through this wire. */
  url(storeUrl: string): string {
    const url = new URL(storeUrl)
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the wire has no port')
    url.hostname = '127.0.0.1'
    url.port = String(address.port)
    return url.href
  }

  set(mode: WireMode): void {
    this.#mode = mode
    if (mode === 'refused') for (const socket of this.#sockets) socket.destroy()
    if (mode === 'silent') return
    for (const resume of this.#opened.splice(0)) resume()
  }

  /** Holds back the next request that says this word, such as the name of a prepared statement. */
  catchRequest(word: string): Promise<Caught> {
    return this.#catch('request', word)
  }

  /** Holds back the store's answer to the next request that says this word. */
  catchAnswer(word: string): Promise<Caught> {
    return this.#catch('answer', word)
  }

  /** Nothing is held back any more that has not been caught yet. */
  disarm(): void {
    this.#trap = undefined
  }

  async close(): Promise<void> {
    this.disarm()
    this.set('refused')
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #catch(side: Trap['side'], word: string): Promise<Caught> {
    return new Promise((spring, reject) => {
      const why = new Error(`nothing that says ${word} came within ${catchWithinMs} ms`)
      const timer = setTimeout(() => reject(why), catchWithinMs)
      this.#trap = {
        side,
        word,
        spring: (caught) => {
          clearTimeout(timer)
          spring(caught)
        },
      }
    })
  }

  #accept(client: Socket): void {
    if (this.#mode === 'refused') {
      client.destroy()
      return
    }
    const link: Link = { client, store: new Socket(), awaited: undefined }
    for (const socket of [link.client, link.store]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      // A broken half breaks the other; `close` follows every error.
      socket.on('error', () => undefined)
    }
    link.store.connect(this.#target)
    this.#carry(link, 'request')
    this.#carry(link, 'answer')
  }

  #carry(link: Link, side: Trap['side']): void {
    const [from, to] = side === 'request' ? [link.client, link.store] : [link.store, link.client]
    let last = Promise.resolve()
    from.on('data', (piece) => {
      const bytes = Buffer.from(piece)
      last = last.then(async () => {
        await this.#passage(bytes, side, link)
        if (this.deaf && side === 'answer' && isPush(bytes)) return
        if (!to.destroyed) to.write(bytes)
      })
    })
    from.on('close', () => {
      this.#sockets.delete(from)
      void last.then(() => to.destroy())
    })
  }

  async #passage(bytes: Buffer, side: Trap['side'], link: Link): Promise<void> {
    if (this.jitterMs > 0 && this.#chance.maybe(0.3)) {
      await sleep(this.#chance.next() * this.jitterMs)
    }
    const trap = side === 'request' ? this.#sprungBy(bytes, link) : link.awaited
    if (trap !== undefined) {
      link.awaited = undefined
      await held(trap, link)
    }
    while (this.#mode === 'silent') {
      await new Promise<void>((resolve) => this.#opened.push(resolve))
    }
  }

  /** The trap that this request springs now; one that waits for its answer is left with the link. */
  #sprungBy(bytes: Buffer, link: Link): Trap | undefined {
    const trap = this.#trap
    if (trap === undefined || !bytes.includes(`${trap.word}\0`)) return undefined
    this.#trap = undefined
    if (trap.side === 'request') return trap
    link.awaited = trap
    return undefined
  }
}

/** Of either store, and alone in its piece: nobody had asked anything. */
function isPush(bytes: Buffer): boolean {
  return isNotification(bytes) || isPublished(bytes)
}

/** PostgreSQL's NotificationResponse. */
function isNotification(bytes: Buffer): boolean {
  return bytes[0] === 0x41 && /curfew_(?:feed|session)\0/.test(bytes.toString('latin1'))
}

/** RESP2 answers with an array, RESP3 with a push. */
function isPublished(bytes: Buffer): boolean {
  const begin = bytes.subarray(0, 32).toString('latin1')
  const whole = bytes.subarray(-2).toString('latin1') === '\r\n'
  return whole && /^[*>]3\r\n\$[78]\r\ns?message\r\n/.test(begin)
}

function held(trap: Trap, link: Link): Promise<void> {
  return new Promise((resolve) => {
    const drop = (): void => {
      link.client.destroy()
      link.store.destroy()
      resolve()
    }
    trap.spring({ pass: resolve, drop })
  })
}
