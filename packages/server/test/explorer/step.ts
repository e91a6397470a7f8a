/*
 * One step of one client: what the authority's use cases do between two awaits. Modes of a client:
 *   begin   at a step of its program; decides on a cached row where the step allows it
 *   read    reads its session and decides
 *   swap    a move was decided; the swap comes next            conflict -> read
 *   end     an end was decided; it comes next                  not expired -> read
 *   commit  (planted mistake) the end has its number and is not committed
 *   join    a start was told to join: read, decide, swap       ended meanwhile -> begin
 *   fill    answered from a row just read; the cache is filled next
 *   done    answered; crashed: will never answer
 */
import {
  type Command,
  type DevicePolicy,
  instant,
  isExpired,
  type LiveSession,
  transition,
} from '#domain'
import {
  checkFence,
  end,
  endUser,
  read,
  type Store,
  start,
  swap,
  type Warrant,
} from './model-store.ts'
import {
  applicantOf,
  candidateOf,
  graceMs,
  joinCommand,
  type Moment,
  namedReason,
  type Program,
  providerTimeoutMs,
  type Step,
} from './programs.ts'
import { must } from './violation.ts'
import type { Client, World } from './world.ts'

export interface Model extends Store {
  readonly policy: DevicePolicy
  readonly programs: readonly Program[]
}

/** One thing that may happen next. */
export interface Move {
  readonly what: string
  readonly world: World
}

interface Turn {
  readonly model: Model
  readonly world: World
  readonly index: number
  readonly client: Client
  readonly program: Program
  readonly step: Step
}

/** What this client may do next: one thing, or for a crash one for each victim. */
export function movesOf(model: Model, world: World, index: number): readonly Move[] {
  const client = world.clients[index]
  const program = model.programs[index]
  if (client === undefined || program === undefined) return []
  if (client.phase === 'done' || client.phase === 'crashed') return []
  const step = program.steps[client.pc]
  if (step === undefined) return []
  const turn = { model, world, index, client, program, step }
  if (step.act === 'crash') return crashes(turn)
  const after = run(turn)
  return [{ what: label(turn, after), world: after }]
}

function label({ program, client, step, index }: Turn, after: World): string {
  const now = after.clients[index]
  const came = now?.answer === undefined ? (now?.phase ?? '') : `answers ${now.answer}`
  return `${program.name}: ${step.act} ${client.phase} -> ${came}`
}

function run(turn: Turn): World {
  switch (turn.client.phase) {
    case 'begin':
      return begin(turn)
    case 'read':
    case 'join':
      return decideOnFreshRow(turn)
    case 'swap':
      return swapNow(turn)
    case 'end':
    case 'commit':
      return endNow(turn)
    case 'fill':
      return fill(turn)
    default:
      throw new Error(`nothing to run: ${turn.client.phase}`)
  }
}

function begin(turn: Turn): World {
  const { step, world, model, client } = turn
  switch (step.act) {
    case 'apply':
      return step.cached === true ? proposeFromCache(turn) : decideOnFreshRow(turn)
    case 'end':
      return endNow(turn)
    case 'end-user':
      return endUserNow(turn, step)
    case 'capture-fence':
      return next(turn, world, { fence: world.fence })
    case 'start':
      return startNow(turn, step)
    case 'send':
      return send(turn)
    case 'arrive':
      return arrive(turn, step)
    case 'withdraw':
      return next(turn, { ...world, idp: { ...world.idp, withdrawn: true } })
    case 'read-feed':
      return next(turn, world, { page: entriesAfter(world), head: world.head })
    case 'take-in':
      return takeIn(turn)
    case 'present':
      return present(turn)
    case 'tick':
      return next(turn, { ...world, now: world.now + step.ms }, client)
    default:
      throw new Error(`no such step: ${step.act} of ${model.policy.policy}`)
  }
}

// Where a client goes from a step.

function withClient(turn: Turn, world: World, client: Client): World {
  return { ...world, clients: world.clients.with(turn.index, client) }
}

/** On to the next step; what is carried over is named. */
function next(turn: Turn, world: World, carried: Partial<Client> = {}): World {
  const pc = turn.client.pc + 1
  if (pc >= turn.program.steps.length) return answer(turn, world, 'ok')
  const { fence, sent, leaseUntil, heard, page, head } = { ...turn.client, ...carried }
  const kept = Object.entries({ fence, sent, leaseUntil, heard, page, head })
  const known = Object.fromEntries(kept.filter(([, value]) => value !== undefined))
  return withClient(turn, world, { ...known, pc, phase: 'begin' })
}

function answer(turn: Turn, world: World, text: string): World {
  return withClient(turn, world, { pc: turn.client.pc, phase: 'done', answer: text })
}

function stay(turn: Turn, world: World, change: Partial<Client>): World {
  const { from: _from, to: _to, cause: _cause, ...rest } = turn.client
  return withClient(turn, world, { ...rest, ...change })
}

// Apply: as authority/apply.ts.

function momentOf({ world, client, index }: Turn): Moment {
  return { now: world.now, client, index }
}

function commandOf(turn: Turn, session: LiveSession): Command {
  const { step } = turn
  if (step.act === 'apply') return step.command(session, momentOf(turn))
  if (step.act === 'start') return joinCommand(step.wanted, momentOf(turn))
  throw new Error(`${step.act} has no command`)
}

function sidOf({ client }: Turn): string {
  return client.joins ?? 's1'
}

/** Only `moved` may come of a cached row (rule 3). */
function proposeFromCache(turn: Turn): World {
  const { world, model, program } = turn
  const cached = world.caches[program.replica]
  if (cached === null) return decideOnFreshRow(turn)
  const session = model.book.live(cached)
  const outcome = transition(session, commandOf(turn, session), instant(world.now))
  if (outcome.kind === 'moved') {
    const to = model.book.number(outcome.next)
    return stay(turn, world, { phase: 'swap', from: cached, to })
  }
  if (outcome.kind === 'unchanged' && model.bugs.cachedRepeat) return served(turn, world, session)
  return stay(turn, world, { phase: 'read' })
}

function decideOnFreshRow(turn: Turn): World {
  const { model, world, client } = turn
  const row = read(model, world, sidOf(turn))
  const joining = client.joins !== undefined
  if (row.kind === 'ended') return joining ? startAgain(turn) : answer(turn, world, 'ended')
  const outcome = transition(row, commandOf(turn, row), instant(world.now))
  const filled = cache(turn, world, row)
  switch (outcome.kind) {
    case 'moved': {
      const from = model.book.number(row)
      return stay(turn, filled, { phase: 'swap', from, to: model.book.number(outcome.next) })
    }
    case 'ends':
      return stay(turn, filled, { phase: 'end', cause: outcome.cause })
    case 'unchanged':
      return served(turn, filled, row)
    case 'refused':
      return joining ? startAgain(turn) : answer(turn, filled, `refused ${outcome.refusal.why}`)
    default:
      return outcome satisfies never
  }
}

function swapNow(turn: Turn): World {
  const { model, world, client, program } = turn
  const from = model.book.live(client.from ?? -1)
  const to = model.book.live(client.to ?? -1)
  const after = swap(model, world, from, to)
  if (after === 'conflict') {
    const dropped = uncache(turn, world, from.origin.sid)
    return stay(turn, dropped, { phase: client.joins === undefined ? 'read' : 'join' })
  }
  const swapped = { ...to, version: from.version + 1 }
  return served(turn, cache(turn, after, swapped), swapped, program)
}

/** 200: of a swap just made, or of a row that says it all. Nothing may be served that has ended. */
function served(turn: Turn, world: World, session: LiveSession, program = turn.program): World {
  const { model, client } = turn
  const { sid } = session.origin
  const row = read(model, world, sid)
  must(
    row.kind === 'live',
    'dead-stays-dead',
    () => `${program.name} was answered 200 after the end of ${sid}`,
  )
  must(
    row.access.latestExp >= (session.access.newest?.exp ?? 0),
    'every-mint-is-a-swap',
    () => `${program.name} was given a token that no row knows of`,
  )
  if (turn.step.act === 'start') return joined(turn, world)
  if (program.presents !== undefined) return refreshed(turn, world, session)
  if (client.pc + 1 >= program.steps.length) return answer(turn, world, 'ok')
  const { provider } = session
  const lease = provider?.lease
  const taken = lease ? { sent: provider.tokensVersion, leaseUntil: lease.until } : {}
  return next(turn, world, taken)
}

function refreshed(turn: Turn, world: World, session: LiveSession): World {
  const { rotation } = session
  const presented = String(turn.program.presents?.generation)
  const successor = `gen ${rotation?.generation}, jti ${rotation?.minted.jti}`
  const other = world.successors[presented] ?? successor
  must(other === successor, 'one-successor', () => `of ${presented}: ${other}, and ${successor}`)
  const successors = { ...world.successors, [presented]: successor }
  return answer(turn, { ...world, successors }, `gen ${rotation?.generation}`)
}

// Ends.

function warrantOf({ program }: Turn): Warrant {
  return { mayEnd: program.ends === true, presented: program.presents, graceMs }
}

function endNow(turn: Turn): World {
  const { model, world, client, step } = turn
  if (model.bugs.numberBeforeCommit && client.phase !== 'commit') return drawNumber(turn)
  const cause =
    client.cause ??
    ({
      reason: namedReason(step.act === 'end' ? step.reason : ''),
      by: null,
      guard: 'live',
    } as const)
  const drawn = client.seq === undefined ? {} : { seq: client.seq }
  const ended = end(model, world, {
    ...cause,
    ...drawn,
    sid: sidOf(turn),
    warrant: warrantOf(turn),
  })
  if (ended.kind === 'not-expired') return stay(turn, ended.world, { phase: 'read' })
  const known = deny(turn, ended.world, [sidOf(turn)])
  if (client.joins !== undefined) return startAgain({ ...turn, world: known })
  return answer(turn, known, ended.kind === 'ended' ? `ended ${cause.reason}` : 'already ended')
}

function drawNumber(turn: Turn): World {
  const { world, client } = turn
  const seq = world.head + 1
  return withClient(turn, { ...world, head: seq }, { ...client, phase: 'commit', seq })
}

function endUserNow(turn: Turn, step: Extract<Step, { act: 'end-user' }>): World {
  const { model, world } = turn
  const ended = endUser(model, world, { ...step.order, warrant: warrantOf(turn) })
  if (ended === 'caller-ended') return answer(turn, world, 'caller ended')
  return answer(turn, deny(turn, ended.world, ended.sids), `ended ${ended.sids.length}`)
}

// Starts: as authority/start.ts.

function startNow(turn: Turn, step: Extract<Step, { act: 'start' }>): World {
  const { model, world, client } = turn
  const { policy } = model
  const result = start(model, world, {
    candidate: candidateOf(policy, step.wanted, momentOf(turn)),
    applicant: applicantOf(step.wanted),
    policy,
    fence: client.fence ?? 0,
    warrant: warrantOf(turn),
  })
  switch (result.kind) {
    case 'started':
      return answer(turn, deny(turn, result.world, result.sids), 'started')
    case 'join':
      return stay(turn, world, { phase: 'join', joins: result.sid })
    default:
      return answer(turn, world, result.kind)
  }
}

function startAgain(turn: Turn): World {
  const { pc, fence } = turn.client
  return withClient(turn, turn.world, {
    pc,
    phase: 'begin',
    ...(fence === undefined ? {} : { fence }),
  })
}

/** The join is committed; the fence is looked at once more before anybody is told. */
function joined(turn: Turn, world: World): World {
  const fence = turn.client.fence ?? 0
  if (fence < world.userFence && !turn.model.bugs.joinWithoutFence) {
    return answer(turn, world, 'fence-moved')
  }
  checkFence(world, fence)
  return answer(turn, world, 'joined')
}

// The provider.

/** The request is written only if its answer can come within the lease (rule 21). */
function send(turn: Turn): World {
  const { world, client, model, index } = turn
  const { sent = 0, leaseUntil = 0 } = client
  const inTime = world.now + providerTimeoutMs < leaseUntil
  if (!inTime && !model.bugs.sendWithoutTime) return answer(turn, world, 'gave up')
  const rival = world.idp.flights.find((one) => one.sent === sent && one.until > world.now)
  must(rival === undefined, 'one-grant', () => `token ${sent} is in flight twice`)
  const flights = [...world.idp.flights, { client: index, sent, until: leaseUntil }]
  return next(turn, { ...world, idp: { ...world.idp, flights } })
}

/** The provider rotates: a token is good once. */
function arrive(turn: Turn, step: Extract<Step, { act: 'arrive' }>): World {
  const { world, client } = turn
  const { idp } = world
  if (step.fault === true) return heard(turn, idp, 'fault')
  const isGood = client.sent === idp.good && !idp.withdrawn
  if (!isGood) return heard(turn, idp, 'refused')
  return heard(turn, { ...idp, good: idp.good + 1 }, 'tokens')
}

function heard(turn: Turn, idp: World['idp'], what: NonNullable<Client['heard']>): World {
  const isLast = turn.client.pc + 1 >= turn.program.steps.length
  // Whoever does not wait for the answer leaves its request in flight.
  const flights = isLast ? idp.flights : idp.flights.filter((one) => one.client !== turn.index)
  return next(turn, { ...turn.world, idp: { ...idp, flights } }, { heard: what })
}

// Replicas: what each knows.

function cache(turn: Turn, world: World, session: LiveSession): World {
  if (session.origin.sid !== 's1') return world
  const number = turn.model.book.number(session)
  return { ...world, caches: { ...world.caches, [turn.program.replica]: number } }
}

function uncache(turn: Turn, world: World, sid: string): World {
  return sid === 's1'
    ? { ...world, caches: { ...world.caches, [turn.program.replica]: null } }
    : world
}

/** The process that ends a session denies it before it answers (rule 35). */
function deny(turn: Turn, world: World, sids: readonly string[]): World {
  const { replica } = turn.program
  const all = [...new Set([...world.denied[replica], ...sids])].toSorted()
  const denied = { ...world.denied, [replica]: all }
  const caches = sids.includes('s1') ? { ...world.caches, [replica]: null } : world.caches
  return { ...world, denied, caches }
}

function entriesAfter({ feed, reader }: World): World['feed'] {
  return feed.filter(({ seq }) => seq > reader.cursor)
}

/** The tail tells the denylist, which is asked before any cache; the cache keeps what it has. */
function takeIn(turn: Turn): World {
  const { world, client, program } = turn
  const { page = [], head = 0 } = client
  const fresh = page.filter(({ seq }) => seq > world.reader.cursor)
  const seen = [...world.reader.seen, ...fresh.map(({ sid }) => sid)]
  const reader = { cursor: Math.max(world.reader.cursor, head), seen }
  const sids = [...new Set([...world.denied[program.replica], ...fresh.map(({ sid }) => sid)])]
  const denied = { ...world.denied, [program.replica]: sids.toSorted() }
  return next(turn, { ...world, denied, reader })
}

/** A check of s1's token on this replica: denylist, then cache, then store. */
function present(turn: Turn): World {
  const { model, world, program } = turn
  const isDenied = world.denied[program.replica].includes('s1')
  const cached = world.caches[program.replica]
  if (isDenied && !model.bugs.cacheBeforeDenylist) return refuse(turn, world)
  if (cached !== null) {
    const session = model.book.live(cached)
    return isExpired(session, instant(world.now)) ? refuse(turn, world) : accept(turn, world)
  }
  const row = read(model, world, 's1')
  if (row.kind === 'ended' || isExpired(row, instant(world.now))) return refuse(turn, world)
  return stay(turn, accept(turn, world), { phase: 'fill', from: model.book.number(row) })
}

function fill(turn: Turn): World {
  return next(turn, cache(turn, turn.world, turn.model.book.live(turn.client.from ?? -1)))
}

function accept(turn: Turn, world: World): World {
  const { replica } = turn.program
  const was = world.refused[replica].includes('s1')
  must(!was, 'dead-stays-dead', () => `replica ${replica} accepts s1 again`)
  const known = world.denied[replica].includes('s1')
  must(
    !known,
    'dead-stays-dead',
    () => `replica ${replica} accepts s1 although it knows of its end`,
  )
  return next(turn, world)
}

function refuse(turn: Turn, world: World): World {
  const { replica } = turn.program
  const refused = { ...world.refused, [replica]: ['s1'] }
  return next(turn, { ...world, refused })
}

// A crash takes any other client that has begun and not answered.

function crashes(turn: Turn): readonly Move[] {
  const { world, program } = turn
  const victims = world.clients.flatMap((client, index) =>
    index !== turn.index && client.phase !== 'done' && client.phase !== 'crashed' ? [index] : [],
  )
  const nobody = { what: `${program.name}: nobody`, world: answer(turn, world, 'ok') }
  const taken = victims.map((index) => {
    const dead: Client = { pc: 0, phase: 'crashed' }
    const after = { ...world, clients: world.clients.with(index, dead) }
    const victim = turn.model.programs[index]?.name
    return { what: `${program.name}: ${victim} dies`, world: answer(turn, after, 'ok') }
  })
  return [nobody, ...taken]
}
