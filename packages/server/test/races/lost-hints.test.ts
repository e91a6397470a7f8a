/* NOTIFY is a hint. Without it an end is known on the other replica within `pullInterval`. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { type EventStream, eventually, freshUid } from '#test/harness/index.ts'
import { usePair } from './rig/use-pair.ts'

const pullIntervalMs = 2000
/** Two busy cores: a read, an event, a timer. */
const slackMs = 700
const ends = 6

const pair = usePair({ config: { revocation: { pullInterval: `${pullIntervalMs}ms` } } })

/** How long after its acknowledgement on one replica the stream of the other told of each end. */
async function lags(stream: EventStream, count: number): Promise<readonly number[]> {
  const { a, b, witness } = pair
  const found: number[] = []
  for (let index = 0; index < count; index++) {
    const held = await witness.signIn(a, freshUid('hint'))
    const { till } = await witness.logout(a, held)
    // The API reads the row: it needs neither hint nor feed.
    expect((await witness.use(b, held)).verdict).toBe('ended')
    const event = await stream.next(pullIntervalMs + 5000)
    expect(JSON.parse(event?.data ?? '{}').sid).toBe(held.sid)
    found.push(performance.now() - till)
    await sleep(index % 4)
  }
  return found
}

async function openStream(): Promise<EventStream> {
  const { b } = pair
  const stream = await b.api.feedStream({ since: await b.api.head(), all: true })
  expect(stream.status).toBe(200)
  return stream
}

test('with hints an end is told on the other replica long before the next pull', async () => {
  const stream = await openStream()
  const found = await lags(stream, ends)
  stream.close()
  console.log(`with hints: ${summary(found)}`)
  expect(median(found)).toBeLessThan(pullIntervalMs / 4)
  await pair.settle()
})

test('with every hint lost on its way an end is told within pullInterval, and denied by the row at once', async () => {
  const { b } = pair
  b.wire.deaf = true
  const stream = await openStream()
  const found = await lags(stream, ends)
  stream.close()
  b.wire.deaf = false
  console.log(`every hint lost: ${summary(found)}`)
  expect(Math.max(...found)).toBeLessThan(pullIntervalMs + slackMs)
  // Else something else than the pull told of them, and this test is about nothing.
  expect(median(found)).toBeGreaterThan(pullIntervalMs / 4)
  const metrics = await (await fetch(`${b.curfew.url}/metrics`)).text()
  const denied = Number(/^curfew_denylist_entries (\d+)/m.exec(metrics)?.[1])
  expect(denied).toBeGreaterThanOrEqual(ends)
  await pair.settle()
})

test('with every listening connection cut again and again an end is told within pullInterval', async () => {
  const admin = new pg.Client({ connectionString: inject('postgresAdminUrl') })
  await admin.connect()
  const cutting = cutListeners(admin, new URL(pair.stage.storeUrl).pathname.slice(1))
  const stream = await openStream()
  try {
    const found = await lags(stream, ends)
    console.log(`listeners cut: ${summary(found)}, ${cutting.count()} connections cut`)
    expect(Math.max(...found)).toBeLessThan(pullIntervalMs + slackMs)
    expect(cutting.count()).toBeGreaterThan(0)
  } finally {
    stream.close()
    await cutting.stop()
    await admin.end()
  }
  await pair.settle()
})

test('a replica whose connections were silent for a while hears hints again by itself', async () => {
  const { b } = pair
  b.wire.set('silent')
  await sleep(6000)
  b.wire.set('open')
  const ready = async () => ((await b.api.get('/readyz')).status === 200 ? true : undefined)
  await eventually(ready, { what: 'readiness' })
  await sleep(5000)
  const stream = await openStream()
  const found = await lags(stream, ends)
  stream.close()
  console.log(`hints again: ${summary(found)}`)
  expect(median(found)).toBeLessThan(pullIntervalMs / 4)
  await pair.settle()
})

/** Whoever listens in this database is thrown out, many times a second. */
function cutListeners(admin: pg.Client, database: string) {
  let over = false
  let cut = 0
  const running = (async () => {
    while (!over) {
      const { rowCount } = await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = $1 and query ilike 'listen%'`,
        [database],
      )
      cut += rowCount ?? 0
      await sleep(2)
    }
  })()
  const stop = async (): Promise<void> => {
    over = true
    await running
  }
  return { count: () => cut, stop }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Infinity
}

function summary(values: readonly number[]): string {
  return `median ${median(values).toFixed(0)} ms, longest ${Math.max(...values).toFixed(0)} ms`
}
