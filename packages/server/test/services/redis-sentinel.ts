/* A master of Redis with a replica, and one sentinel that promotes it when the master does not answer. */
import { type Redis, startRedis } from './redis.ts'

export type RedisSentinelService = {
  readonly master: Redis
  readonly replica: Redis
  readonly sentinel: Redis
  readonly masterName: string
  stop(): Promise<void>
}

const masterName = 'curfew-test'
/** Without an answer for so long, the master is down. */
const downAfterMs = 700

/** With a password, all three want it. */
export async function startRedisSentinel(password?: string): Promise<RedisSentinelService> {
  const auth = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
  const master = await startRedis({ args: auth })
  const follow = ['--replicaof', `127.0.0.1 ${master.port}`, '--repl-diskless-sync-delay', '0']
  const replica = await startRedis({ args: [...auth, ...follow] })
  const lines = [
    `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
    `sentinel failover-timeout ${masterName} 3000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${masterName} "${password}"`]),
    '',
  ]
  const sentinel = await startRedis({
    config: 'sentinel.conf',
    files: { 'sentinel.conf': lines.join('\n') },
    args: ['--sentinel'],
  })
  return {
    ...{ master, replica, sentinel, masterName },
    stop: async () => {
      await Promise.all([sentinel, replica, master].map((each) => each.stop()))
    },
  }
}
