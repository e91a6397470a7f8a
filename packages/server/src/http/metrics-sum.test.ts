import { expect, test } from 'vitest'
import { Metrics } from './metrics.ts'
import { sumOfReports, whatStays } from './metrics-sum.ts'

function worker(logouts: number, denied: number): Metrics {
  const metrics = new Metrics()
  for (let n = 0; n < logouts; n++) metrics.count('curfew_logout_total', { result: 'ok' })
  metrics.request('logout', 200, 0.01 * logouts)
  metrics.source('curfew_denylist_entries', () => denied)
  metrics.source('curfew_cache_entries', () => 10)
  metrics.source('curfew_cache_hits_total', () => 5)
  return metrics
}

test('counters and gauges of several workers are summed, what all of them share is the largest', async () => {
  const text = await sumOfReports([await worker(2, 7).report(), await worker(3, 9).report()])
  expect(text).toContain('curfew_logout_total{result="ok"} 5\n')
  expect(text).toContain('curfew_cache_entries 20\n')
  expect(text).toContain('curfew_cache_hits_total 10\n')
  expect(text).toContain('curfew_denylist_entries 9\n')
  expect(text).toContain('curfew_workers 2\n')
  expect(text).toContain('curfew_http_request_duration_seconds_count{route="logout"} 2\n')
  expect(text).toMatch(
    /curfew_http_request_duration_seconds_bucket\{le="0.025",route="logout"\} 1\n/,
  )
})

test('what a worker counted stays when it is gone, what it held does not', async () => {
  const gone = await whatStays([await worker(2, 7).report()])
  const text = await sumOfReports([gone, await worker(3, 9).report()])
  expect(text).toContain('curfew_logout_total{result="ok"} 5\n')
  expect(text).toContain('curfew_http_request_duration_seconds_count{route="logout"} 2\n')
  expect(text).toContain('curfew_cache_entries 10\n')
  expect(text).toContain('curfew_workers 1\n')
})

test('one of several answers with the sum of all, which it asks for', async () => {
  const metrics = worker(2, 7)
  metrics.gatherFrom(async () => 'of all')
  expect(await metrics.text()).toBe('of all')
  expect(await sumOfReports([await metrics.report()])).toContain('{result="ok"} 2\n')
})
