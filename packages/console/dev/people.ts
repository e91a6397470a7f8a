/* Who signs in to the made-up world, and with what. */
import type { SessionItem } from '../src/api/shapes.ts'
import type { Chance } from './chance.ts'

const first = ['ada', 'alan', 'barbara', 'claude', 'dorothy', 'edsger', 'frances', 'grace'] as const
const second = [
  'kim',
  'okafor',
  'lindqvist',
  'moreau',
  'tanaka',
  'weber',
  'rossi',
  'novak',
] as const

const devices = [
  {
    ...{ device: 'web', client_id: 'gateway', device_name: null },
    user_agent:
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  },
  {
    ...{ device: 'web', client_id: 'gateway', device_name: null },
    user_agent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0',
  },
  {
    ...{ device: 'app', client_id: 'mobile', device_name: 'Pixel 9' },
    user_agent: 'CurfewDemo/3.2 (Android 16; Pixel 9)',
  },
  {
    ...{ device: 'app', client_id: 'mobile', device_name: 'Work iPhone' },
    user_agent: 'CurfewDemo/3.2 (iPhone; CPU iPhone OS 18_0 like Mac OS X)',
  },
  {
    ...{ device: 'pc', client_id: 'ground-station', device_name: 'Console 4, hall B' },
    user_agent: 'GroundStation/11.0 (Windows NT 10.0; Win64; x64)',
  },
] as const

export function personOf(chance: Chance): string {
  return `main:${chance.pick(first)}.${chance.pick(second)}`
}

export function sidOf(at: number, chance: Chance): string {
  const time = (at * 1000 + chance.below(1000)).toString(16).padStart(12, '0')
  const tail = Array.from({ length: 18 }, () => chance.below(16).toString(16)).join('')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(6)}`
}

export function sessionOf(uid: string, at: number, chance: Chance): SessionItem {
  const end = { revoked_at: null, revoked_reason: null, revoked_by_user_id: null }
  return {
    ...{
      sid: sidOf(at, chance),
      uid,
      ...chance.pick<(typeof devices)[number]>(devices),
      ...end,
      current: false,
    },
    ip: `203.0.113.${1 + chance.below(250)}`,
    roles: chance.below(9) === 0 ? ['pilot', 'ops'] : ['pilot'],
    ...{ auth_time: at, created_at: at, last_seen_at: at, expires_at: at + 30 * 86_400 },
  }
}
