/* The process that asks: `asker-client.ts` starts it and sends orders over its channel, one at a time. */
import { leadInShare, type Window } from '../measure/contestant.ts'
import { type AskAnswer, type AskOrder, turnMark } from './ask-orders.ts'
import { type Asking, openAsking } from './asking.ts'

/** Far beyond any answer of a server that works: without it a lost one would stop the bench for good. */
const lateMs = 20_000

interface Caller {
  asking?: Asking
  askedAt: number
  counted: number
}

/**
 * As `callersWindow`, without a promise for each act: many connections, one request at a time on each,
 * until the time is over and each has been counted at least once, or there is nothing left to ask about.
 */
class AskingWindow {
  readonly #order: AskOrder
  readonly #latenciesUs: number[] = []
  readonly #callers: readonly Caller[]
  readonly #requests: Iterator<Buffer>
  readonly #over = Promise.withResolvers<void>()
  #counting = 0
  #deadline = 0
  #leadIns = 0
  #answerBytes = 0
  #open: number

  constructor(order: AskOrder) {
    this.#order = order
    this.#requests = requestsOf(order)
    this.#open = order.connections
    this.#callers = Array.from({ length: order.connections }, () => ({ askedAt: 0, counted: 0 }))
  }

  async run(): Promise<{ readonly window: Window; readonly answerBytes: number }> {
    const { windowMs } = this.#order
    const late = () => this.#over.reject(new Error('an answer is missing'))
    const timer = setTimeout(late, windowMs + lateMs)
    try {
      await this.#connect()
      const before = process.cpuUsage()
      const begun = performance.now()
      this.#counting = begun + windowMs * leadInShare
      this.#deadline = begun + windowMs
      for (const caller of this.#callers) this.#ask(caller)
      await this.#over.promise
      const used = process.cpuUsage(before)
      return {
        window: { ...this.#counted(), cpuUs: { load: used.user + used.system } },
        answerBytes: this.#answerBytes,
      }
    } finally {
      clearTimeout(timer)
      for (const { asking } of this.#callers) asking?.close()
    }
  }

  async #connect(): Promise<void> {
    const { port } = this.#order
    const open = async (caller: Caller): Promise<void> => {
      caller.asking = await openAsking({
        ...{ port, failed: this.#over.reject },
        done: (answerBytes) => this.#done(caller, answerBytes),
      })
    }
    await Promise.all(this.#callers.map(open))
  }

  #ask(caller: Caller): void {
    const { value, done = false } = this.#requests.next()
    if (done) {
      this.#rest()
      return
    }
    caller.askedAt = performance.now()
    caller.asking?.ask(value)
  }

  #done(caller: Caller, answerBytes: number): void {
    const now = performance.now()
    this.#answerBytes = answerBytes
    if (caller.askedAt < this.#counting) this.#leadIns += 1
    else caller.counted = this.#latenciesUs.push((now - caller.askedAt) * 1000)
    if (now < this.#deadline || caller.counted === 0) this.#ask(caller)
    else this.#rest()
  }

  #rest(): void {
    this.#open -= 1
    if (this.#open === 0) this.#over.resolve()
  }

  #counted(): Window {
    const acts = this.#latenciesUs.length
    const seconds = (performance.now() - this.#counting) / 1000
    return { acts, seconds, latenciesUs: this.#latenciesUs, allActs: acts + this.#leadIns }
  }
}

/** Made as they are asked: a whole stock of them would fill the memory. */
function* requestsOf({ request, turns }: AskOrder): Generator<Buffer, undefined> {
  const same = Buffer.from(request, 'latin1')
  while (turns === undefined) yield same
  const [before = '', after = ''] = request.split(turnMark)
  do {
    for (const text of turns.texts) yield Buffer.from(before + text + after, 'latin1')
  } while (turns.again && turns.texts.length > 0)
  return undefined
}

function say(answer: AskAnswer): void {
  process.send?.(answer)
}

process.on('message', (order: AskOrder) => {
  new AskingWindow(order).run().then(
    (asked) => say({ kind: 'asked', ...asked }),
    (error: unknown) => say({ kind: 'failed', why: String(error) }),
  )
})
process.once('disconnect', () => process.exit())
