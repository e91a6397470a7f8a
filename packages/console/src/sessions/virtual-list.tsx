/* A long list of rows of one height, of which only those near the window stand in the document. */
import type { ComponentChildren, RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type RowWindow, scrollTo, windowOf } from './window.ts'

export interface VirtualListProps {
  readonly label: string
  readonly count: number
  readonly head: ComponentChildren
  readonly row: (index: number) => ComponentChildren
  readonly active: number
  readonly onActive: (index: number) => void
  readonly onKey: (event: KeyboardEvent) => void
  readonly onWindow: (shown: RowWindow) => void
  readonly scroller: RefObject<HTMLDivElement | null>
}

const phone = '(max-width: 720px)'

/** As the style sheet has it: `--row` of lists.css. */
function rowHeightNow(): number {
  return matchMedia(phone).matches ? 76 : 52
}

export function VirtualList(props: VirtualListProps) {
  const { label, count, head, row, active, scroller, onWindow } = props
  const [scroll, setScroll] = useState({ top: 0, viewport: 800, rowHeight: rowHeightNow() })
  const shown = windowOf({ ...scroll, count })
  // Keys come faster than the screen is drawn: each goes on from where the one before it led, until that is
  // drawn, or the rows are others.
  const led = useRef<number | null>(null)
  useLayoutEffect(() => {
    if (active === led.current) led.current = null
  }, [active])
  useLayoutEffect(() => {
    led.current = null
  }, [count])
  useMeasure(scroller, setScroll)
  useEffect(() => onWindow(shown), [shown.first, shown.end, count, onWindow])

  const moveTo = (index: number): void => {
    const to = Math.min(count - 1, Math.max(0, index))
    const element = scroller.current
    if (element === null || count === 0) return
    const top = scrollTo(to, { ...scroll, top: element.scrollTop, count })
    if (top !== undefined) element.scrollTop = top
    led.current = to === active ? null : to
    props.onActive(to)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(scroll.viewport / scroll.rowHeight) - 1)
    const to = targetOf(event.key, { active: led.current ?? active, count, page })
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      props.onKey(event)
      return
    }
    event.preventDefault()
    moveTo(to)
  }
  const indices = Array.from({ length: shown.end - shown.first }, (_, at) => shown.first + at)
  return (
    <div
      class="list"
      role="grid"
      aria-label={label}
      aria-rowcount={count + 1}
      onKeyDown={onKeyDown}
    >
      <div role="rowgroup" class="list-head">
        {head}
      </div>
      <div ref={scroller} class="list-scroll" role="presentation">
        <div
          role="rowgroup"
          class="list-rows"
          style={{ height: `${shown.height}px`, paddingTop: `${shown.offset}px` }}
        >
          {indices.map(row)}
        </div>
      </div>
    </div>
  )
}

interface Step {
  readonly active: number
  readonly count: number
  readonly page: number
}

function targetOf(key: string, { active, count, page }: Step): number | undefined {
  const moves: Readonly<Record<string, number>> = {
    ...{ j: active + 1, ArrowDown: active + 1, k: active - 1, ArrowUp: active - 1 },
    ...{ PageDown: active + page, PageUp: active - page, Home: 0, End: count - 1 },
  }
  return moves[key]
}

interface Measured {
  readonly top: number
  readonly viewport: number
  readonly rowHeight: number
}

function useMeasure(
  scroller: RefObject<HTMLDivElement | null>,
  set: (measured: Measured) => void,
): void {
  const asked = useRef(0)
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const measure = (): void => {
      asked.current = 0
      set({ top: element.scrollTop, viewport: element.clientHeight, rowHeight: rowHeightNow() })
    }
    // Scrolling speaks more often than the screen draws.
    const soon = (): void => {
      if (asked.current === 0) asked.current = requestAnimationFrame(measure)
    }
    const sizes = new ResizeObserver(measure)
    sizes.observe(element)
    element.addEventListener('scroll', soon, { passive: true })
    return () => {
      cancelAnimationFrame(asked.current)
      sizes.disconnect()
      element.removeEventListener('scroll', soon)
    }
  }, [])
}
