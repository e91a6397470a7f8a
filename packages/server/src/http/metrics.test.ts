import { expect, test } from 'vitest'
import { Metrics } from './metrics.ts'

const series = 'curfew_forward_auth_total{verdict="allow",from="memory"}'

test('what is tallied and what is counted are one series, however often it is asked for', async () => {
  const metrics = new Metrics()
  const labels = { verdict: 'allow', from: 'memory' } as const
  const tally = metrics.tally('curfew_forward_auth_total', labels)
  expect(await metrics.text()).toContain(`${series} 0\n`)
  tally()
  tally()
  metrics.count('curfew_forward_auth_total', labels)
  expect(await metrics.text()).toContain(`${series} 3\n`)
  tally()
  expect(await metrics.text()).toContain(`${series} 4\n`)
})
