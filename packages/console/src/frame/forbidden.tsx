import type { Problem } from '../api/problem.ts'
import mark from '../mark.svg'
import { adviceOf } from '../parts/failure.tsx'
import { self, signOut } from './self.ts'

export function Forbidden({ problem }: { readonly problem: Problem }) {
  return (
    <main class="whole" id="main">
      <section class="card whole-card">
        <img src={mark} width="48" height="48" alt="" />
        <h1>The console is for administrators</h1>
        {self.value && (
          <p>
            You are signed in as <strong>{self.value.uid}</strong>.
          </p>
        )}
        <p class="quiet">{adviceOf(problem)}</p>
        <button type="button" class="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </section>
    </main>
  )
}
