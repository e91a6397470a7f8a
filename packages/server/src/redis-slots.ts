import { nameOf } from './redis-address.ts'
import {
  connectPlain,
  isErrorReply,
  type RedisAddress,
  type Reply,
  within,
} from './redis-client.ts'
import { redisFault } from './redis-faults.ts'
import type { RedisLink } from './redis-link.ts'
import { RedisUnavailable } from './redis-unavailable.ts'

export const slotsTotal = 16_384

/** Which master has which slots. Without a host: the one that was asked. */
export interface SlotRange {
  readonly from: number
  readonly to: number
  readonly host: string
  readonly port: number
}

const clusterSlots: readonly string[] = ['CLUSTER', 'SLOTS']
const askMs = 1000

/**
 * Asks those that are connected, then any node that is known.
 *
 * @throws Error that says what each of the nodes answered
 */
export async function findSlots(
  links: readonly RedisLink[],
  nodes: readonly RedisAddress[],
): Promise<readonly SlotRange[]> {
  for (const link of links) {
    const found = await link.send(clusterSlots).then(parseSlots, () => undefined)
    if (found?.every(({ host }) => host !== '')) return found
  }
  const problems: string[] = []
  for (const node of nodes) {
    try {
      return await askNode(node)
    } catch (error) {
      problems.push(`${nameOf(node)}: ${redisFault(error, node)}`)
    }
  }
  throw new Error(`no node of the cluster says who has which slots (${problems.join('; ')})`)
}

async function askNode(node: RedisAddress): Promise<readonly SlotRange[]> {
  const connection = await connectPlain(node, { connectMs: askMs, onLost: () => undefined })
  try {
    const ranges = parseSlots(await within(askMs, connection.send(clusterSlots)))
    return ranges.map((range) => (range.host === '' ? { ...range, host: node.host } : range))
  } finally {
    connection.destroy()
  }
}

/**
 * https://redis.io/docs/latest/commands/cluster-slots: first and last slot, the master, then replicas.
 * A node that does not know its own address leaves it out.
 *
 * @throws Error when it is no such answer, or names no slot
 */
export function parseSlots(reply: Reply): readonly SlotRange[] {
  if (!Array.isArray(reply)) throw new Error('the answer to CLUSTER SLOTS is no list')
  if (reply.length === 0) throw new Error('the cluster has given no slot to any node')
  return reply.map(parseRange)
}

function parseRange(each: unknown): SlotRange {
  const [from, to, master]: readonly unknown[] = Array.isArray(each) ? each : []
  const [host, port]: readonly unknown[] = Array.isArray(master) ? master : []
  if (!isSlot(from) || !isSlot(to) || typeof port !== 'number') {
    throw new Error('an entry of the answer to CLUSTER SLOTS cannot be read')
  }
  return { from, to, host: typeof host === 'string' ? host : '', port }
}

function isSlot(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < slotsTotal
}

/** Where a node sent us instead. */
export interface Redirection {
  /** MOVED: from now on; ASK: for this one command. */
  readonly kind: 'MOVED' | 'ASK'
  readonly slot: number
  readonly to: string
}

/** `MOVED 3999 127.0.0.1:6381`; undefined for every other error. */
export function redirection(error: unknown): Redirection | undefined {
  if (!(error instanceof RedisUnavailable) || !isErrorReply(error.cause)) return undefined
  const [, kind, slot, to] = /^(MOVED|ASK) (\d+) (\S+)$/.exec(error.cause.message) ?? []
  if ((kind !== 'MOVED' && kind !== 'ASK') || to === undefined) return undefined
  return { kind, slot: Number(slot), to }
}
