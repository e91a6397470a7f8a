import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { SessionItem } from '../api/shapes.ts'
import { self } from '../frame/self.ts'
import { SessionHead, SessionRow } from './session-row.tsx'
import { VirtualList } from './virtual-list.tsx'
import { type RowWindow, wantsMore } from './window.ts'

interface SessionTableProps {
  readonly items: readonly SessionItem[]
  readonly scroller: { current: HTMLDivElement | null }
  readonly more: boolean
  readonly onMore: () => void
  readonly onOpen: (item: SessionItem) => void
  readonly onEnd: (item: SessionItem) => void
}

export function SessionTable(props: SessionTableProps) {
  const { items, scroller, more, onMore, onOpen, onEnd } = props
  const [active, setActive] = useActive(items)
  const onWindow = useCallback(
    (shown: RowWindow) => {
      if (more && wantsMore(shown, items.length)) onMore()
    },
    [more, items.length, onMore],
  )
  const onKey = (event: KeyboardEvent): void => {
    const item = items[active]
    if (item === undefined || !isRow(event.target)) return
    if (event.key === 'Enter') onOpen(item)
    else if (event.key === 'e' && item.revoked_at === null) onEnd(item)
    else return
    event.preventDefault()
  }
  const [focusRow, isOurs] = useFocusRow(scroller, active)
  const onRowFocus = useCallback(
    (index: number) => {
      if (!isOurs()) setActive(index)
    },
    [isOurs, setActive],
  )
  useStartKeys(focusRow)
  return (
    <VirtualList
      label="Sessions, the newest first"
      count={items.length}
      head={<SessionHead />}
      active={active}
      scroller={scroller}
      onActive={(index) => {
        setActive(index)
        focusRow()
      }}
      onKey={onKey}
      onWindow={onWindow}
      row={(index) => {
        const item = items[index]
        if (item === undefined) return null
        return (
          <SessionRow
            key={item.sid}
            item={item}
            index={index}
            active={index === active}
            own={item.sid === self.value?.sid}
            onOpen={onOpen}
            onEnd={onEnd}
            onActive={onRowFocus}
          />
        )
      }}
    />
  )
}

/** The row that the keys act on stays the same session when others come above it. */
function useActive(items: readonly SessionItem[]): [number, (index: number) => void] {
  const [sid, setSid] = useState<string>()
  const found = items.findIndex((one) => one.sid === sid)
  const set = useCallback((index: number) => setSid(items[index]?.sid), [items])
  return [found === -1 ? 0 : found, set]
}

function isRow(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('[data-row]')
}

/** A row that is scrolled to stands in the document a few frames later, more where the machine is busy. */
const framesMax = 60

/**
 * Focuses the active row as soon as it is there. The second tells whether a row has the focus from here:
 * the keys may have led on meanwhile, and must not be led back.
 */
function useFocusRow(
  scroller: { current: HTMLDivElement | null },
  active: number,
): [() => void, () => boolean] {
  const ours = useRef(false)
  const [wanted, setWanted] = useState(0)
  useEffect(() => {
    if (wanted === 0) return
    let frame = 0
    const attempt = (left: number): void => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${active}"]`)
      if (row) {
        ours.current = true
        row.focus({ preventScroll: true })
        ours.current = false
      } else if (left > 0) frame = requestAnimationFrame(() => attempt(left - 1))
    }
    attempt(framesMax)
    return () => cancelAnimationFrame(frame)
  }, [wanted, active])
  const focusRow = useCallback(() => setWanted((before) => before + 1), [])
  return [focusRow, useCallback(() => ours.current, [])]
}

/** j and the arrow down lead into the list from anywhere on the page where nothing else has the focus. */
function useStartKeys(focusRow: () => void): void {
  useEffect(() => {
    const enter = (event: KeyboardEvent): void => {
      const idle =
        document.activeElement === document.body || document.activeElement?.matches('h1, main')
      if (!idle || (event.key !== 'j' && event.key !== 'ArrowDown')) return
      event.preventDefault()
      focusRow()
    }
    addEventListener('keydown', enter)
    return () => removeEventListener('keydown', enter)
  }, [focusRow])
}
