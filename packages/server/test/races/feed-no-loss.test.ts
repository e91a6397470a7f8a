/* The feed loses nothing whatever the order of commits; what a timestamp or a sequence would have lost. */
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { cursorOf, freshUid } from '#test/harness/index.ts'
import { seedOfRun } from './rig/chance.ts'
import type { Player } from './rig/pair.ts'
import {
  NaivePoller,
  naiveCursors,
  naiveTable,
  whilePolling,
  writeSlowly,
} from './rig/slow-writers.ts'
import { usePair } from './rig/use-pair.ts'
import { seqOf } from './rig/witness.ts'

const writers = 24
const holdMsMax = 200
const pollMs = 50
const sessions = 1000

const pair = usePair()

beforeAll(async () => {
  const client = new pg.Client({ connectionString: pair.stage.storeUrl })
  await client.connect()
  await client.query(naiveTable)
  await client.end()
})

/** Sessions to be ended, some users with several. */
async function signInMany(count: number): Promise<string[]> {
  const sids: string[] = []
  const lane = async (at: Player): Promise<void> => {
    while (sids.length < count) {
      const { sid } = await at.api.start({ uid: freshUid('feed'), device: 'fleet' })
      sids.push(sid)
    }
  }
  await Promise.all([...pair.both, ...pair.both, ...pair.both, ...pair.both].map(lane))
  return sids
}

/** A poller over HTTP that asks for what came after its cursor, and notes every number it is told. */
class CursorPoller {
  readonly sids: string[] = []
  readonly #player: Player
  readonly #all: boolean
  cursor: string

  constructor(player: Player, cursor: string, all: boolean) {
    this.#player = player
    this.cursor = cursor
    this.#all = all
  }

  async poll(): Promise<void> {
    for (;;) {
      const query = { since: this.cursor, ...(this.#all ? { all: true } : {}) }
      const answer = await this.#player.api.feed(query)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('curfew-reset')).toBeNull()
      expect(answer.text.length).toBeLessThan(5000)
      this.sids.push(...answer.list.map(({ sid }) => String(sid)))
      this.cursor = cursorOf(answer)
      if (answer.headers.get('curfew-more') !== 'true') return
    }
  }
}

test(`${writers} writers with transactions open for 0 to ${holdMsMax} ms, polled every ${pollMs} ms: the cursor misses none`, async () => {
  const { a, b, stage } = pair
  const waiting = await signInMany(sessions)
  const all = [...waiting]
  const head = await a.api.head()
  const cursors = [new CursorPoller(a, head, false), new CursorPoller(b, head, true)]
  const stream = await b.api.feedStream({ since: head, all: true })
  const client = new pg.Client({ connectionString: stage.storeUrl })
  await client.connect()
  try {
    const naive = Object.values(naiveCursors).map((column) => new NaivePoller(client, column))
    const committed: string[] = []
    const writing = Promise.all(
      Array.from({ length: writers }, (_, index) =>
        writeSlowly({
          storeUrl: stage.storeUrl,
          seed: seedOfRun + index,
          holdMsMax,
          // Now and then several at once: their numbers follow each other.
          next: () => waiting.splice(0, index % 6 === 0 ? 3 : 1),
          committed: (sids) => committed.push(...sids),
        }),
      ),
    )
    const poll = async (): Promise<void> => {
      for (const one of naive) await one.poll()
      await Promise.all(cursors.map((one) => one.poll()))
    }
    await whilePolling({ everyMs: pollMs, poll }, writing)
    report(naive)
    expect(new Set(committed)).toEqual(new Set(all))
    for (const { sids, cursor } of cursors) {
      expect(new Set(sids)).toEqual(new Set(all))
      expect(sids).toHaveLength(all.length)
      expect(seqOf(cursor) - seqOf(head)).toBe(all.length)
    }
    // Every reader is told the same order: that of the commits.
    expect(cursors[0]?.sids).toEqual(cursors[1]?.sids)
    const events = await stream.drain(1500)
    expect(events.map(({ id }) => seqOf(id ?? ''))).toEqual(all.map((_, i) => seqOf(head) + 1 + i))
    expect(events.map(({ data }) => JSON.parse(data).sid)).toEqual(cursors[0]?.sids)
    for (const poller of naive) expect(all.length - poller.seen.size).toBeGreaterThan(0)
  } finally {
    stream.close()
    await client.end()
  }
})

function report(naive: readonly NaivePoller[]): void {
  const lines = Object.keys(naiveCursors).map((name, index) => {
    const missed = sessions - (naive[index]?.seen.size ?? 0)
    return `  by ${name}: ${missed} missed (${((100 * missed) / sessions).toFixed(0)} %)`
  })
  console.log([`of ${sessions} ends a naive poller missed`, ...lines, '  by cursor: 0'].join('\n'))
}

test('rule 38 feed time: ends rise in time with their numbers, and a numeric since misses none of them', async () => {
  const { a, stage } = pair
  const client = new pg.Client({ connectionString: stage.storeUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ fell: string }>(
      `select count(*) as fell from
        (select at < lag(at) over (order by seq) as falls from feed) f where falls`,
    )
    expect(Number(rows[0]?.fell)).toBe(0)
  } finally {
    await client.end()
  }
  // A poller that knows no cursor passes the server's time of its last answer.
  const waiting = await signInMany(120)
  const all = new Set(waiting)
  const seen = new Set<string>()
  let since = Number((await a.api.feed({ since: await a.api.head() })).headers.get('curfew-now'))
  const poll = async (): Promise<void> => {
    const answer = await a.api.feed({ since })
    for (const { sid } of answer.list) seen.add(String(sid))
    since = Number(answer.headers.get('curfew-now'))
  }
  const writing = Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      writeSlowly({
        storeUrl: stage.storeUrl,
        seed: seedOfRun - index,
        holdMsMax: 400,
        next: () => waiting.splice(0, 1),
        committed: () => undefined,
      }),
    ),
  )
  await whilePolling({ everyMs: 300, poll }, writing)
  expect([...all].filter((sid) => !seen.has(sid))).toEqual([])
})
