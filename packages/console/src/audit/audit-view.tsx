import { useEffect, useState } from 'preact/hooks'
import { get } from '../api/client.ts'
import type { AuditItem, Page } from '../api/shapes.ts'
import { setParams } from '../frame/address.ts'
import { Heading } from '../frame/heading.tsx'
import { Select } from '../parts/choice.tsx'
import { Content, Empty } from '../parts/content.tsx'
import { Person } from '../parts/person.tsx'
import { useResource } from '../parts/resource.ts'
import { SearchField } from '../parts/search-field.tsx'
import { Time } from '../parts/time.tsx'
import { say } from '../parts/toasts.tsx'
import { actionOptions, actionWords, detailWords } from './action-words.ts'

const pageSize = 50

export function AuditView({ params }: { readonly params: URLSearchParams }) {
  const filter = {
    actor: params.get('actor') ?? '',
    action: params.get('action') ?? '',
    target: params.get('target') ?? '',
  }
  const key = JSON.stringify(filter)
  const query = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))
  const first = useResource({
    key,
    load: () => get<Page<AuditItem>>('admin/audit', { ...query, limit: pageSize }),
  })
  const change = (part: Partial<typeof filter>): void =>
    setParams(
      'audit',
      Object.fromEntries(
        Object.entries({ ...filter, ...part }).filter(([, value]) => value !== ''),
      ),
    )
  return (
    <div class="view">
      <Heading title="Audit" />
      <search class="filters">
        <SearchField
          label="Who did it: a whole user id, client:id or shell"
          placeholder="Who did it"
          value={filter.actor}
          onSearch={(actor) => change({ actor: actor.trim() })}
        />
        <label class="search">
          <span class="unseen">Whom or what it concerned</span>
          <input
            type="search"
            value={filter.target}
            placeholder="Whom it concerned"
            autocomplete="off"
            onChange={(event) => change({ target: event.currentTarget.value.trim() })}
          />
        </label>
        <Select
          label="What was done"
          value={filter.action}
          options={actionOptions}
          onChange={(action) => change({ action })}
        />
      </search>
      <Content of={first}>
        {(page) => (
          <AuditList
            key={key}
            first={page}
            query={query}
            filtered={Object.keys(query).length > 0}
          />
        )}
      </Content>
    </div>
  )
}

interface AuditListProps {
  readonly first: Page<AuditItem>
  readonly query: Readonly<Record<string, string>>
  readonly filtered: boolean
}

function AuditList({ first, query, filtered }: AuditListProps) {
  const [more, setMore] = useState<Page<AuditItem>>({ items: [], next_cursor: first.next_cursor })
  useEffect(() => setMore({ items: [], next_cursor: first.next_cursor }), [first])
  if (first.items.length === 0) {
    return (
      <Empty icon="audit" title={filtered ? 'Nothing matches' : 'Nobody has done anything yet'}>
        <p class="quiet">Who did it and whom it concerned are compared whole.</p>
      </Empty>
    )
  }
  const load = async (cursor: string): Promise<void> => {
    const answer = await get<Page<AuditItem>>('admin/audit', { ...query, limit: pageSize, cursor })
    if (answer.kind === 'failed') return say(`${answer.problem.title}. Try again.`)
    const { items, next_cursor } = answer.value
    setMore((before) => ({ items: [...before.items, ...items], next_cursor }))
  }
  const cursor = more.next_cursor
  return (
    <section class="card">
      <h2 class="unseen">What was done, the latest first</h2>
      <ol class="audit">
        {[...first.items, ...more.items].map((item) => (
          <li key={item.id}>
            <span class="quiet audit-time">
              <Time at={item.at} />
            </span>
            <span class="audit-what">
              <Person uid={item.actor} /> {actionWords(item.action)} <Target item={item} />
            </span>
            <span class="audit-detail quiet">{detailWords(item.detail)}</span>
          </li>
        ))}
      </ol>
      {cursor !== null && (
        <footer class="deeds pad">
          <button type="button" class="button" onClick={() => void load(cursor)}>
            Show older ones
          </button>
        </footer>
      )}
    </section>
  )
}

function Target({ item: { action, target } }: { readonly item: AuditItem }) {
  if (target === null || target === '') return null
  if (action.startsWith('user_') || action.startsWith('admin_link')) return <Person uid={target} />
  if (!action.startsWith('session_')) return <code>{target}</code>
  return (
    <a href={`#/sessions?state=all&search=${encodeURIComponent(target)}`}>
      <code title={target}>{shortSid(target)}</code>
    </a>
  )
}

function shortSid(sid: string): string {
  return sid.length > 20 ? `${sid.slice(0, 8)}…${sid.slice(-4)}` : sid
}
