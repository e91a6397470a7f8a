/* One end, seen on the other replica: who asks there is a process outside of both. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, type Reply } from '../http/connection.ts'
import type { LoadTarget } from '../http/load-orders.ts'
import { forwardAuthRequest, startSession } from '../processes/check-request.ts'

export interface Replicas {
  /** Where sessions begin and end. */
  readonly one: LoadTarget
  /** Where they are asked about. */
  readonly other: LoadTarget
}

/** A connection to each replica, kept for as many ends as are to be seen. */
export class Sighting {
  readonly #replicas: Replicas
  readonly #ending: Connection
  readonly #asking: Connection

  private constructor(replicas: Replicas, ending: Connection, asking: Connection) {
    this.#replicas = replicas
    this.#ending = ending
    this.#asking = asking
  }

  static async open(replicas: Replicas): Promise<Sighting> {
    const { one, other } = replicas
    return new Sighting(
      replicas,
      await Connection.open(one.port),
      await Connection.open(other.port),
    )
  }

  /**
   * Starts a session, ends it `waitMs` after the other replica has begun to answer for it from memory, and
   * resolves with the milliseconds from the answer of the logout to that of the first refusal; below 0: the
   * refusal came first.
   */
  async see(waitMs: number): Promise<number> {
    const { one, other } = this.#replicas
    const token = await startSession(one, randomUUID())
    const request = forwardAuthRequest(other, token)
    // Twice: the second is answered from memory, as the checks that follow are.
    for (let times = 0; times < 2; times++) demand(200, await this.#asking.send(request))
    await sleep(waitMs)
    const refused = this.#refusal(request)
    const ended = await this.#ending.send(logoutRequest(one, token))
    const endedAt = performance.now()
    demand(200, ended)
    return (await refused) - endedAt
  }

  close(): void {
    this.#ending.close()
    this.#asking.close()
  }

  async #refusal(request: string): Promise<number> {
    for (;;) {
      const reply = await this.#asking.send(request)
      if (reply.status !== 200) {
        const refusedAt = performance.now()
        demand(401, reply)
        return refusedAt
      }
    }
  }
}

function demand(status: number, reply: Reply): void {
  if (reply.status !== status)
    throw new Error(`${status} was expected: ${reply.head} ${reply.body}`)
}

function logoutRequest({ port }: LoadTarget, token: string): string {
  return (
    `POST /logout HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\n` +
    'content-type: application/json\r\ncontent-length: 2\r\n\r\n{}'
  )
}
