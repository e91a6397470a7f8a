import type { ComponentChildren } from 'preact'
import type { SessionItem } from '../api/shapes.ts'
import { now } from '../clock.ts'
import { userRoute } from '../frame/route.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Person } from '../parts/person.tsx'
import { Time } from '../parts/time.tsx'
import { exact } from '../words/time.ts'
import { deviceWords } from './session-row.tsx'
import { StateMark } from './state-mark.tsx'

interface SessionDrawerProps {
  readonly item: SessionItem
  readonly own: boolean
  readonly onEnd: () => void
  readonly onClose: () => void
}

export function SessionDrawer({ item, own, onEnd, onClose }: SessionDrawerProps) {
  const ended = item.revoked_at !== null
  return (
    <Dialog title={deviceWords(item)} onClose={onClose} shape="drawer">
      <p class="drawer-state">
        <StateMark item={item} />
        {own && <span class="chip you">you</span>}
      </p>
      <dl class="facts">
        <Fact name="User">
          <a href={userRoute(item.uid)} onClick={onClose}>
            {item.uid}
          </a>
        </Fact>
        {item.revoked_at !== null && (
          <>
            <Fact name="Ended">
              <When at={item.revoked_at} />
            </Fact>
            <Fact name="Reason">
              <code>{item.revoked_reason}</code>
            </Fact>
            <Fact name="Ended by">
              <Person uid={item.revoked_by_user_id} />
            </Fact>
          </>
        )}
        <Fact name="Started">
          <When at={item.created_at} />
        </Fact>
        <Fact name="Last seen">
          <When at={item.last_seen_at} />
        </Fact>
        {!ended && (
          <Fact name={item.expires_at < now.value ? 'Expired' : 'Expires'}>
            <When at={item.expires_at} />
          </Fact>
        )}
        <Fact name="Device class">{item.device}</Fact>
        <Fact name="Client">{item.client_id ?? '–'}</Fact>
        <Fact name="Address">
          <span class="mono">{item.ip ?? '–'}</span>
        </Fact>
        <Fact name="Roles">{item.roles.join(', ') || 'none'}</Fact>
        <Fact name="User agent">{item.user_agent ?? '–'}</Fact>
        <Fact name="Session id">
          <code>{item.sid}</code>
        </Fact>
      </dl>
      <footer class="deeds">
        <a class="button" href={userRoute(item.uid)} onClick={onClose}>
          All devices
        </a>
        {!ended && (
          <button type="button" class="button danger" onClick={onEnd}>
            End session…
          </button>
        )}
      </footer>
    </Dialog>
  )
}

function When({ at }: { readonly at: number }) {
  return (
    <>
      <Time at={at} /> <small class="quiet">{exact(at)}</small>
    </>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
