import type { DecisionAnswer, ScanAnswer } from '#authority'
import type { LiveSession } from '#domain'
import type { HttpContext } from './context.ts'
import { guess } from './user-code-guesses.ts'

/** A signed-in person with a user code, by the API or on the page. */
export interface Decider {
  readonly session: LiveSession
  readonly address: string | null
  readonly userCode: string
}

/** @throws Problem 429 */
export async function scanBy(context: HttpContext, decider: Decider): Promise<ScanAnswer> {
  const { session, userCode } = decider
  const answer = await guess(context, decider, async () => {
    const scanned = await context.devices.scan(session, userCode)
    return { answer: scanned, guessed: isGuess(scanned) }
  })
  context.screens.watch.look()
  return answer
}

/** @throws Problem 429 */
export async function decideBy(
  context: HttpContext,
  decider: Decider,
  decision: 'approved' | 'denied',
): Promise<DecisionAnswer> {
  const { session, userCode } = decider
  const answer = await guess(context, decider, async () => {
    const decided = await context.devices.decide(session, userCode, decision)
    return { answer: decided, guessed: isGuess(decided) }
  })
  context.screens.watch.look()
  return answer
}

function isGuess(answer: ScanAnswer | DecisionAnswer): boolean {
  return answer.kind === 'refused' && answer.why === 'unknown'
}
