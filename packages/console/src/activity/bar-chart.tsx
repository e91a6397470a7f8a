import type { RefObject } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { axisTime } from '../words/time.ts'
import { barAt, countWords, indexAt, labelled, niceMax } from './scale.ts'

interface BarChartProps {
  /** Also the class that colours it. */
  readonly name: string
  readonly title: string
  readonly times: readonly number[]
  readonly values: readonly number[]
  readonly stepSeconds: number
  /** Which bar is read out, in all charts at once. */
  readonly at: number | undefined
  readonly onAt: (index: number | undefined) => void
}

const height = 92
const axisHeight = 22
const labelWidth = 76

export function BarChart(props: BarChartProps) {
  const { name, title, times, values, stepSeconds, at, onAt } = props
  const element = useRef<HTMLDivElement>(null)
  const width = useWidth(element)
  const id = useId()
  const max = niceMax(Math.max(0, ...values))
  const bars = { count: values.length, width }
  const total = values.reduce((sum, one) => sum + one, 0)
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = values.length - 1
    if (event.key === 'ArrowLeft') onAt(Math.max(0, (at ?? last + 1) - 1))
    else if (event.key === 'ArrowRight') onAt(Math.min(last, (at ?? -1) + 1))
    else if (event.key === 'Escape') onAt(undefined)
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={element}
      class={`chart ${name}`}
      role="slider"
      tabIndex={0}
      aria-label={`${title}: read out by time`}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, values.length - 1)}
      aria-valuenow={at ?? values.length - 1}
      aria-valuetext={
        at === undefined
          ? `${total} in all`
          : `${axisTime(times[at] ?? 0, stepSeconds)}: ${values[at]}`
      }
      onKeyDown={onKeyDown}
      onBlur={() => onAt(undefined)}
      onPointerMove={(event) => {
        const { left } = event.currentTarget.getBoundingClientRect()
        onAt(indexAt(event.clientX - left, bars))
      }}
      onPointerLeave={() => onAt(undefined)}
    >
      <svg width={width} height={height + axisHeight} role="img" aria-labelledby={id}>
        <title id={id}>
          {`${title}: ${total} in all, at most ${Math.max(0, ...values)} in one step`}
        </title>
        {[0.5, 1].map((part) => (
          <line
            key={part}
            class="grid-line"
            x1={0}
            x2={width}
            y1={height - part * (height - 14)}
            y2={height - part * (height - 14)}
          />
        ))}
        <text class="axis" x={0} y={10}>
          {countWords(max)}
        </text>
        {at !== undefined && <rect class="cursor" {...barAt(at, bars)} y={0} height={height} />}
        {values.map((value, index) => {
          const tall = (value / max) * (height - 14)
          const bar = barAt(index, bars)
          return (
            <rect
              key={times[index]}
              class="bar"
              {...bar}
              y={height - tall}
              height={tall}
              rx={Math.min(2, bar.width / 3)}
            />
          )
        })}
        <line class="base-line" x1={0} x2={width} y1={height} y2={height} />
        <Labels {...{ times, stepSeconds, bars }} />
      </svg>
    </div>
  )
}

interface LabelsProps {
  readonly times: readonly number[]
  readonly stepSeconds: number
  readonly bars: { readonly count: number; readonly width: number }
}

function Labels({ times, stepSeconds, bars }: LabelsProps) {
  const most = Math.max(1, Math.floor(bars.width / labelWidth))
  const inside = labelled(times, stepSeconds, most).filter((index) => {
    const { x } = barAt(index, bars)
    return x > labelWidth / 3 && x < bars.width - labelWidth / 3
  })
  return (
    <>
      {inside.map((index) => (
        <text
          key={index}
          class="axis"
          text-anchor="middle"
          x={barAt(index, bars).x}
          y={height + 16}
        >
          {axisTime(times[index] ?? 0, stepSeconds)}
        </text>
      ))}
    </>
  )
}

function useWidth(element: RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(320)
  useEffect(() => {
    const measured = element.current
    if (measured === null) return
    const sizes = new ResizeObserver(() => setWidth(Math.floor(measured.clientWidth)))
    sizes.observe(measured)
    return () => sizes.disconnect()
  }, [])
  return width
}
