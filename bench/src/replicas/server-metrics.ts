/* What a server counts about itself, from its /metrics. */
import { setTimeout as sleep } from 'node:timers/promises'

const lookEveryMs = 50
const idleWithinMs = 60_000

/** Snapshots that were found in Redis, and could be used. */
export async function sharedHits(port: number): Promise<number> {
  const text = await metricsText(port)
  return Number(/^curfew_cache_shared_reads_total\{result="hit"\} (\d+)/m.exec(text)?.[1] ?? 0)
}

/** What a check leaves to be done behind its answer is done. */
export async function idle(port: number): Promise<void> {
  const due = performance.now() + idleWithinMs
  while (performance.now() < due) {
    const text = await metricsText(port)
    const waiting = text.matchAll(/^curfew_(?:last_seen|cache_shared)_waiting (\d+)/gm)
    if ([...waiting].every(([, count]) => count === '0')) return
    await sleep(lookEveryMs)
  }
  throw new Error(`a server was still busy after ${idleWithinMs} ms`)
}

async function metricsText(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`)
  return answer.text()
}
