/* What administrators do, as verbs between who did it and whom it concerned. */

const verbs: Readonly<Record<string, { readonly verb: string; readonly label: string }>> = {
  session_revoked: { verb: 'ended session', label: 'Ended a session' },
  session_changed: { verb: 'changed session', label: 'Changed a session' },
  user_revoked: { verb: 'ended the sessions of', label: 'Ended the sessions of a user' },
  user_disabled: { verb: 'disabled', label: 'Disabled a user' },
  user_enabled: { verb: 'enabled', label: 'Enabled a user' },
  user_changed: { verb: 'changed', label: 'Changed a user' },
  keys_rotated: { verb: 'rotated the signing key', label: 'Rotated the signing key' },
  secret_retired: { verb: 'retired the secret', label: 'Retired a secret' },
  recovered: { verb: 'recovered from a restore', label: 'Recovered from a restore' },
  effects_retried: { verb: 'retried effects', label: 'Retried effects' },
  admin_link_made: { verb: 'made a sign-in link for', label: 'Made a sign-in link' },
  admin_link_used: { verb: 'used the sign-in link for', label: 'Used a sign-in link' },
}

export const actionOptions = [
  { value: '', label: 'Anything' },
  ...Object.entries(verbs).map(([value, { label }]) => ({ value, label })),
]

export function actionWords(action: string): string {
  return verbs[action]?.verb ?? action.replaceAll('_', ' ')
}

/** `reason device_lost, ended 4`; what is no plain value is shown as JSON. */
export function detailWords(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== false)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${valueWords(value)}`)
    .join(', ')
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueWords).join(' + ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
