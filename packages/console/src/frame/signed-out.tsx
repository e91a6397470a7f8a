import type { ProblemOf } from '../api/problem.ts'
import mark from '../mark.svg'
import { Time } from '../parts/time.tsx'
import { reasonWords } from '../words/reasons.ts'

/** Instead of everything else: what stood there may no longer be seen. */
export function SignedOut({ problem }: { readonly problem: ProblemOf<'signed-out'> }) {
  const { reason, at } = problem
  const own = reason === 'user_logout' && at === null
  return (
    <main class="whole" id="main">
      <section class="card whole-card">
        <img src={mark} width="48" height="48" alt="" />
        <h1>{own ? 'You are signed out' : 'Your session has ended'}</h1>
        {!own && reason !== null && (
          <p>
            Reason: <strong>{reasonWords(reason)}</strong> <code>{reason}</code>
            {at !== null && (
              <>
                , <Time at={at} />
              </>
            )}
          </p>
        )}
        {!own && reason === null && (
          <p>{problem.detail || 'This browser has no session any more.'}</p>
        )}
        {/* The server leads whoever has no session to the sign-in, in the way that it is configured for. */}
        <a class="button first" href="./?told=yes">
          Sign in again
        </a>
      </section>
    </main>
  )
}
