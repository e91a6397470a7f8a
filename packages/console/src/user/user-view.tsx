import { useEffect, useState } from 'preact/hooks'
import { get } from '../api/client.ts'
import { onSession } from '../api/live.ts'
import type { Page, SessionItem, UserState } from '../api/shapes.ts'
import { Heading } from '../frame/heading.tsx'
import { formatRoute } from '../frame/route.ts'
import { self } from '../frame/self.ts'
import { Content, Empty } from '../parts/content.tsx'
import { useResource } from '../parts/resource.ts'
import { Time } from '../parts/time.tsx'
import { EndDialog, type EndWish } from '../sessions/end-dialog.tsx'
import { endAll, endAllBut, endOne, endSelected } from '../sessions/ending.ts'
import { SessionDrawer } from '../sessions/session-drawer.tsx'
import { AccessDialog } from './access-dialog.tsx'
import { DeviceList } from './device-list.tsx'

/** Several ends of one deed are one change. */
const settleMs = 150

interface UserSessions {
  readonly live: Page<SessionItem>
  readonly ended: Page<SessionItem>
}

export function UserView({ uid }: { readonly uid: string }) {
  const path = `users/${encodeURIComponent(uid)}`
  const state = useResource({ key: uid, load: () => get<UserState>(path), everySeconds: 30 })
  const sessions = useResource({ key: uid, load: () => loadSessions(path) })
  const [access, setAccess] = useState<'disable' | 'enable'>()
  const reload = (): void => void Promise.all([state.reload(), sessions.reload()])
  useFollowUser(uid, reload)
  const disabledAt = state.value?.disabled_at ?? null
  return (
    <div class="view">
      <nav aria-label="Where this is" class="crumb">
        <a href={formatRoute('users')}>Users</a>
      </nav>
      <Heading title={uid}>
        {state.value && (
          <button
            type="button"
            class="button"
            onClick={() => setAccess(disabledAt === null ? 'disable' : 'enable')}
          >
            {disabledAt === null ? 'Disable user…' : 'Enable user…'}
          </button>
        )}
      </Heading>
      {disabledAt !== null && (
        <p class="note bad">
          <strong>Disabled</strong> <Time at={disabledAt} />. This user cannot sign in anywhere
          until they are enabled again.
        </p>
      )}
      <Content of={sessions}>
        {(value) => <Devices uid={uid} sessions={value} onChange={reload} />}
      </Content>
      {access && (
        <AccessDialog
          uid={uid}
          deed={access}
          live={state.value?.live_sessions ?? 0}
          onClose={() => setAccess(undefined)}
          onDone={reload}
        />
      )}
    </div>
  )
}

async function loadSessions(path: string) {
  const [live, ended] = await Promise.all([
    get<Page<SessionItem>>(`${path}/sessions`, { state: 'live', limit: 200 }),
    get<Page<SessionItem>>(`${path}/sessions`, { state: 'ended', limit: 20 }),
  ])
  if (live.kind === 'failed') return live
  if (ended.kind === 'failed') return ended
  const value: UserSessions = { live: live.value, ended: ended.value }
  return { kind: 'ok', value } as const
}

function useFollowUser(uid: string, reload: () => void): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const leave = onSession((item) => {
      if (item.uid !== uid) return
      clearTimeout(timer)
      timer = setTimeout(reload, settleMs)
    })
    return () => {
      clearTimeout(timer)
      leave()
    }
  }, [uid])
}

interface DevicesProps {
  readonly uid: string
  readonly sessions: UserSessions
  readonly onChange: () => void
}

function Devices({ uid, sessions: { live, ended }, onChange }: DevicesProps) {
  const [wish, setWish] = useState<EndWish>()
  const [open, setOpen] = useState<string>()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const selected = live.items.filter((one) => chosen.has(one.sid))
  const [only] = selected
  const shown = [...live.items, ...ended.items].find((one) => one.sid === open)
  const ownSid = self.value?.sid
  return (
    <>
      <section class="card">
        <div class="card-head">
          <h2 class="card-title">
            Signed in{' '}
            <span class="quiet">
              {live.items.length}
              {live.next_cursor && '+'}
            </span>
          </h2>
          {live.items.length > 0 && (
            <div class="deeds">
              {selected.length > 0 && (
                <button
                  type="button"
                  class="button small"
                  onClick={() => setWish(endSelected(selected, ownSid))}
                >
                  End selected ({selected.length})…
                </button>
              )}
              {selected.length === 1 && only && live.items.length > 1 && (
                <button
                  type="button"
                  class="button small"
                  onClick={() => setWish(endAllBut(only, self.value))}
                >
                  End all but this…
                </button>
              )}
              <button
                type="button"
                class="button small danger"
                onClick={() => setWish(endAll(uid, self.value?.uid))}
              >
                End all…
              </button>
            </div>
          )}
        </div>
        {live.items.length === 0 ? (
          <Empty icon="users" title="Signed in nowhere" />
        ) : (
          <DeviceList
            items={live.items}
            chosen={chosen}
            onChoose={setChosen}
            onOpen={(item) => setOpen(item.sid)}
            onEnd={(item) => setWish(endOne(item, ownSid))}
          />
        )}
      </section>
      {ended.items.length > 0 && (
        <section class="card">
          <h2 class="card-title">Ended lately</h2>
          <DeviceList items={ended.items} onOpen={(item) => setOpen(item.sid)} />
        </section>
      )}
      {shown && (
        <SessionDrawer
          item={shown}
          own={shown.sid === ownSid}
          onEnd={() => setWish(endOne(shown, ownSid))}
          onClose={() => setOpen(undefined)}
        />
      )}
      {wish && (
        <EndDialog
          wish={{ ...wish, onDone: () => [wish.onDone(), setChosen(new Set()), onChange()] }}
          onClose={() => setWish(undefined)}
        />
      )}
    </>
  )
}
