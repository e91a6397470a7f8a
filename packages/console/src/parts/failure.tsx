/* What went wrong, and what to do now. */
import type { Problem } from '../api/problem.ts'
import { Icon } from './icon.tsx'

export function adviceOf(problem: Problem): string {
  switch (problem.kind) {
    case 'signed-out':
      return 'Sign in again.'
    case 'forbidden':
      return 'Ask whoever runs Curfew for the role admin: the configuration names the administrators, under users.'
    case 'limited':
      return `Too many requests. The console asks again in ${problem.retryAfterSeconds} s.`
    case 'unavailable':
      return `The store cannot be reached, so nothing is decided. The console asks again in ${problem.retryAfterSeconds} s.`
    case 'offline':
      return 'The console asks again by itself, as soon as the network is back.'
    case 'other':
      return problem.status >= 500
        ? 'Try again. If it stays, look for the reference in the log of the server.'
        : 'Check what was asked for, then try again.'
  }
}

interface FailureProps {
  readonly problem: Problem
  readonly retry: () => void
}

/** In place of what could not be loaded. */
export function Failure({ problem, retry }: FailureProps) {
  return (
    <section class="state" role="alert">
      <span class="state-icon bad">
        <Icon name="warning" />
      </span>
      <h2>{problem.title}</h2>
      {problem.detail && <p>{problem.detail}</p>}
      <p class="quiet">{adviceOf(problem)}</p>
      <Reference problem={problem} />
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </section>
  )
}

/** Beside what is still shown, or within a dialog. */
export function ProblemNote({ problem }: { readonly problem: Problem }) {
  return (
    <div class="note bad" role="alert">
      <strong>{problem.title}.</strong> {problem.detail} {adviceOf(problem)}
      <Reference problem={problem} />
    </div>
  )
}

function Reference({ problem }: { readonly problem: Problem }) {
  if (problem.reference === null) return null
  return (
    <p class="quiet small">
      Reference <code>{problem.reference}</code>
    </p>
  )
}
