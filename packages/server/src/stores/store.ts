import {
  type AdminLinkStore,
  type AuditStore,
  type CursorStore,
  type DeviceStore,
  type EffectStore,
  type EndOrder,
  type EndResult,
  type ProviderLogoutResult,
  type RecordedEnd,
  type StartResult,
  type Store,
  toldOf,
  type UserEndResult,
  type WatchStore,
} from '#authority'
import { activityStatements, addActivity, readActivity } from './acts/activity.ts'
import { addAdminLink, adminLinkStatements, countLive, findAdminLink } from './acts/admin-links.ts'
import { addAudit, auditStatements, listAudit } from './acts/audit.ts'
import { addCode, codeStatements, readCode } from './acts/codes.ts'
import { cursorStatements, leaseCursor, moveCursor } from './acts/cursors.ts'
import {
  addDevice,
  decideDevice,
  deviceStandings,
  deviceStatements,
  pollDevice,
  scanDevice,
  watchedDevice,
} from './acts/device-authorizations.ts'
import {
  addEffect,
  claimEffects,
  effectStatements,
  finishEffects,
  giveUpEffect,
  giveUpOverdue,
  postponeEffect,
  releaseEffects,
} from './acts/effects.ts'
import { endFamily, endStatements, endUser } from './acts/ends.ts'
import { feedStatements, readPage, readTail, renewEpoch } from './acts/feed.ts'
import {
  addSigningKey,
  dropSigningKey,
  keyStatements,
  listKeyIds,
  readKeyIds,
  readSigningKeys,
  retireKeyId,
} from './acts/keys.ts'
import { onceStatements, useOnce } from './acts/once.ts'
import { countEffects, listEffects, outboxStatements, retryEffects } from './acts/outbox.ts'
import { countOfSubject, endByProvider, providerEndStatements } from './acts/provider-ends.ts'
import { pruneFeed, pruneSessions, pruneStatements } from './acts/prune.ts'
import { beat, leave, readFollowers, replicaStatements } from './acts/replicas.ts'
import { listSessions, listStatements } from './acts/session-list.ts'
import {
  enableUser,
  findExpired,
  readFence,
  readSession,
  readUser,
  sessionStatements,
  swapSession,
} from './acts/sessions.ts'
import { startSession, startStatements } from './acts/start.ts'
import { countUnended, readSessions, startedAfter, watchStatements } from './acts/watch.ts'
import type { Engine } from './engine.ts'
import { freshEpoch } from './epoch.ts'

/** Joins the acts, which say what happens, to an engine, which says how. */
export function createStore(engine: Engine): Store {
  const afterwards = new Afterwards(engine)
  return {
    ...sessionMethods(engine),
    ...onceMethods(engine),
    ...startAndEndMethods(engine, afterwards),
    ...providerMethods(engine, afterwards),
    ...feedMethods(engine),
    ...keyMethods(engine),
    ...effectMethods(engine, afterwards),
    ...cursorMethods(engine),
    ...deviceMethods(engine),
    ...watchMethods(engine),
    ...adminMethods(engine),
    onHint: (listener) => engine.onHint(listener),
    announceSession: (sid) => engine.announceSession(sid),
    onSessionHint: (listener) => engine.onSessionHint(listener),
    close: () => engine.close(),
  }
}

/** Who is told once a transaction with ends or effects has been committed. */
class Afterwards {
  readonly #engine: Engine
  readonly #listeners = new Set<() => void>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  ended(ended: readonly RecordedEnd[], effects = false): void {
    if (ended.length > 0) this.#engine.announce()
    if (effects || ended.some((one) => one.effects)) this.effects()
  }

  /** Rows were written for the worker of this process to see to. */
  effects(): void {
    for (const listener of this.#listeners) listener()
  }

  onEffects(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

type Methods<Name extends keyof Store> = Pick<Store, Name>

function sessionMethods(
  engine: Engine,
): Methods<'read' | 'swap' | 'list' | 'expired' | 'user' | 'enableUser' | 'fence'> {
  const sql = sessionStatements(engine.dialect)
  const lists = listStatements(engine.dialect)
  return {
    read: (sid) => engine.read(() => readSession(sql, sid)),
    swap: (from, to, until = null) => engine.writeOne(() => swapSession(sql, { from, to, until })),
    list: (query) => engine.read(() => listSessions(lists, query)),
    expired: (after, limit) => engine.read(() => findExpired(sql, after, limit)),
    user: (uid) => engine.read(() => readUser(sql, uid)),
    enableUser: (uid) => engine.writeOne(() => enableUser(sql, uid)),
    fence: () => engine.read(() => readFence(sql)),
  }
}

/** What works once. */
function onceMethods(engine: Engine): Methods<'once' | 'addCode' | 'code'> {
  const once = onceStatements(engine.dialect)
  const codes = codeStatements(engine.dialect)
  return {
    once: (kind, id, expiresAt) => engine.writeOne(() => useOnce(once, { kind, id, expiresAt })),
    addCode: (code) => engine.writeOne(() => addCode(codes, code)),
    code: (hash) => engine.read(() => readCode(codes, hash)),
  }
}

function startAndEndMethods(
  engine: Engine,
  afterwards: Afterwards,
): Methods<'start' | 'end' | 'endUser'> {
  const starts = startStatements(engine.dialect)
  const tells = toldOf(engine.dialect.effects, 'session.started').length > 0
  const ends = endStatements(engine.dialect)
  const endWithFamily = async (order: EndOrder): Promise<EndResult> => {
    const result = await engine.write(() => endFamily(ends, order))
    const own = result.kind === 'ended' ? [result.recorded] : []
    afterwards.ended('children' in result ? [...own, ...(result.children ?? [])] : own)
    return result
  }
  return {
    start: async (request) => {
      const attempt = (): Promise<StartResult> =>
        engine.write(
          () => startSession(starts, request),
          (result) => result.kind === 'started',
        )
      const result = await attempt().catch((error: unknown) => {
        // Under the user's lock a slot is free once its rows have ended; a clock set back can hold one.
        if (engine.isUniqueViolation(error)) return attempt()
        throw error
      })
      if (result.kind === 'started') afterwards.ended(result.ended, tells)
      return result
    },
    end: async (order) => {
      if (order.family === true) return endWithFamily(order)
      const result = await engine.end(order)
      if (result.kind === 'ended' && result.recorded.effects === true) afterwards.effects()
      return result
    },
    endUser: async (order) => {
      const result: UserEndResult = await engine.write(
        () => endUser(ends, order),
        ({ kind }) => kind === 'done',
      )
      if (result.kind === 'done') afterwards.ended(result.ended)
      return result
    },
  }
}

function providerMethods(
  engine: Engine,
  afterwards: Afterwards,
): Methods<'endByProvider' | 'countOfSubject'> {
  const sql = providerEndStatements(engine.dialect)
  return {
    endByProvider: async (order) => {
      const result: ProviderLogoutResult = await engine.write(() => endByProvider(sql, order))
      if (result.kind === 'done') afterwards.ended(result.ended)
      return result
    },
    countOfSubject: (issuer, subject, providerSid = null) =>
      engine.read(() => countOfSubject(sql, { issuer, subject, providerSid })),
  }
}

function feedMethods(engine: Engine): Methods<'tail' | 'page' | 'renewEpoch' | 'prune'> {
  const feed = feedStatements(engine.dialect)
  const pruning = pruneStatements(engine.dialect)
  return {
    tail: (afterSeq) => engine.read(() => readTail(feed, afterSeq)),
    page: (query) => engine.read(() => readPage(feed, query)),
    renewEpoch: async (expected) => {
      const next = freshEpoch()
      const epoch = await engine.write(() => renewEpoch(feed, expected, next))
      engine.announce()
      return epoch
    },
    prune: async (limits) => {
      const feedRows = await engine.write(() => pruneFeed(pruning, limits))
      const { sessions, more } = await engine.write(() => pruneSessions(pruning, limits))
      return { feedRows, sessions, more: more || feedRows >= limits.rowsMax }
    },
  }
}

function keyMethods(
  engine: Engine,
): Methods<
  'signingKeys' | 'addSigningKey' | 'dropSigningKey' | 'keyIds' | 'listKeyIds' | 'retireKeyId'
> {
  const keys = keyStatements(engine.dialect)
  const announced = async <Result>(writing: Promise<Result>): Promise<Result> => {
    const result = await writing
    engine.announce()
    return result
  }
  return {
    signingKeys: () => engine.read(() => readSigningKeys(keys)),
    addSigningKey: (key, addition) =>
      announced(engine.write(() => addSigningKey(keys, key, addition))),
    dropSigningKey: (kid) => announced(engine.write(() => dropSigningKey(keys, kid))),
    keyIds: () => engine.read(() => readKeyIds(keys)),
    listKeyIds: (ids, delayMs) => announced(engine.write(() => listKeyIds(keys, ids, delayMs))),
    retireKeyId: (id) => announced(engine.write(() => retireKeyId(keys, id))),
  }
}

function effectMethods(engine: Engine, afterwards: Afterwards): EffectStore {
  const effects = effectStatements(engine.dialect)
  const outbox = outboxStatements(engine.dialect)
  return {
    claimEffects: (order) => engine.write(() => claimEffects(effects, order)),
    finishEffects: (ids) => engine.writeOne(() => finishEffects(effects, ids)),
    postponeEffect: ({ id }, order) => engine.writeOne(() => postponeEffect(effects, id, order)),
    giveUpEffect: ({ id }, order) => engine.writeOne(() => giveUpEffect(effects, id, order)),
    giveUpOverdue: (openMsMax, limit) =>
      engine.writeOne(() => giveUpOverdue(effects, openMsMax, limit)),
    releaseEffects: (owner) => engine.writeOne(() => releaseEffects(effects, owner)),
    addEffect: async (effect) => {
      await engine.writeOne(() => addEffect(effects, effect))
      afterwards.effects()
    },
    effects: (query) => engine.read(() => listEffects(outbox, query)),
    retryEffects: async (choice) => {
      const retried = await engine.writeOne(() => retryEffects(outbox, choice))
      if (retried > 0) afterwards.effects()
      return retried
    },
    countEffects: () => engine.read(() => countEffects(outbox)),
    onEffects: (listener) => afterwards.onEffects(listener),
  }
}

function cursorMethods(engine: Engine): CursorStore {
  const sql = cursorStatements(engine.dialect)
  return {
    leaseCursor: (name, order) => engine.writeOne(() => leaseCursor(sql, name, order)),
    moveCursor: (name, order) => engine.writeOne(() => moveCursor(sql, name, order)),
  }
}

function adminMethods(engine: Engine): AuditStore & AdminLinkStore {
  const audit = auditStatements(engine.dialect)
  const links = adminLinkStatements(engine.dialect)
  return {
    addAudit: (entry) => engine.writeOne(() => addAudit(audit, entry)),
    audit: (query) => engine.read(() => listAudit(audit, query)),
    addAdminLink: (link) => engine.write(() => addAdminLink(links, link)),
    adminLink: (hashes) => engine.read(() => findAdminLink(links, hashes)),
    countLive: (uid) => engine.read(() => countLive(links, uid)),
  }
}

function deviceMethods(engine: Engine): DeviceStore {
  const sql = deviceStatements(engine.dialect)
  return {
    addDevice: (order) => engine.writeOne(() => addDevice(sql, order)),
    scanDevice: (userCode, by) => engine.write(() => scanDevice(sql, userCode, by)),
    decideDevice: (userCode, order) => engine.write(() => decideDevice(sql, userCode, order)),
    pollDevice: (deviceCode, clientId) =>
      engine.writeOne(() => pollDevice(sql, deviceCode, clientId)),
    watchedDevice: (watch) => engine.read(() => watchedDevice(sql, watch)),
    deviceStandings: (ids) => engine.read(() => deviceStandings(sql, ids)),
  }
}

function watchMethods(engine: Engine): WatchStore {
  const sql = watchStatements(engine.dialect)
  const activity = activityStatements(engine.dialect)
  const replicas = replicaStatements(engine.dialect)
  return {
    startedAfter: (after, limit) => engine.read(() => startedAfter(sql, after, limit)),
    sessions: (sids) => engine.read(() => readSessions(sql, sids)),
    countUnended: () => engine.read(() => countUnended(sql)),
    addActivity: (counts) => engine.writeOne(() => addActivity(activity, counts)),
    activity: (query) => engine.read(() => readActivity(activity, query)),
    beat: (replica) => engine.writeOne(() => beat(replicas, replica)),
    leave: (id) => engine.writeOne(() => leave(replicas, id)),
    followers: () => engine.read(() => readFollowers(replicas)),
  }
}
