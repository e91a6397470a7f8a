import type { Claims, EpochSeconds, Instant, SessionId, Uid } from '#domain'
import { claimHas, claimOf } from './claims.ts'
import type { Conditions, Requirement } from './settings.ts'

/** Who a good credential belongs to, as far as rules and headers ask. */
export interface Subject {
  /** Null for a token of another issuer. */
  readonly sid: SessionId | null
  readonly uid: Uid
  readonly device: string | null
  /** With those that the configuration gives, computed anew at each use (rule 17). */
  readonly roles: readonly string[]
  readonly claims: Claims
  readonly authTime: EpochSeconds | null
  readonly acr: string | null
  /** The id of the provider that it signed in at. */
  readonly idp: string | null
}

export type Condition = 'roles' | 'allRoles' | 'users' | 'claims' | 'idp' | 'acr' | 'maxAge'

/** The first condition that does not hold; undefined when all do. `none` and `session` have none. */
export function unmet(
  requirement: Requirement,
  subject: Subject,
  now: Instant,
): Condition | undefined {
  if (requirement.kind !== 'conditions') return undefined
  return order.find((name) => !checks[name](requirement, subject, now))
}

/** Until when what holds now goes on to hold, if the subject stays as it is. */
export function holdsUntil(requirement: Requirement, subject: Subject): number {
  if (requirement.kind !== 'conditions' || requirement.maxAgeSeconds === null) return Infinity
  if (subject.authTime === null) return 0
  return (subject.authTime + requirement.maxAgeSeconds) * 1000
}

type Check = (wanted: Conditions, subject: Subject, now: Instant) => boolean

const checks: Readonly<Record<Condition, Check>> = {
  roles: ({ roles }, subject) =>
    roles === null || roles.some((role) => subject.roles.includes(role)),
  allRoles: ({ allRoles }, subject) =>
    allRoles === null || allRoles.every((role) => subject.roles.includes(role)),
  users: ({ users }, subject) => users === null || users.includes(subject.uid),
  claims: ({ claims }, subject) =>
    claims === null ||
    Object.entries(claims).every(([name, values]) => {
      const held = claimOf(subject.claims, name)
      return values.some((value) => claimHas(held, value))
    }),
  idp: ({ idp }, subject) => idp === null || idp === subject.idp,
  acr: ({ acr }, subject) => acr === null || (subject.acr !== null && acr.includes(subject.acr)),
  maxAge: (wanted, subject, now) =>
    wanted.maxAgeSeconds === null || now < holdsUntil(wanted, subject),
}

const order: readonly Condition[] = ['users', 'roles', 'allRoles', 'claims', 'idp', 'acr', 'maxAge']
