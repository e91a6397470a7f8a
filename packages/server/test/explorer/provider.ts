/* The identity provider, and the sender's two acts: writing its request, and hearing what came of it. */
import { providerTimeoutMs, type Step } from './programs.ts'
import { answer, next, type Turn } from './turn.ts'
import { must } from './violation.ts'
import type { Client, World } from './world.ts'

/** The request is written only if its answer can come within the lease (rule 21). */
export function send(turn: Turn): World {
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
export function arrive(turn: Turn, step: Extract<Step, { act: 'arrive' }>): World {
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
