import { countWords } from '../activity/scale.ts'
import { overview } from '../frame/self.ts'

/** Four numbers that answer "is tonight like any other night?". */
export function OverviewStrip() {
  const numbers = overview.value
  const waiting = numbers && numbers.effects_waiting + numbers.effects_given_up
  return (
    <dl class="strip">
      <Figure name="Live sessions" value={numbers?.live_sessions} />
      <Figure name="Started, last hour" value={numbers?.started_last_hour} />
      <Figure name="Ended, last hour" value={numbers?.ended_last_hour} />
      <Figure
        name="Effects waiting"
        value={waiting ?? undefined}
        note={
          numbers && numbers.effects_given_up > 0
            ? `${numbers.effects_given_up} given up`
            : undefined
        }
      />
    </dl>
  )
}

interface FigureProps {
  readonly name: string
  readonly value: number | undefined
  readonly note?: string | undefined
}

function Figure({ name, value, note }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? '–' : countWords(value)}
        {note && <span class="badge bad">{note}</span>}
      </dd>
    </div>
  )
}
