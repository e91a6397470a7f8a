import { useState } from 'preact/hooks'
import { get } from '../api/client.ts'
import type { Page, SessionItem } from '../api/shapes.ts'
import { Heading } from '../frame/heading.tsx'
import { userRoute } from '../frame/route.ts'
import { Content, Empty } from '../parts/content.tsx'
import { useResource } from '../parts/resource.ts'
import { SearchField } from '../parts/search-field.tsx'
import { Time } from '../parts/time.tsx'

interface Found {
  readonly uid: string
  /** Among the sessions that were looked at; there may be older ones. */
  readonly live: boolean
  readonly seenAt: number
}

/** Finds a user by the beginning of the uid, among those who have had a session. */
export function UsersView() {
  const [search, setSearch] = useState('')
  const wanted = search.trim()
  const sessions = useResource({
    key: wanted,
    load: () =>
      get<Page<SessionItem>>('admin/sessions', { state: 'all', search: wanted, limit: 200 }),
  })
  return (
    <div class="view">
      <Heading title="Users" />
      <search class="filters">
        <SearchField
          label="Search users"
          placeholder="Beginning of the user id"
          value={search}
          onSearch={setSearch}
        />
      </search>
      <Content of={sessions}>
        {(page) => <UserList users={usersOf(page.items, wanted)} wanted={wanted} />}
      </Content>
    </div>
  )
}

function UserList({
  users,
  wanted,
}: {
  readonly users: readonly Found[]
  readonly wanted: string
}) {
  if (users.length === 0) {
    return (
      <Empty icon="users" title="No user of this name has a session">
        <p class="quiet">A user who never signed in can be disabled all the same.</p>
        {wanted !== '' && (
          <a class="button" href={userRoute(wanted)}>
            Go to {wanted}
          </a>
        )}
      </Empty>
    )
  }
  return (
    <section class="card">
      <h2 class="card-title">{wanted === '' ? 'Lately active' : 'Found'}</h2>
      <ul class="user-list">
        {users.map((user) => (
          <li key={user.uid}>
            <a href={userRoute(user.uid)}>{user.uid}</a>
            {user.live ? (
              <span class="mark live">
                <i aria-hidden="true" />
                Live
              </span>
            ) : (
              <span />
            )}
            <span class="quiet">
              <Time at={user.seenAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

// The search of the API also finds a session id or an address; here a user is meant.
function usersOf(items: readonly SessionItem[], search: string): Found[] {
  const users = new Map<string, Found>()
  for (const { uid, revoked_at, last_seen_at } of items) {
    if (!uid.startsWith(search)) continue
    const before = users.get(uid)
    users.set(uid, {
      uid,
      live: (before?.live ?? false) || revoked_at === null,
      seenAt: Math.max(before?.seenAt ?? 0, last_seen_at),
    })
  }
  return [...users.values()].sort((one, other) => other.seenAt - one.seenAt)
}
