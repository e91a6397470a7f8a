import type { LiveSession } from '#domain'
import { addressKey } from './address.ts'
import type { HttpContext } from './context.ts'

interface Guesser {
  readonly session: LiveSession
  readonly address: string | null
}

/**
 * Looks a user code up, within the limits of guesses by user and by address (rule 37). Each look-up takes
 * one before it begins, so that many at once are no way round; one that was no guess gives it back.
 *
 * @throws Problem 429
 */
export async function guess<Answer>(
  context: HttpContext,
  { session, address }: Guesser,
  act: () => Promise<{ readonly answer: Answer; readonly guessed: boolean }>,
): Promise<Answer> {
  const keys = [`uid ${session.origin.uid}`, `address ${addressKey(address)}`]
  const giveBack = takeAll(context, keys)
  try {
    const { answer, guessed } = await act()
    if (!guessed) giveBack()
    return answer
  } catch (error) {
    // Nothing was learnt from an outage.
    giveBack()
    throw error
  }
}

function takeAll({ limiter }: HttpContext, keys: readonly string[]): () => void {
  const taken: string[] = []
  const giveBack = () => {
    for (const key of taken) limiter.giveBack('userCodeGuesses', key)
  }
  for (const key of keys) {
    const seconds = limiter.take('userCodeGuesses', key)
    if (seconds > 0) {
      giveBack()
      throw limiter.refusal('userCodeGuesses', seconds)
    }
    taken.push(key)
  }
  return giveBack
}
