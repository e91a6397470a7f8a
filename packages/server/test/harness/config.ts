/* The configuration that a test server runs on, and whom it knows. Tests override parts of it. */
import { randomBytes } from 'node:crypto'
import type { JsonObject } from './json.ts'

export type ClientCredentials = { readonly id: string; readonly secret: string }

function confidential(id: string): ClientCredentials {
  return { id, secret: `s-${id}-${randomBytes(18).toString('base64url')}` }
}

/** Every client of the default configuration that has a secret. `mobile` and `tablet` are public. */
export const clients = {
  /** Starts sessions, may give `pilot` and `ops`, may start admins. */
  backend: confidential('backend'),
  /** Starts sessions and may give nothing. */
  humble: confidential('humble'),
  /** Reads the feed. */
  satellite: confidential('satellite'),
  /** Administers. */
  operator: confidential('operator'),
  /** A confidential client without a role, whose sessions others start. */
  webapp: confidential('webapp'),
} as const

export const publicClient = 'mobile'
export const otherPublicClient = 'tablet'
/** The one person that the configuration makes admin. */
export const adminUid = 'root-of-all'

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Generous: a test that is about a limit sets it. */
const limits = {
  tokenRequestsPerSession: 'off',
  tokenRequestsPerAddress: 'off',
  failedClientAuth: 'off',
  sessionStarts: 'off',
}

export function defaultConfig(): JsonObject {
  return {
    server: { logLevel: 'debug' },
    secrets: [newSecret()],
    users: [{ match: adminUid, roles: ['admin'] }],
    clients: [
      {
        ...clients.backend,
        roles: ['issuer'],
        mayGrant: ['pilot', 'ops'],
        mayStartAdmins: true,
      },
      { ...clients.humble, roles: ['issuer'] },
      { ...clients.satellite, roles: ['service'] },
      { ...clients.operator, roles: ['admin'] },
      { ...clients.webapp, grants: ['refresh_token', 'client_credentials'], device: 'web' },
      { id: publicClient, grants: ['refresh_token'] },
      { id: otherPublicClient, grants: ['refresh_token'] },
    ],
    tokens: { audience: ['https://api.example.com', 'https://maps.example.com'], claims: ['team'] },
    sessions: {
      devices: {
        app: { policy: 'single' },
        web: { policy: 'multiple', limit: 20 },
        pc: { policy: 'shared' },
        pair: { policy: 'multiple', limit: 2 },
        rover: { policy: 'single', lostResponse: '24h' },
      },
    },
    // Ends of other processes and shifts of the clock arrive with the next pull.
    revocation: { pullInterval: '100ms' },
    limits,
  }
}

/** Objects merge, everything else is replaced. */
export function merge(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const under = merged[key]
    merged[key] = isObject(under) && isObject(value) ? merge(under, value) : value
  }
  return merged
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
