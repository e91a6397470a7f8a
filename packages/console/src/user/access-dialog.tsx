import { post } from '../api/client.ts'
import { self } from '../frame/self.ts'
import { Confirm } from '../parts/confirm.tsx'
import { say } from '../parts/toasts.tsx'
import { userPath } from '../sessions/ending.ts'

interface AccessDialogProps {
  readonly uid: string
  readonly deed: 'disable' | 'enable'
  readonly live: number
  readonly onClose: () => void
  readonly onDone: () => void
}

export function AccessDialog({ uid, deed, live, onClose, onDone }: AccessDialogProps) {
  const disabling = deed === 'disable'
  return (
    <Confirm
      title={disabling ? 'Disable this user?' : 'Enable this user?'}
      deed={disabling ? 'Disable user' : 'Enable user'}
      dangerous={disabling}
      act={() => post(userPath(uid, deed))}
      onDone={() => {
        onClose()
        onDone()
        say(disabling ? `${uid} is disabled.` : `${uid} may sign in again.`)
      }}
      onClose={onClose}
    >
      {disabling ? (
        <p>
          {uid} is signed out{' '}
          {live === 0 ? 'everywhere' : `of ${live} ${live === 1 ? 'session' : 'sessions'}`} at once,
          and cannot sign in again until somebody enables them.
        </p>
      ) : (
        <p>{uid} may sign in again. No session that has ended comes back.</p>
      )}
      {disabling && uid === self.value?.uid && (
        <p class="note warning">
          <strong>This is you.</strong> You will be signed out of the console, and somebody else has
          to enable you.
        </p>
      )}
    </Confirm>
  )
}
