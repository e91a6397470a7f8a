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
  decideOnFreshRow,
  endNow,
  endUserNow,
  proposeFromCache,
  startNow,
  swapNow,
} from './decide.ts'
import { arrive, send } from './provider.ts'
import { entriesAfter, fill, present, takeIn } from './replica.ts'
import { answer, type Model, next, type Turn } from './turn.ts'
import type { Client, World } from './world.ts'

/** One thing that may happen next. */
export interface Move {
  readonly what: string
  readonly world: World
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
