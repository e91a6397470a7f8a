import { useEffect, useState } from 'preact/hooks'
import { get } from '../api/client.ts'
import { onSession } from '../api/live.ts'
import type { Followers, Page, SessionItem } from '../api/shapes.ts'
import { Heading } from '../frame/heading.tsx'
import { userRoute } from '../frame/route.ts'
import { loadFollowers } from '../frame/self.ts'
import { Content, Empty } from '../parts/content.tsx'
import { Icon } from '../parts/icon.tsx'
import { Person } from '../parts/person.tsx'
import { useResource } from '../parts/resource.ts'
import { Time } from '../parts/time.tsx'
import { deviceWords } from '../sessions/session-row.tsx'
import { StateMark } from '../sessions/state-mark.tsx'
import { FollowerTables } from './follower-tables.tsx'
import { verdictOf } from './verdict.ts'

const shownMax = 100

/** Who was signed out, and does everybody know: the two halves of "is it safe now?". */
export function EndsView() {
  const followers = useResource({ key: 'followers', load: loadFollowers, everySeconds: 3 })
  return (
    <div class="view">
      <Heading title="Ends" />
      <Content of={followers}>
        {(value) => (
          <>
            <VerdictLine followers={value} />
            <FollowerTables followers={value} />
          </>
        )}
      </Content>
      <EndFeed />
    </div>
  )
}

function VerdictLine({ followers }: { readonly followers: Followers }) {
  const { tone, title } = verdictOf(followers)
  return (
    <section class={`verdict ${tone}`} aria-label="Are all verifiers current?">
      <span class="state-icon">
        <Icon name={tone === 'good' ? 'check' : tone === 'quiet' ? 'ends' : 'warning'} />
      </span>
      <div>
        <h2 aria-live="polite">{title}</h2>
        <p class="quiet">
          {tone === 'good'
            ? 'Everyone who follows the feed has read every end.'
            : 'Who has not read an end may still accept tokens of that session, until they expire.'}
        </p>
      </div>
      <p class="head-mark">
        <small class="quiet">Head of the feed</small>
        <code>{followers.head}</code>
      </p>
    </section>
  )
}

function EndFeed() {
  const loaded = useResource({
    key: 'ends',
    load: () => get<Page<SessionItem>>('admin/sessions', { state: 'ended', limit: shownMax }),
  })
  const [fresh, setFresh] = useState<readonly SessionItem[]>([])
  useEffect(
    () =>
      onSession((item) => {
        if (item.revoked_at !== null) setFresh((before) => [item, ...before].slice(0, shownMax))
      }),
    [],
  )
  return (
    <section class="card">
      <h2 class="card-title">Latest ends</h2>
      <Content of={loaded}>{(page) => <EndList items={latest(fresh, page.items)} />}</Content>
    </section>
  )
}

// The API orders by the start of a session; here the end counts.
function latest(fresh: readonly SessionItem[], older: readonly SessionItem[]): SessionItem[] {
  const distinct = new Map([...older, ...fresh].map((one) => [one.sid, one]))
  const at = (one: SessionItem): number => one.revoked_at ?? 0
  return [...distinct.values()].sort((one, other) => at(other) - at(one)).slice(0, shownMax)
}

function EndList({ items }: { readonly items: readonly SessionItem[] }) {
  if (items.length === 0) {
    return (
      <Empty icon="ends" title="No session has ended yet">
        <p class="quiet">Ends appear here the moment they happen.</p>
      </Empty>
    )
  }
  return (
    <ol class="feed">
      {items.map((item) => (
        <li key={item.sid} data-sid={item.sid}>
          <span class="feed-time quiet">
            {item.revoked_at !== null && <Time at={item.revoked_at} />}
          </span>
          <a class="clip" href={userRoute(item.uid)}>
            {item.uid}
          </a>
          <span class="feed-device clip quiet">{deviceWords(item)}</span>
          <StateMark item={item} />
          <span class="feed-by quiet clip">
            {item.revoked_by_user_id !== item.uid && (
              <>
                by <Person uid={item.revoked_by_user_id} />
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  )
}
