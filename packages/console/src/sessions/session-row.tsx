import type { SessionItem } from '../api/shapes.ts'
import { userRoute } from '../frame/route.ts'
import { memo } from '../parts/memo.ts'
import { Time } from '../parts/time.tsx'
import { agentWords } from '../words/user-agent.ts'
import { StateMark } from './state-mark.tsx'

export interface SessionRowProps {
  readonly item: SessionItem
  readonly index: number
  readonly active: boolean
  readonly own: boolean
  readonly onOpen: (item: SessionItem) => void
  readonly onEnd: (item: SessionItem) => void
  readonly onActive: (index: number) => void
}

export function SessionHead() {
  const columns = ['User', 'Device', 'Address', 'Last seen', 'Started', 'State']
  return (
    <div role="row" class="row row-head" aria-rowindex={1}>
      {columns.map((name) => (
        <span role="columnheader" key={name}>
          {name}
        </span>
      ))}
      <span role="columnheader">
        <span class="unseen">Deeds</span>
      </span>
    </div>
  )
}

export const SessionRow = memo((props: SessionRowProps) => {
  const { item, index, active, own, onOpen, onEnd, onActive } = props
  const ended = item.revoked_at !== null
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter is handled by the list
    <div
      role="row"
      class={`row ${ended ? 'ended' : ''}`}
      aria-rowindex={index + 2}
      data-sid={item.sid}
      data-row={index}
      tabIndex={active ? 0 : -1}
      onFocus={() => onActive(index)}
      onClick={() => onOpen(item)}
    >
      <span role="gridcell" class="cell-user">
        <a href={userRoute(item.uid)} tabIndex={-1} onClick={(event) => event.stopPropagation()}>
          {item.uid}
        </a>
        {own && <span class="chip you">you</span>}
      </span>
      <span role="gridcell" class="cell-device">
        <span class="clip">{deviceWords(item)}</span>
        <small class="clip">
          {item.device}
          {item.client_id && ` · ${item.client_id}`}
        </small>
      </span>
      <span role="gridcell" class="cell-ip mono">
        {item.ip ?? '–'}
      </span>
      <span role="gridcell" class="cell-seen">
        <Time at={item.last_seen_at} />
      </span>
      <span role="gridcell" class="cell-started">
        <Time at={item.created_at} />
      </span>
      <span role="gridcell" class="cell-state">
        <StateMark item={item} />
      </span>
      <span role="gridcell" class="cell-deeds">
        {!ended && (
          <button
            type="button"
            class="button small"
            tabIndex={active ? 0 : -1}
            aria-label={`End the session of ${item.uid}`}
            onClick={(event) => {
              event.stopPropagation()
              onEnd(item)
            }}
          >
            End
          </button>
        )}
      </span>
    </div>
  )
})

export function deviceWords(item: SessionItem): string {
  return item.device_name ?? agentWords(item.user_agent) ?? 'Unknown device'
}
