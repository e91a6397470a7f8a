/* What stands in the made-up world from the beginning, beside the sessions. */
import type { Activity, AuditItem, Effect, Followers, Keys } from '../src/api/shapes.ts'
import { chance } from './chance.ts'

export function firstEffects(now: number): Effect[] {
  return Array.from({ length: 14 }, (_, index) => {
    const state = effectStates[index % effectStates.length] ?? 'waiting'
    const givenUp = state === 'given-up'
    const error = errors[index % errors.length] ?? null
    return {
      ...(index % 4 === 0 ? revocation : webhook),
      ...{ id: index + 1, sid: '019a9e00-0000-7000-8000-000000000001', state },
      ...{ created_at: now - 4_000 - index * 600, due_at: givenUp ? null : now + 30 + index * 20 },
      ...{ gave_up_at: givenUp ? now - 300 : null, attempts: givenUp ? 12 : index % 3 },
      last_error: state === 'waiting' ? null : error,
    }
  })
}

const effectStates = ['given-up', 'failed', 'waiting']
const errors = [
  'time-out after 5 s: https://im.example.com/hooks',
  'answered 500: Internal Server Error',
]
const webhook = {
  ...{ kind: 'webhook', event: 'session.ended', target_name: 'im' },
  target: 'https://im.example.com/hooks',
}
const revocation = { kind: 'provider_revocation', event: null, target: 'main', target_name: 'main' }

export function firstAudit(now: number): AuditItem[] {
  const rows: readonly (readonly [string, string, string | null, Record<string, unknown>])[] = [
    [
      'main:olivia.berg',
      'session_revoked',
      '019a9e00-0000-7000-8000-000000000001',
      { reason: 'device_lost', uid: 'main:ada.kim' },
    ],
    ['shell', 'keys_rotated', null, { now: false }],
    ['main:tom.reed', 'user_disabled', 'main:alan.weber', { ended: 4 }],
    ['main:olivia.berg', 'effects_retried', 'https://im.example.com/hooks', { retried: 3 }],
    [
      'client:backend',
      'user_revoked',
      'main:grace.rossi',
      { reason: 'password_changed', ended: 2 },
    ],
    ['shell', 'admin_link_made', 'main:olivia.berg', {}],
    ['main:olivia.berg', 'admin_link_used', 'main:olivia.berg', { ip: '203.0.113.7' }],
    ['main:tom.reed', 'user_enabled', 'main:alan.weber', {}],
    [
      'main:tom.reed',
      'session_changed',
      '019a9e00-0000-7000-8000-000000000002',
      { roles: ['pilot', 'ops'] },
    ],
  ]
  return Array.from({ length: 120 }, (_, index) => {
    const [actor, action, target, detail] = rows[index % rows.length] ?? [
      'shell',
      'keys_rotated',
      null,
      {},
    ]
    return { id: 1_000 - index, at: now - 200 - index * 1_700, actor, action, target, detail }
  })
}

export function firstKeys(now: number): Keys {
  return {
    signing_keys: [
      {
        kid: 'Qm3vX1sNpTk',
        algorithm: 'ES256',
        state: 'signing',
        created_at: now - 86_400 * 20,
        activates_at: now - 86_400 * 20,
      },
      {
        kid: 'a81LcR0dUeW',
        algorithm: 'ES256',
        state: 'replaced',
        created_at: now - 86_400 * 110,
        activates_at: now - 86_400 * 110,
      },
    ],
    secrets: [
      { key_id: 's-4f1c', held: true, current: true, activates_at: now - 86_400 * 20 },
      { key_id: 's-09be', held: true, current: false, activates_at: now - 86_400 * 200 },
    ],
  }
}

export function followersAt(now: number, late: number): Followers {
  const replica = { version: '0.1.0', cursor: 'e5c1.48213', behind: 0, ready: true, worker: null }
  const verifier = { user_agent: 'curfew-verifier/0.1.0 node/24', cursor: 'e5c1.48213' }
  return {
    ...{ head: 'e5c1.48213', now },
    replicas: [
      {
        ...replica,
        id: 'r1',
        host: 'auth-1',
        pid: 7,
        started_at: now - 86_000,
        seen_at: now,
        lag_ms: 4,
        streams: 2,
      },
      {
        ...replica,
        id: 'r2',
        host: 'auth-2',
        pid: 7,
        started_at: now - 85_000,
        seen_at: now - 1,
        lag_ms: 11,
        streams: 1,
      },
    ],
    verifiers: [
      {
        ...verifier,
        client_id: 'satellite-provider',
        address: '10.4.0.12',
        via: 'stream',
        behind: 0,
        seen_at: now,
      },
      {
        ...verifier,
        client_id: 'mission-control',
        address: '10.4.0.31',
        via: 'stream',
        behind: 0,
        seen_at: now - 2,
      },
      {
        ...verifier,
        client_id: 'telemetry',
        address: '10.4.0.44',
        via: 'pull',
        behind: late,
        seen_at: now - 21,
      },
    ],
  }
}

export function activityAt(now: number, minutes: number): Activity {
  const step = minutes <= 60 ? 60 : minutes <= 1_440 ? 600 : 3_600
  const count = Math.floor((minutes * 60) / step)
  const from = Math.floor(now / step) * step - (count - 1) * step
  const items = Array.from({ length: count }, (_, index) => {
    const at = from + index * step
    const wave = 1 + Math.sin((at / 86_400) * 2 * Math.PI - 1.6)
    const noise = chance(at).below
    const size = step / 60
    const started = Math.round(wave * size * 1.4 + noise(Math.ceil(size * 1.5) + 2))
    const replayed = noise(7) === 0 ? 1 : 0
    const out = Math.round(started * 0.55)
    const expired = Math.round(started * 0.2)
    const reasons = { user_logout: out, expired, ...(replayed ? { refresh_reuse: replayed } : {}) }
    const refreshed = started * 9 + noise(20)
    return { at, started, refreshed, ended: out + expired + replayed, reasons }
  })
  return { from, step_seconds: step, items }
}
