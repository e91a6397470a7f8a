/* A cluster of Redis for tests: three masters with all slots, and as many replicas of the first as asked. */
import { createClient } from 'redis'
import { freePort } from './places.ts'
import { type Redis, startRedis } from './redis.ts'

export type RedisClusterService = {
  readonly masters: readonly Redis[]
  readonly replicas: readonly Redis[]
  /** One command to one node, past the product. */
  ask(node: Redis, ...args: readonly string[]): Promise<unknown>
  /** Gives one slot from one master to another. */
  move(slot: number, from: Redis, to: Redis): Promise<void>
  stop(): Promise<void>
}

const mastersTotal = 3
const slotsTotal = 16_384
/** A master that does not answer for so long has failed. */
const nodeTimeoutMs = 1500
const formedWithinMs = 30_000

export async function startRedisCluster({ replicas = 0 } = {}): Promise<RedisClusterService> {
  const buses = await Promise.all(Array.from({ length: mastersTotal + replicas }, freePort))
  const nodes = await Promise.all(buses.map((bus) => startRedis({ args: clusterArgs(bus) })))
  const masters = nodes.slice(0, mastersTotal)
  const ids = await Promise.all(nodes.map((node) => ask(node, 'CLUSTER', 'MYID')))
  await Promise.all(masters.map((node, index) => ask(node, ...slotRange(index))))
  await meet(nodes, buses)
  const [first] = ids
  for (const replica of nodes.slice(mastersTotal)) {
    await ask(replica, 'CLUSTER', 'REPLICATE', String(first))
  }
  await formed(nodes)
  const idOf = (node: Redis) => String(ids[nodes.indexOf(node)])
  return {
    masters,
    replicas: nodes.slice(mastersTotal),
    ask,
    move: async (slot, from, to) => {
      const order = ['CLUSTER', 'SETSLOT', String(slot)]
      await ask(to, ...order, 'IMPORTING', idOf(from))
      await ask(from, ...order, 'MIGRATING', idOf(to))
      for (const node of [to, from]) await ask(node, ...order, 'NODE', idOf(to))
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

/** The bus has a port of its own: beside a free one may lie one that is taken. */
function clusterArgs(bus: number): readonly string[] {
  return [
    ...['--cluster-enabled', 'yes', '--cluster-port', String(bus)],
    ...['--cluster-node-timeout', String(nodeTimeoutMs)],
    ...['--cluster-require-full-coverage', 'no', '--repl-diskless-sync-delay', '0'],
  ]
}

function slotRange(index: number): readonly string[] {
  const from = Math.floor((slotsTotal * index) / mastersTotal)
  const to = Math.floor((slotsTotal * (index + 1)) / mastersTotal) - 1
  return ['CLUSTER', 'ADDSLOTSRANGE', String(from), String(to)]
}

async function meet(nodes: readonly Redis[], buses: readonly number[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    const [first] = nodes
    if (first === undefined || node === first) continue
    await ask(first, 'CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(buses[index]))
  }
  await until(nodes, async (node) => {
    const known = String(await ask(node, 'CLUSTER', 'NODES'))
    return known.trim().split('\n').length === nodes.length && !known.includes('handshake')
  })
}

async function formed(nodes: readonly Redis[]): Promise<void> {
  await until(nodes, async (node) => {
    const info = String(await ask(node, 'CLUSTER', 'INFO'))
    const isReplica = String(await ask(node, 'ROLE')).startsWith('slave')
    const follows = !isReplica || String(await ask(node, 'ROLE')).includes('connected')
    return info.includes('cluster_state:ok') && follows
  })
}

async function until(
  nodes: readonly Redis[],
  holds: (node: Redis) => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + formedWithinMs
  for (const node of nodes) {
    while (!(await holds(node))) {
      if (performance.now() > deadline) throw new Error('the cluster was not formed in time')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function ask(node: Redis, ...args: readonly string[]): Promise<unknown> {
  const client = createClient({ url: node.url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.sendCommand([...args])
  } finally {
    client.destroy()
  }
}
