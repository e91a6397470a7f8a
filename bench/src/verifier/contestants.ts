/*
 * One call of the SDK beside what it could cost at least, and beside what others do. Every call gets a
 * string that was made for it, as a server's parser makes one: a string object that comes again has its
 * hash with it, and would measure nothing that servers ever see.
 */
import { createPublicKey, verify } from 'node:crypto'
import { createVerifier, type Verifier } from '@curfew/verifier'
import { Denylist, defaultTiming } from '@curfew/verifier/feed'
import { createVerifier as createFastJwtVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import {
  audience,
  FakeCurfew,
  issuer,
  newSid,
} from '../../../packages/verifier/test/fake-curfew.ts'
import type { Contestant } from '../measure/contestant.ts'
import { awaited, repeated } from '../tokens/jws-contestants.ts'

const distinctTokens = 1000
const endedSessions = 100_000

/** Of a known token, and of one that was never seen. */
export const cachedNames = {
  received: 'a received token, nothing asked',
  floor: 'Map.get of the received token',
  peek: 'peek, denylist included',
  verify: 'await verify, denylist included',
  fastJwt: 'fast-jwt with its cache, no denylist',
  jose: 'jose, no cache, no denylist',
} as const
export const coldNames = {
  curfew: 'verify of a new token',
  jose: 'jose of a new token',
  floor: 'node:crypto verify alone',
} as const
/** A look-up is the difference of the two. */
export const denylistNames = {
  floor: 'a received sid, nothing asked',
  has: 'a received sid, Denylist.has among 1,000,000',
} as const

export interface Scene {
  readonly contestants: readonly Contestant[]
  readonly denylistBytes: number
  close(): Promise<void>
}

export async function openScene(): Promise<Scene> {
  const curfew = await FakeCurfew.start()
  curfew.timing.nowMs = Date.now()
  for (let n = 0; n < endedSessions; n++) curfew.end(newSid(), 100_000)
  const timing = defaultTiming()
  const common = { stream: false, timing, pullInterval: '1h', maxStaleness: '2h' } as const
  const warm = await createVerifier(curfew.options(common))
  const cold = await createVerifier(curfew.options({ ...common, cacheMax: 2 }))
  const lives = { expiresInSeconds: 50_000, claims: { email: 'alice@example.com', amr: ['pwd'] } }
  const tokens: Buffer[] = []
  for (let n = 0; n < distinctTokens; n++) tokens.push(Buffer.from(await curfew.token(lives)))
  const { denylist, sids } = fullDenylist()
  return {
    contestants: [
      ...cachedContestants(await knowing(warm, tokens), tokens, publicKeyOf(curfew)),
      ...coldContestants(cold, tokens, publicKeyOf(curfew)),
      repeated(
        denylistNames.floor,
        inTurn(sids, (sid) => sid),
      ),
      repeated(
        denylistNames.has,
        inTurn(sids, (sid) => denylist.has(sid)),
      ),
    ],
    denylistBytes: denylist.bytes,
    async close() {
      await warm.close()
      await cold.close()
    },
  }
}

function publicKeyOf(curfew: FakeCurfew) {
  const [signer] = curfew.signers
  if (signer === undefined) throw new Error('no signer')
  return createPublicKey({ key: { ...signer.jwk }, format: 'jwk' })
}

type PublicKey = ReturnType<typeof publicKeyOf>

async function knowing(verifier: Verifier, tokens: readonly Buffer[]): Promise<Verifier> {
  for (const token of tokens) await verifier.verify(token.toString('latin1'))
  return verifier
}

function cachedContestants(verifier: Verifier, tokens: readonly Buffer[], key: PublicKey) {
  const map = new Map(tokens.map((token) => [token.toString('latin1'), token]))
  const fastJwt = createFastJwtVerifier({
    key: key.export({ type: 'spki', format: 'pem' }) as string,
    ...{ algorithms: ['ES256'], allowedIss: issuer, allowedAud: audience },
    ...{ cache: distinctTokens * 2, cacheTTL: 3_600_000 },
  })
  const jose = { issuer, audience, typ: 'at+jwt' }
  return [
    repeated(
      cachedNames.received,
      inTurn(tokens, (token) => token),
    ),
    repeated(
      cachedNames.floor,
      inTurn(tokens, (token) => must(map.get(token))),
    ),
    repeated(
      cachedNames.peek,
      inTurn(tokens, (token) => must(verifier.peek(token))),
    ),
    awaited(
      cachedNames.verify,
      inTurn(tokens, (token) => verifier.verify(token)),
    ),
    repeated(
      cachedNames.fastJwt,
      inTurn(tokens, (token) => must(fastJwt(token))),
    ),
    awaited(
      cachedNames.jose,
      inTurn(tokens, (token) => jwtVerify(token, key, jose)),
    ),
  ]
}

function coldContestants(verifier: Verifier, tokens: readonly Buffer[], key: PublicKey) {
  const jose = { issuer, audience, typ: 'at+jwt' }
  const [first = Buffer.alloc(0)] = tokens
  const [header = '', payload = '', signature = ''] = first.toString('latin1').split('.')
  const input = Buffer.from(`${header}.${payload}`)
  const joined = { key, dsaEncoding: 'ieee-p1363' } as const
  const bytes = Buffer.from(signature, 'base64url')
  return [
    awaited(
      coldNames.curfew,
      inTurn(tokens, (token) => verifier.verify(token)),
    ),
    awaited(
      coldNames.jose,
      inTurn(tokens, (token) => jwtVerify(token, key, jose)),
    ),
    repeated(coldNames.floor, () => verify('sha256', input, joined, bytes)),
  ]
}

/** Half of the look-ups find nothing, as nearly all do in life; the other half find theirs. */
function fullDenylist(): { denylist: Denylist; sids: readonly Buffer[] } {
  const denylist = new Denylist()
  const sids: Buffer[] = []
  for (let n = 0; n < 1_000_000; n++) {
    const sid = newSid()
    denylist.add(sid, 4_000_000_000)
    if (n % 1000 === 0) sids.push(Buffer.from(sid), Buffer.from(newSid()))
  }
  return { denylist, sids }
}

function inTurn<Result>(texts: readonly Buffer[], act: (text: string) => Result): () => Result {
  let next = 0
  return () => {
    const text = texts[next++ % texts.length]
    if (text === undefined) throw new Error('there is nothing to ask for')
    return act(text.toString('latin1'))
  }
}

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a good token was not answered')
  return value
}
