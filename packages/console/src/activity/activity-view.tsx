import { useState } from 'preact/hooks'
import { get } from '../api/client.ts'
import { reunions } from '../api/live.ts'
import type { Activity, ActivityStep } from '../api/shapes.ts'
import { setParams } from '../frame/address.ts'
import { Heading } from '../frame/heading.tsx'
import { Segments } from '../parts/choice.tsx'
import { Content } from '../parts/content.tsx'
import { useResource } from '../parts/resource.ts'
import { reasonWords } from '../words/reasons.ts'
import { axisTime } from '../words/time.ts'
import { ActivityTable } from './activity-table.tsx'
import { BarChart } from './bar-chart.tsx'
import { countWords } from './scale.ts'

const spans = [
  { value: '60', label: '1 h' },
  { value: '1440', label: '24 h' },
  { value: '10080', label: '7 d' },
] as const
type Minutes = (typeof spans)[number]['value']

const series = [
  { name: 'started', title: 'Sign-ins' },
  { name: 'refreshed', title: 'Refreshes' },
  { name: 'ended', title: 'Ends' },
] as const

export function ActivityView({ params }: { readonly params: URLSearchParams }) {
  const minutes: Minutes = spans.find((one) => one.value === params.get('minutes'))?.value ?? '60'
  const activity = useResource({
    key: `${minutes} ${reunions.value}`,
    load: () => get<Activity>('admin/activity', { minutes }),
    everySeconds: minutes === '60' ? 10 : 60,
  })
  return (
    <div class="view">
      <Heading title="Activity">
        <Segments
          label="Time span"
          value={minutes}
          options={spans}
          onChange={(value) => setParams('activity', { minutes: value })}
        />
      </Heading>
      <Content of={activity}>{(value) => <Charts activity={value} />}</Content>
    </div>
  )
}

/** One read-out for all three: what happened at the same time stands at the same place. */
function Charts({ activity }: { readonly activity: Activity }) {
  const [at, setAt] = useState<number>()
  const { items, step_seconds: step } = activity
  const times = items.map((one) => one.at)
  const read = at === undefined ? undefined : items[at]
  return (
    <>
      <p class="readout" role="status">
        {read === undefined
          ? 'The whole span'
          : `${axisTime(read.at, step)} – ${axisTime(read.at + step, step)}`}
      </p>
      <div class="charts">
        {series.map(({ name, title }) => (
          <section class="card chart-card" key={name}>
            <div class="chart-head">
              <h2 class="card-title">{title}</h2>
              <strong>{countWords(read ? read[name] : sum(items, name))}</strong>
            </div>
            <BarChart
              {...{ name, title, times, at }}
              stepSeconds={step}
              values={items.map((one) => one[name])}
              onAt={setAt}
            />
          </section>
        ))}
      </div>
      <Reasons steps={read ? [read] : items} />
      <ActivityTable activity={activity} />
    </>
  )
}

function sum(items: readonly ActivityStep[], name: (typeof series)[number]['name']): number {
  return items.reduce((total, one) => total + one[name], 0)
}

function Reasons({ steps }: { readonly steps: readonly ActivityStep[] }) {
  const counts = new Map<string, number>()
  for (const [reason, count] of steps.flatMap((one) => Object.entries(one.reasons))) {
    counts.set(reason, (counts.get(reason) ?? 0) + count)
  }
  const sorted = [...counts].sort(([, one], [, other]) => other - one)
  const largest = Math.max(1, ...counts.values())
  return (
    <section class="card">
      <h2 class="card-title">Why sessions ended</h2>
      {sorted.length === 0 && <p class="quiet pad">None ended in this time.</p>}
      <ul class="shares">
        {sorted.map(([reason, count]) => (
          <li key={reason}>
            <a href={`#/sessions?state=ended&reason=${encodeURIComponent(reason)}`}>
              {reasonWords(reason)}
            </a>
            <span class="share" aria-hidden="true">
              <i style={{ width: `${(count / largest) * 100}%` }} />
            </span>
            <span class="number">{countWords(count)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
