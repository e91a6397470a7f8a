import { AggregatorRegistry, type Registry } from 'prom-client'

/** All that one process has counted. It crosses the channel between a worker and its primary. */
export type MetricsReport = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** Of all workers together, in the text format: each series as its `aggregator` says, most by their sum. */
export function sumOfReports(reports: readonly MetricsReport[]): Promise<string> {
  return AggregatorRegistry.aggregate([...reports]).metrics()
}

/** What must not be forgotten with a process: a sum of counters that fell would look like a restart. */
export async function whatStays(reports: readonly MetricsReport[]): Promise<MetricsReport> {
  const whole = await AggregatorRegistry.aggregate([...reports]).getMetricsAsJSON()
  return whole.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
}
