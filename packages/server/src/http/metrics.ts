import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import {
  type LabelsOf,
  type NamesOf,
  type RouteGroup,
  routeGroups,
  type SeriesKind,
  series,
} from './metric-series.ts'
import type { MetricsReport } from './metrics-sum.ts'

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The registry of one process. */
export class Metrics {
  #gather: (() => Promise<string>) | undefined
  readonly #registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #durations: ReadonlyMap<string, Histogram.Internal<string>>
  readonly #handOver: (() => void)[] = []

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'curfew_' })
    for (const [name, kind] of Object.entries(series)) this.#add(name, kind)
    this.#durations = this.#histogram()
    this.source('curfew_workers', () => 1)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    if (this.#gather !== undefined) return this.#gather()
    for (const handOver of this.#handOver) handOver()
    return this.#registry.metrics()
  }

  /** What this process alone has counted, for whoever sums over workers. */
  report(): Promise<MetricsReport> {
    for (const handOver of this.#handOver) handOver()
    return this.#registry.getMetricsAsJSON()
  }

  /** This process is one of several: from now on the text is what `gather` answers, the sum over all. */
  gatherFrom(gather: () => Promise<string>): void {
    this.#gather = gather
  }

  count<Name extends NamesOf<'counter'>>(name: Name, labels: LabelsOf<Name>): void {
    this.#counters.get(name)?.inc({ ...labels })
  }

  /**
   * `count`, for what happens with every request: it adds to a number, which the registry is told when
   * the metrics are asked for. Finding a series by its labels costs a quarter of a microsecond.
   */
  tally<Name extends NamesOf<'counter'>>(
    name: Name,
    labels: LabelsOf<Name> & Readonly<Record<string, string>>,
  ): () => void {
    let since = 0
    this.#handOver.push(() => {
      if (since > 0) this.#counters.get(name)?.inc({ ...labels }, since)
      since = 0
    })
    return () => {
      since += 1
    }
  }

  /** A gauge, or a counter that another room keeps, is read when the metrics are asked for. */
  source(
    name:
      | NamesOf<'gauge'>
      | 'curfew_cache_hits_total'
      | 'curfew_cache_misses_total'
      | 'curfew_activity_dropped_total'
      | 'curfew_cache_evictions_total',
    read: () => number,
  ): void {
    const old = this.#registry.getSingleMetric(name)
    if (old !== undefined) this.#registry.removeSingleMetric(name)
    const { help, kind, acrossWorkers }: SeriesKind = series[name]
    const aggregator: 'max' | 'sum' = acrossWorkers ?? 'sum'
    const base = { name, help, aggregator, registers: [this.#registry] }
    if (kind === 'gauge') {
      new Gauge({
        ...base,
        collect() {
          this.set(read())
        },
      })
    } else {
      new Counter({
        ...base,
        collect() {
          this.reset()
          this.inc(read())
        },
      })
    }
  }

  request(group: RouteGroup, status: number, seconds: number): void {
    const statusClass = `${Math.floor(status / 100)}xx`
    this.#counters.get('curfew_http_requests_total')?.inc({ route: group, status: statusClass })
    if (group !== 'stream') this.#durations.get(group)?.observe(seconds)
  }

  #add(name: string, { kind, help, labels }: SeriesKind): void {
    if (kind === 'histogram') return
    const base = { name, help, labelNames: Object.keys(labels), registers: [this.#registry] }
    if (kind === 'gauge') {
      this.#gauges.set(name, new Gauge(base))
      return
    }
    const counter = new Counter(base)
    for (const combination of combinations(labels)) counter.inc(combination, 0)
    this.#counters.set(name, counter)
  }

  #histogram(): ReadonlyMap<string, Histogram.Internal<string>> {
    const name = 'curfew_http_request_duration_seconds'
    const histogram = new Histogram({
      name,
      help: series[name].help,
      labelNames: ['route'],
      buckets: durationBuckets,
      registers: [this.#registry],
    })
    const groups = routeGroups.filter((group) => group !== 'stream')
    for (const route of groups) histogram.zero({ route })
    return new Map(groups.map((route) => [route, histogram.labels(route)]))
  }
}

/** Every way to give each label one of its values; one empty way when there are no labels. */
function combinations(labels: SeriesKind['labels']): readonly Record<string, string>[] {
  let all: readonly Record<string, string>[] = [{}]
  for (const [label, values] of Object.entries(labels)) {
    all = all.flatMap((one) => values.map((value) => ({ ...one, [label]: value })))
  }
  return all
}
