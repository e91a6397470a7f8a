import type { Json, LiveSession } from '#domain'

/** What the row's objects and numbers take, by and large. */
const baseBytes = 1600
const charBytes = 2
const valueBytes = 16

/** About how many bytes a session holds. Strings count twice their length, as if none were Latin. */
export function weigh(session: LiveSession): number {
  const { origin, profile, grants, provider } = session
  const texts = [
    origin.uid,
    origin.clientId,
    origin.deviceId,
    profile.deviceName,
    profile.userAgent,
    grants.scope,
    provider?.sealedTokens ?? null,
    provider?.subject ?? null,
  ]
  let chars = 0
  for (const text of texts) chars += text?.length ?? 0
  for (const role of grants.roles) chars += role.length + valueBytes
  return baseBytes + chars * charBytes + weighJson(grants.claims)
}

function weighJson(value: Json): number {
  if (typeof value === 'string') return valueBytes + value.length * charBytes
  if (typeof value !== 'object' || value === null) return valueBytes
  let bytes = valueBytes
  for (const [name, inner] of Object.entries(value)) {
    bytes += name.length * charBytes + weighJson(inner)
  }
  return bytes
}
