/* The reverse proxies that the tests run, from Debian's own packages: nginx 1.22, Caddy 2.6, HAProxy 2.6. */
import { join } from 'node:path'
import { programsOf, type Wanted } from './binaries.ts'

export const proxyNames = ['nginx', 'caddy', 'haproxy'] as const
export type ProxyName = (typeof proxyNames)[number]

const wanted: Readonly<Record<ProxyName, Wanted>> = {
  nginx: {
    ...{ name: 'nginx', programs: ['nginx'], folders: [], apt: 'nginx', brew: 'nginx' },
    units: ['nginx.service'],
  },
  caddy: {
    ...{ name: 'Caddy', programs: ['caddy'], folders: [], apt: 'caddy', brew: 'caddy' },
    units: ['caddy.service'],
  },
  haproxy: {
    ...{ name: 'HAProxy', programs: ['haproxy'], folders: [], apt: 'haproxy', brew: 'haproxy' },
    units: ['haproxy.service'],
  },
}

/** The program of each, found or installed. */
export function proxyPrograms(): Readonly<Record<ProxyName, string>> {
  const path = (name: ProxyName): string => join(programsOf(wanted[name]), name)
  return { nginx: path('nginx'), caddy: path('caddy'), haproxy: path('haproxy') }
}
