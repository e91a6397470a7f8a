/*
 * The process of pollers: each has a connection of its own and asks for what comes after its cursor, at a
 * steady pace, as a verifier without a stream does. Meanwhile sessions end, so that there is something to hear.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, type Reply } from '../http/connection.ts'
import { leadInShare, type Window } from '../measure/contestant.ts'
import type { PollOrder } from './poll-orders.ts'

const cursorHeader = /\r\ncurfew-cursor: *(\S+)\r\n/i

interface Counted {
  readonly latenciesUs: number[]
  leadIns: number
}

async function poll(order: PollOrder): Promise<Window> {
  const { pollers, windowMs } = order
  const connections: Connection[] = []
  while (connections.length < pollers) connections.push(await Connection.open(order.port))
  const ending = await Connection.open(order.port)
  const begun = performance.now()
  const span = { counting: begun + windowMs * leadInShare, until: begun + windowMs }
  const counted: Counted = { latenciesUs: [], leadIns: 0 }
  const before = process.cpuUsage()
  await Promise.all([
    endSessions(ending, order, span.until),
    ...connections.map((one, index) =>
      // As many verifiers that were started at any time would: not all at once.
      pollOn(one, order, { ...span, begun: begun + (index / pollers) * order.everyMs }, counted),
    ),
  ])
  const used = process.cpuUsage(before)
  for (const one of [...connections, ending]) one.close()
  const { latenciesUs, leadIns } = counted
  const acts = latenciesUs.length
  const seconds = (span.until - span.counting) / 1000
  const cpuUs = { load: used.user + used.system }
  return { acts, seconds, latenciesUs, allActs: acts + leadIns, cpuUs }
}

interface Span {
  readonly begun: number
  readonly counting: number
  readonly until: number
}

async function pollOn(
  connection: Connection,
  order: PollOrder,
  { begun, counting, until }: Span,
  counted: Counted,
): Promise<void> {
  let cursor: string | undefined
  for (let due = begun; due < until; due += order.everyMs) {
    await sleep(Math.max(0, due - performance.now()))
    const from = performance.now()
    const reply = await connection.send(pollRequest(order, cursor))
    cursor = cursorOf(reply)
    if (from < counting) counted.leadIns += 1
    else counted.latenciesUs.push((performance.now() - from) * 1000)
  }
}

function pollRequest({ port, authorization }: PollOrder, cursor: string | undefined): string {
  const since = cursor === undefined ? '' : `?since=${encodeURIComponent(cursor)}`
  return (
    `GET /sessions/revoked${since} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n` +
    `authorization: ${authorization}\r\n\r\n`
  )
}

function cursorOf({ status, head, body }: Reply): string {
  const cursor = cursorHeader.exec(`${head}\r\n`)?.[1]
  if (status !== 200 || cursor === undefined) throw new Error(`the feed: ${status} ${body}`)
  return cursor
}

async function endSessions(
  connection: Connection,
  { port, authorization, endsPerSecond }: PollOrder,
  until: number,
): Promise<void> {
  const post = (path: string, credentials: string, body: string) =>
    connection.send(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: ${credentials}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  for (let n = 0, due = performance.now(); due < until; n++, due += 1000 / endsPerSecond) {
    await sleep(Math.max(0, due - performance.now()))
    const uid = `ending-${process.pid}-${due}-${n}`
    const started = await post('/sessions', authorization, JSON.stringify({ uid, device: 'web' }))
    if (started.status !== 201) throw new Error(`POST /sessions: ${started.status} ${started.body}`)
    const { access_token: accessToken } = JSON.parse(started.body)
    await post('/logout', `Bearer ${String(accessToken)}`, '{}')
  }
}

process.on('message', (order: PollOrder) => {
  poll(order).then(
    (window) => process.send?.({ kind: 'polled', window }),
    (error: unknown) => process.send?.({ kind: 'failed', why: String(error) }),
  )
})
process.once('disconnect', () => process.exit())
