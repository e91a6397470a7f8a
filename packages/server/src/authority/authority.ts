import type { Actor, ClientId, LiveSession, Session, SessionId, Uid } from '#domain'
import * as administer from './administer.ts'
import type { Applied } from './apply.ts'
import * as audited from './audit.ts'
import type { AuditStore } from './audit-ports.ts'
import {
  type CodeAnswer,
  type CodeOrder,
  issueCode,
  type RedeemAnswer,
  type RedeemInput,
  redeemCode,
} from './authorization-code.ts'
import { type ClientTokenAnswer, type ClientTokenInput, clientToken } from './client-token.ts'
import { type Introspection, introspect, type RevocationAnswer, revokeToken } from './introspect.ts'
import { type IssueAnswer, type IssueInput, issue } from './issue.ts'
import {
  type LogoutAnswer,
  logout,
  logoutMany,
  logoutOne,
  logoutPage,
  type ManyAnswer,
} from './logout.ts'
import type { ClientRules, Policy } from './policy.ts'
import type { SessionPage, SessionQuery, UserState } from './ports.ts'
import { type Presented, pageTokens, present } from './present.ts'
import { type RefreshAnswer, type RefreshInput, refresh } from './refresh.ts'
import { effectiveRoles } from './roles.ts'
import type { Rooms } from './rooms.ts'
import type { IdTokenHint } from './token-ports.ts'
import { type UserInfo, userInfo } from './userinfo.ts'

/** The use cases, for http and the command line. Each may throw StoreUnavailable or KeyMissing. */
export interface Authority {
  readonly policy: Policy
  issue(input: IssueInput): Promise<IssueAnswer>
  refresh(input: RefreshInput): Promise<RefreshAnswer>
  clientToken(input: ClientTokenInput): Promise<ClientTokenAnswer>
  issueCode(order: CodeOrder): Promise<CodeAnswer>
  redeemCode(input: RedeemInput): Promise<RedeemAnswer>
  userInfo(token: string): Promise<UserInfo>
  /** What an ID token of ours names, also after it has run out. */
  readHint(token: string): IdTokenHint | undefined
  present(token: string): Promise<Presented>
  /** The same for the cookie of our own pages, which is no token (rules 15 and 29). */
  presentPage(cookie: string): Promise<Presented>
  introspect(caller: ClientRules, token: string): Promise<Introspection>
  revokeToken(caller: ClientRules, token: string): Promise<RevocationAnswer>
  logout(token: string): Promise<LogoutAnswer>
  logoutPage(cookie: string): Promise<LogoutAnswer>
  logoutMany(caller: LiveSession, which: 'all' | 'others'): Promise<ManyAnswer>
  /** One of the caller's own sessions; the caller was matched against it before. */
  logoutOne(sid: SessionId, by: Uid): Promise<LogoutAnswer>
  revokeSession: Bound<typeof audited.revokeSession>
  revokeUser: Bound<typeof audited.revokeUser>
  enableUser(uid: Uid, by: Actor): Promise<void>
  fence(): Promise<number>
  user(uid: Uid): Promise<UserState>
  show(sid: SessionId): Promise<Session | undefined>
  list(query: SessionQuery): Promise<SessionPage>
  rename(sid: SessionId, deviceName: string | null): Promise<Applied>
  regrantSession(sid: SessionId, order: audited.RegrantOrder): Promise<Applied>
  regrantUser(uid: Uid, order: audited.RegrantOrder): Promise<number>
  /** Before any other administrative act: one whose row cannot be written is not done. */
  record(by: Actor, act: audited.AdministrativeAct): Promise<void>
  audit: AuditStore['audit']
  effectiveRoles(session: Session): readonly string[]
}

type Bound<Act> = Act extends (rooms: audited.AuditedRooms, ...rest: infer Rest) => infer Answer
  ? (...rest: Rest) => Answer
  : never

export function createAuthority(bare: Rooms, audit: AuditStore): Authority {
  const rooms: audited.AuditedRooms = { ...bare, audit }
  const ownSessions = new Map<ClientId, SessionId>()
  return {
    policy: rooms.policy,
    issue: (input) => issue(rooms, input),
    refresh: (input) => refresh(rooms, input),
    clientToken: (input) => clientToken(rooms, ownSessions, input),
    issueCode: (order) => issueCode(rooms, order),
    redeemCode: (input) => redeemCode(rooms, input),
    userInfo: (token) => userInfo(rooms, token),
    readHint: (token) => rooms.idTokens.readHint(token),
    present: (token) => present(rooms, token),
    presentPage: (cookie) => present(rooms, cookie, pageTokens),
    introspect: (caller, token) => introspect(rooms, caller, token),
    revokeToken: (caller, token) => revokeToken(rooms, caller, token),
    logout: (token) => logout(rooms, token),
    logoutPage: (cookie) => logoutPage(rooms, cookie),
    logoutMany: (caller, which) => logoutMany(rooms, caller, which),
    logoutOne: (sid, by) => logoutOne(rooms, sid, by),
    revokeSession: (order) => audited.revokeSession(rooms, order),
    revokeUser: (order) => audited.revokeUser(rooms, order),
    enableUser: (uid, by) => audited.enableUser(rooms, uid, by),
    fence: () => rooms.store.fence(),
    user: (uid) => rooms.store.user(uid),
    show: (sid) => administer.showSession(rooms, sid),
    list: (query) => administer.listSessions(rooms, query),
    rename: (sid, deviceName) => administer.renameSession(rooms, sid, deviceName),
    regrantSession: (sid, order) => audited.regrantSession(rooms, sid, order),
    regrantUser: (uid, order) => audited.regrantUser(rooms, uid, order),
    record: (by, act) => audited.recordAct(audit, by, act),
    audit: (query) => audit.audit(query),
    effectiveRoles: (session) => effectiveRoles(rooms.policy, session),
  }
}
