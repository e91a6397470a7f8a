import { useEffect } from 'preact/hooks'
import { ActivityView } from './activity/activity-view.tsx'
import { signedOut } from './api/client.ts'
import { onSession, reunions } from './api/live.ts'
import { AuditView } from './audit/audit-view.tsx'
import { EffectsView } from './effects/effects-view.tsx'
import { EndsView } from './ends/ends-view.tsx'
import { route } from './frame/address.ts'
import { Forbidden } from './frame/forbidden.tsx'
import { Nav } from './frame/nav.tsx'
import { loadFollowers, loadOverview, loadSelf, self, selfProblem } from './frame/self.ts'
import { SignedOut } from './frame/signed-out.tsx'
import { KeysView } from './keys/keys-view.tsx'
import { useResource } from './parts/resource.ts'
import { Toasts } from './parts/toasts.tsx'
import { SessionsView } from './sessions/sessions-view.tsx'
import { UserView } from './user/user-view.tsx'
import { UsersView } from './user/users-view.tsx'

export function App() {
  if (signedOut.value) return <SignedOut problem={signedOut.value} />
  return <Rooms />
}

function Rooms() {
  const numbers = useResource({ key: 'overview', load: loadOverview, everySeconds: 10 })
  useResource({ key: 'followers', load: loadFollowers, everySeconds: 10 })
  useEffect(() => void loadSelf(), [reunions.value])
  useEffect(() => onSession((item) => endedOurs(item.sid, item.revoked_at)), [])
  const forbidden = [numbers.problem, selfProblem.value].find((one) => one?.kind === 'forbidden')
  if (forbidden) return <Forbidden problem={forbidden} />
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <Nav />
      <main id="main" tabIndex={-1}>
        <View />
      </main>
      <Toasts />
    </div>
  )
}

/** Our own end arrives like any other: the next request is refused and says why. */
function endedOurs(sid: string, revokedAt: number | null): void {
  if (revokedAt !== null && sid === self.value?.sid) void loadSelf()
}

// A button, because the address is the view's: a link to #main would leave it.
function skip(): void {
  document.getElementById('main')?.focus()
}

function View() {
  const { view, uid, params } = route.value
  switch (view) {
    case 'sessions':
      return <SessionsView params={params} />
    case 'users':
      return uid === null ? <UsersView /> : <UserView key={uid} uid={uid} />
    case 'ends':
      return <EndsView />
    case 'activity':
      return <ActivityView params={params} />
    case 'effects':
      return <EffectsView params={params} />
    case 'keys':
      return <KeysView />
    case 'audit':
      return <AuditView params={params} />
  }
}
