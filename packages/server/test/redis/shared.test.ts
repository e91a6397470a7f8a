/* The feed's parts that need a real Redis: the script of the mark, and hints between two connections. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Epoch, type FeedCursor, Secret, type SessionId } from '#domain'
import { SessionChannel, SharedMark } from '#feed'
import { sidOf } from '#test/feed/scripted-store.ts'
import { eventually } from '#test/harness/index.ts'
import { type Redis, startRedis } from '../services/index.ts'
import { connected } from './listener.ts'
import { single, type Watched, watch } from './watched.ts'

let server: Redis
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.stop())

const sealer = {
  seal: (_purpose: string, _identity: readonly string[], plaintext: Secret) =>
    Buffer.from(plaintext.reveal()).toString('base64url'),
  unseal: (_purpose: string, _identity: readonly string[], sealed: string) => ({
    kind: 'opened',
    plaintext: new Secret(Buffer.from(sealed, 'base64url').toString()),
  }),
}

const cursor = (epoch: string, seq: number): FeedCursor => ({ epoch: epoch as Epoch, seq })

test('rule 7 restored: of many replicas the one that has come furthest leaves its mark, in its epoch', async () => {
  const client = await connected(server)
  const { redis, isReady } = watch(single(server.url, { keyPrefix: 'marks:' }))
  await isReady()
  const marks: FeedCursor[] = []
  const keep = (head: FeedCursor): SharedMark => {
    const mark = new SharedMark({ keeper: redis, sealer, onMark: (each) => marks.push(each) })
    onTestFinished(() => mark.close())
    mark.advanced(head)
    mark.connected()
    return mark
  }
  const kept = async (text: string) =>
    await eventually(async () => (await client.get('marks:head'))?.startsWith(text) || undefined, {
      what: text,
    })
  keep(cursor('eaaa', 10))
  await kept('eaaa 10 ')
  // One that lags behind, then one that is ahead; digits are numbers.
  keep(cursor('eaaa', 9))
  await eventually(() => marks.length === 1 || undefined)
  const far = keep(cursor('eaaa', 100))
  await kept('eaaa 100 ')
  keep(cursor('ebbb', 3))
  await kept('ebbb 3 ')
  far.advanced(cursor('ebbb', 20))
  await kept('ebbb 20 ')
  expect(marks[0]).toEqual(cursor('eaaa', 10))
})

test('session hints travel between replicas, and after a pause any session may have changed', async () => {
  const open = async (): Promise<{
    channel: SessionChannel
    heard: unknown[]
    watched: Watched
  }> => {
    const watched = watch(single(server.url))
    const channel = new SessionChannel({ messages: watched.redis, channel: 'curfew:sessions' })
    onTestFinished(() => channel.close())
    const heard: (SessionId | undefined)[] = []
    channel.onSessionHint((sid) => heard.push(sid))
    await watched.isReady()
    await eventually(() => watched.connections() > 0 || undefined)
    return { channel, heard, watched }
  }
  const [one, two] = [await open(), await open()]
  one.channel.announceSession(sidOf(1))
  one.channel.announceSession(sidOf(2))
  await eventually(() => two.heard.includes(sidOf(2)) || undefined)
  expect(two.heard).toContain(sidOf(1))
  expect(one.heard).not.toContain(sidOf(1))
  two.heard.length = 0
  await server.kill()
  await server.start()
  await eventually(() => two.heard.length > 0 || undefined)
  expect(two.heard).toEqual([undefined])
})
