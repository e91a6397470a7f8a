import type { SessionItem } from '../api/shapes.ts'
import { self } from '../frame/self.ts'
import { Time } from '../parts/time.tsx'
import { deviceWords } from '../sessions/session-row.tsx'
import { StateMark } from '../sessions/state-mark.tsx'

interface DeviceListProps {
  readonly items: readonly SessionItem[]
  readonly chosen?: ReadonlySet<string>
  readonly onChoose?: (chosen: ReadonlySet<string>) => void
  readonly onOpen: (item: SessionItem) => void
  readonly onEnd?: (item: SessionItem) => void
}

export function DeviceList({ items, chosen, onChoose, onOpen, onEnd }: DeviceListProps) {
  const toggle = (sid: string): void => {
    const next = new Set(chosen)
    if (!next.delete(sid)) next.add(sid)
    onChoose?.(next)
  }
  return (
    <ul class="devices">
      {items.map((item) => (
        <li key={item.sid} data-sid={item.sid}>
          {chosen && (
            <input
              type="checkbox"
              aria-label={`Select ${deviceWords(item)}, ${item.ip ?? ''}`}
              checked={chosen.has(item.sid)}
              onChange={() => toggle(item.sid)}
            />
          )}
          <button type="button" class="device-name" onClick={() => onOpen(item)}>
            <span>
              {deviceWords(item)}
              {item.sid === self.value?.sid && <span class="chip you">you</span>}
            </span>
            <small>
              {item.device}
              {item.client_id && ` · ${item.client_id}`}
              {item.ip && ` · ${item.ip}`}
            </small>
          </button>
          <span class="device-seen quiet">
            <Time at={item.revoked_at ?? item.last_seen_at} />
          </span>
          <StateMark item={item} />
          {onEnd && (
            <button
              type="button"
              class="button small"
              aria-label={`End the session on ${deviceWords(item)}`}
              onClick={() => onEnd(item)}
            >
              End
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
