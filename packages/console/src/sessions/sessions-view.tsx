import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { SessionItem } from '../api/shapes.ts'
import { setParams } from '../frame/address.ts'
import { Heading } from '../frame/heading.tsx'
import { self } from '../frame/self.ts'
import { Empty, Skeleton } from '../parts/content.tsx'
import { Failure, ProblemNote } from '../parts/failure.tsx'
import { Icon } from '../parts/icon.tsx'
import { EndDialog, type EndWish } from './end-dialog.tsx'
import { endOne } from './ending.ts'
import { filterOf, noFilter, paramsOf, type SessionFilter } from './filter.ts'
import { OverviewStrip } from './overview-strip.tsx'
import { SessionDrawer } from './session-drawer.tsx'
import { SessionFilters } from './session-filters.tsx'
import { useSessionList } from './session-list.ts'
import { SessionTable } from './session-table.tsx'

export function SessionsView({ params }: { readonly params: URLSearchParams }) {
  const filter = filterOf(params)
  const scroller = useRef<HTMLDivElement>(null)
  const isReading = useCallback(() => readsNow(scroller.current), [])
  const list = useSessionList(filter, isReading)
  const { items, waiting, cursor } = list.loaded
  const change = (next: SessionFilter): void => setParams('sessions', paramsOf(next))
  const toTop = (): void => {
    list.letIn()
    scroller.current?.scrollTo({ top: 0 })
  }
  return (
    <div class="view fixed">
      <Heading title="Sessions" />
      <OverviewStrip />
      <SessionFilters
        filter={filter}
        devices={items.map((one) => one.device)}
        reasons={items.flatMap((one) => one.revoked_reason ?? [])}
        onChange={change}
      />
      {list.problem && items.length > 0 && <ProblemNote problem={list.problem} />}
      <div class="list-place">
        {waiting.length > 0 && (
          <button type="button" class="pill" onClick={toTop}>
            <Icon name="up" />
            {waiting.length} new
          </button>
        )}
        {cursor === undefined && list.problem && (
          <Failure problem={list.problem} retry={list.reload} />
        )}
        {cursor === undefined && !list.problem && <Skeleton rows={12} />}
        {cursor !== undefined && items.length === 0 && (
          <NothingFound filter={filter} onChange={change} />
        )}
        {items.length > 0 && (
          <Listed items={items} scroller={scroller} onMore={list.loadMore} more={cursor !== null} />
        )}
      </div>
      <p class="hints" aria-hidden="true">
        <kbd>/</kbd> search <kbd>j</kbd> <kbd>k</kbd> move <kbd>Enter</kbd> details <kbd>e</kbd> end
        <span class="count">
          {items.length}
          {cursor === null ? '' : ' +'} loaded
        </span>
      </p>
    </div>
  )
}

/** Scrolled down, with the pointer over a row or the focus in one: rows may not move then. */
function readsNow(element: HTMLDivElement | null): boolean {
  if (element === null) return false
  return (
    element.scrollTop > 0 || element.matches(':hover') || element.contains(document.activeElement)
  )
}

interface ListedProps {
  readonly items: readonly SessionItem[]
  readonly scroller: { current: HTMLDivElement | null }
  readonly onMore: () => void
  readonly more: boolean
}

function Listed({ items, scroller, onMore, more }: ListedProps) {
  const [open, setOpen] = useState<string>()
  const [wish, setWish] = useState<EndWish>()
  const shown = items.find((one) => one.sid === open)
  const end = useCallback((item: SessionItem) => setWish(endOne(item, self.value?.sid)), [])
  const show = useCallback((item: SessionItem) => setOpen(item.sid), [])
  useEffect(() => {
    if (open !== undefined && shown === undefined) setOpen(undefined)
  }, [open, shown])
  return (
    <>
      <SessionTable
        items={items}
        scroller={scroller}
        onMore={onMore}
        more={more}
        onOpen={show}
        onEnd={end}
      />
      {shown && (
        <SessionDrawer
          item={shown}
          own={shown.sid === self.value?.sid}
          onEnd={() => end(shown)}
          onClose={() => setOpen(undefined)}
        />
      )}
      {wish && <EndDialog wish={wish} onClose={() => setWish(undefined)} />}
    </>
  )
}

interface NothingFoundProps {
  readonly filter: SessionFilter
  readonly onChange: (filter: SessionFilter) => void
}

function NothingFound({ filter, onChange }: NothingFoundProps) {
  const filtered = filter.search !== '' || filter.device !== '' || filter.reason !== ''
  if (!filtered && filter.state === 'live') {
    return (
      <Empty icon="sessions" title="Nobody is signed in">
        <p class="quiet">Sessions appear here the moment they start.</p>
      </Empty>
    )
  }
  return (
    <Empty icon="search" title="No session matches">
      <p class="quiet">
        The search takes the beginning of a user, a whole session id or a whole IP address.
      </p>
      <div class="deeds">
        {filter.state === 'live' && (
          <button
            type="button"
            class="button"
            onClick={() => onChange({ ...filter, state: 'all' })}
          >
            Also ended ones
          </button>
        )}
        <button type="button" class="button" onClick={() => onChange(noFilter)}>
          Clear the filters
        </button>
      </div>
    </Empty>
  )
}
