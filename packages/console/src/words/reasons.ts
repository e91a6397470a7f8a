/* Why sessions end (API.md, section 5), as a person says it. Reasons that an administrator wrote stay as they are. */

const words: Readonly<Record<string, string>> = {
  user_logout: 'Signed out',
  user_logout_all: 'Signed out everywhere',
  user_logout_others: 'Signed out elsewhere',
  admin_revoke: 'Ended by an admin',
  superseded: 'Replaced by a new sign-in',
  device_limit: 'Too many devices',
  refresh_reuse: 'Refresh token replayed',
  idp_logout: 'Provider signed out',
  idp_refused: 'Provider refused',
  user_disabled: 'User disabled',
  restored: 'Store restored',
  expired: 'Expired',
}

export const knownReasons: readonly string[] = Object.keys(words)

/** What the dialog offers; the first is what the API takes when nothing is said. */
export const presetReasons: readonly { readonly code: string; readonly label: string }[] = [
  { code: 'admin_revoke', label: 'Ended by an admin' },
  { code: 'device_lost', label: 'Device lost or stolen' },
  { code: 'suspicious', label: 'Suspicious activity' },
  { code: 'left_company', label: 'Person has left' },
  { code: 'policy', label: 'Against policy' },
]

export function reasonWords(code: string): string {
  return (
    words[code] ??
    presetReasons.find((one) => one.code === code)?.label ??
    code.replaceAll('_', ' ')
  )
}

/** Some ends are an alarm, not a routine. */
export function isAlarming(code: string): boolean {
  return ['refresh_reuse', 'idp_refused', 'suspicious', 'device_lost'].includes(code)
}

const reasonForm = /^[a-z0-9_]{1,64}$/

export function isReason(text: string): boolean {
  return reasonForm.test(text)
}

/** While somebody types: what they mean, in the letters that a reason may have. */
export function asReason(typed: string): string {
  return typed
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_/, '')
    .slice(0, 64)
}
