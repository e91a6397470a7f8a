/* Decide, swap, end, start: what authority/apply.ts and authority/start.ts do, one await at a time. */
import { type Command, instant, type LiveSession, transition } from '#domain'
import { checkFence, end, endUser, read, start, swap, type Warrant } from './model-store.ts'
import {
  applicantOf,
  candidateOf,
  graceMs,
  joinCommand,
  namedReason,
  type Step,
} from './programs.ts'
import { cache, deny, uncache } from './replica.ts'
import { answer, momentOf, next, stay, type Turn, withClient } from './turn.ts'
import { must } from './violation.ts'
import type { World } from './world.ts'

/** Only `moved` may come of a cached row (rule 3). */
export function proposeFromCache(turn: Turn): World {
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

export function decideOnFreshRow(turn: Turn): World {
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

function commandOf(turn: Turn, session: LiveSession): Command {
  const { step } = turn
  if (step.act === 'apply') return step.command(session, momentOf(turn))
  if (step.act === 'start') return joinCommand(step.wanted, momentOf(turn))
  throw new Error(`${step.act} has no command`)
}

function sidOf({ client }: Turn): string {
  return client.joins ?? 's1'
}

export function swapNow(turn: Turn): World {
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

export function endNow(turn: Turn): World {
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

export function endUserNow(turn: Turn, step: Extract<Step, { act: 'end-user' }>): World {
  const { model, world } = turn
  const ended = endUser(model, world, { ...step.order, warrant: warrantOf(turn) })
  if (ended === 'caller-ended') return answer(turn, world, 'caller ended')
  return answer(turn, deny(turn, ended.world, ended.sids), `ended ${ended.sids.length}`)
}

function warrantOf({ program }: Turn): Warrant {
  return { mayEnd: program.ends === true, presented: program.presents, graceMs }
}

export function startNow(turn: Turn, step: Extract<Step, { act: 'start' }>): World {
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
