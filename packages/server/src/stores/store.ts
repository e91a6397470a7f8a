import type { ProviderLogoutResult, StartResult, Store, UserEndResult } from '#authority'
import { endStatements, endUser } from './acts/ends.ts'
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
import { countOfSubject, endByProvider, providerEndStatements } from './acts/provider-ends.ts'
import { prunedOf, pruneFeed, pruneSessions, pruneStatements } from './acts/prune.ts'
import {
  enableUser,
  findExpired,
  listSessions,
  readFence,
  readSession,
  readUser,
  sessionStatements,
  swapSession,
} from './acts/sessions.ts'
import { startSession, startStatements } from './acts/start.ts'
import type { Engine } from './engine.ts'
import { freshEpoch } from './epoch.ts'

/** Joins the acts, which say what happens, to an engine, which says how. */
export function createStore(engine: Engine): Store {
  return {
    ...sessionMethods(engine),
    ...startAndEndMethods(engine),
    ...providerMethods(engine),
    ...feedMethods(engine),
    ...keyMethods(engine),
    onHint: (listener) => engine.onHint(listener),
    announceSession: (sid) => engine.announceSession(sid),
    onSessionHint: (listener) => engine.onSessionHint(listener),
    close: () => engine.close(),
  }
}

type Methods<Name extends keyof Store> = Pick<Store, Name>

function sessionMethods(
  engine: Engine,
): Methods<'read' | 'swap' | 'list' | 'expired' | 'user' | 'enableUser' | 'fence' | 'once'> {
  const sql = sessionStatements(engine.dialect)
  const once = onceStatements(engine.dialect)
  return {
    read: (sid) => engine.read(() => readSession(sql, sid)),
    swap: (from, to, until = null) => engine.writeOne(() => swapSession(sql, { from, to, until })),
    list: (query) => engine.read(() => listSessions(sql, query)),
    expired: (after, limit) => engine.read(() => findExpired(sql, after, limit)),
    user: (uid) => engine.read(() => readUser(sql, uid)),
    enableUser: (uid) => engine.writeOne(() => enableUser(sql, uid)),
    fence: () => engine.read(() => readFence(sql)),
    once: (kind, id, expiresAt) => engine.writeOne(() => useOnce(once, { kind, id, expiresAt })),
  }
}

function startAndEndMethods(engine: Engine): Methods<'start' | 'end' | 'endUser'> {
  const starts = startStatements(engine.dialect)
  const ends = endStatements(engine.dialect)
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
      if (result.kind === 'started' && result.ended.length > 0) engine.announce()
      return result
    },
    end: (order) => engine.end(order),
    endUser: async (order) => {
      const result: UserEndResult = await engine.write(
        () => endUser(ends, order),
        ({ kind }) => kind === 'done',
      )
      if (result.kind === 'done' && result.ended.length > 0) engine.announce()
      return result
    },
  }
}

function providerMethods(engine: Engine): Methods<'endByProvider' | 'countOfSubject'> {
  const sql = providerEndStatements(engine.dialect)
  return {
    endByProvider: async (order) => {
      const result: ProviderLogoutResult = await engine.write(() => endByProvider(sql, order))
      if (result.kind === 'done' && result.ended.length > 0) engine.announce()
      return result
    },
    countOfSubject: (issuer, subject) => engine.read(() => countOfSubject(sql, issuer, subject)),
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
      const rows = await engine.write(() => pruneFeed(pruning, limits))
      return prunedOf(rows, await engine.write(() => pruneSessions(pruning, limits)))
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
