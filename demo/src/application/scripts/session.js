// What the pages know of their session: what Curfew answers when they ask.

const reasons = {
  user_logout: 'you signed out',
  user_logout_all: 'you signed out everywhere',
  user_logout_others: 'you ended your session from another one',
  admin_revoke: 'your session was ended by an administrator',
  superseded: 'a new sign-in took the place of your session',
  device_limit: 'too many sessions were open, and yours was the oldest',
  idp_logout: 'you signed out at the provider',
  idp_refused: 'the provider took your session back',
  user_disabled: 'your account was disabled',
  expired: 'your session was not used for too long',
}

/** One request to the application, as everybody makes them. `answered` is undefined without a network. */
export async function ask() {
  try {
    const response = await fetch('/api/ping', {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      redirect: 'manual',
    })
    const body = await response.json().catch(() => ({}))
    return { status: response.status, user: body.user, reason: body.revoked_reason }
  } catch {
    return { status: undefined }
  }
}

/** A reason in words, as the end of a sentence. An administrator may have given one of their own. */
export function inWords(reason) {
  if (reason === undefined) return 'you are not signed in any more'
  return `${reasons[reason] ?? 'your session was ended by an administrator'} (${reason})`
}

// A page that the back button brings out of the browser's memory is from before: it asks anew.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})
