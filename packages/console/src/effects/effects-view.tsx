import { useState } from 'preact/hooks'
import { get, post } from '../api/client.ts'
import type { Effect } from '../api/shapes.ts'
import { setParams } from '../frame/address.ts'
import { Heading } from '../frame/heading.tsx'
import { loadOverview } from '../frame/self.ts'
import { Segments } from '../parts/choice.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { Content, Empty } from '../parts/content.tsx'
import { useResource } from '../parts/resource.ts'
import { Time } from '../parts/time.tsx'
import { say } from '../parts/toasts.tsx'

const states = [
  { value: 'all', label: 'All' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'failed', label: 'Failed' },
  { value: 'given-up', label: 'Given up' },
] as const
type State = (typeof states)[number]['value']

export function EffectsView({ params }: { readonly params: URLSearchParams }) {
  const state: State = states.find((one) => one.value === params.get('state'))?.value ?? 'all'
  const effects = useResource({
    key: state,
    load: () => get<{ readonly items: readonly Effect[] }>('admin/effects', { state, limit: 200 }),
    everySeconds: 5,
  })
  const [asking, setAsking] = useState(false)
  const retried = (count: number): void => {
    say(count === 1 ? 'It is tried again now.' : `${count} effects are tried again now.`)
    void Promise.all([effects.reload(), loadOverview()])
  }
  const retryOne = async (effect: Effect): Promise<void> => {
    const answer = await post<{ retried: number }>('admin/effects/retry', { ids: [effect.id] })
    if (answer.kind === 'ok') retried(answer.value.retried)
    else say(`${answer.problem.title}. It was not tried again.`)
  }
  return (
    <div class="view">
      <Heading title="Effects">
        {effects.value && effects.value.items.length > 0 && (
          <button type="button" class="button" onClick={() => setAsking(true)}>
            Retry all…
          </button>
        )}
      </Heading>
      <p class="lead quiet">
        What follows a start or an end: webhooks, and the sign-out at the provider. A failing effect
        never undoes an end; it is tried again by itself, until it is given up.
      </p>
      <search class="filters">
        <Segments
          label="State"
          value={state}
          options={states}
          onChange={(value) => setParams('effects', { state: value })}
        />
      </search>
      <Content of={effects}>
        {({ items }) => <EffectList items={items} onRetry={(effect) => void retryOne(effect)} />}
      </Content>
      {asking && <RetryAll onClose={() => setAsking(false)} onDone={retried} />}
    </div>
  )
}

interface EffectListProps {
  readonly items: readonly Effect[]
  readonly onRetry: (effect: Effect) => void
}

function EffectList({ items, onRetry }: EffectListProps) {
  if (items.length === 0) {
    return (
      <Empty icon="check" title="Nothing waits here">
        <p class="quiet">Every effect of this kind has been carried out.</p>
      </Empty>
    )
  }
  return (
    <section class="card">
      <h2 class="unseen">List of effects</h2>
      <ul class="effects">
        {items.map((effect) => (
          <li key={effect.id}>
            <EffectMark effect={effect} />
            <div class="effect-what">
              <span>
                {effect.kind.replaceAll('_', ' ')}
                {effect.event && <code>{effect.event}</code>}
              </span>
              <small class="quiet clip" title={effect.target}>
                {effect.target_name ?? effect.target}
                {effect.target_name &&
                  effect.target_name !== effect.target &&
                  ` · ${effect.target}`}
              </small>
              {effect.last_error && <small class="error-text">{effect.last_error}</small>}
            </div>
            <EffectTimes effect={effect} />
            <button
              type="button"
              class="button small"
              aria-label={`Retry effect ${effect.id}`}
              onClick={() => onRetry(effect)}
            >
              Retry
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function EffectMark({ effect: { state } }: { readonly effect: Effect }) {
  const tone = state === 'given-up' ? 'bad' : state === 'failed' ? 'warning' : 'quiet'
  const words = states.find((one) => one.value === state)?.label ?? state
  return (
    <span class={`mark ${tone}`}>
      <i aria-hidden="true" />
      {words}
    </span>
  )
}

function EffectTimes({ effect }: { readonly effect: Effect }) {
  const { attempts, due_at: due, gave_up_at: gaveUp, created_at: created } = effect
  return (
    <span class="effect-times quiet">
      <span>
        {attempts} {attempts === 1 ? 'attempt' : 'attempts'}, from <Time at={created} />
      </span>
      <small>
        {gaveUp !== null && (
          <>
            given up <Time at={gaveUp} />
          </>
        )}
        {gaveUp === null && due !== null && (
          <>
            due <Time at={due} />
          </>
        )}
      </small>
    </span>
  )
}

interface RetryAllProps {
  readonly onClose: () => void
  readonly onDone: (count: number) => void
}

function RetryAll({ onClose, onDone }: RetryAllProps) {
  const [count, setCount] = useState(0)
  return (
    <Confirm
      title="Retry all effects?"
      deed="Retry all"
      act={async () => {
        const answer = await post<{ retried: number }>('admin/effects/retry', { all: true })
        if (answer.kind === 'ok') setCount(answer.value.retried)
        return answer
      }}
      onDone={() => {
        onClose()
        onDone(count)
      }}
      onClose={onClose}
    >
      <p>
        Every effect that waits, has failed or was given up is due at once, whichever of them are
        shown. A receiver may be told twice of the same end: its message has the same id.
      </p>
    </Confirm>
  )
}
