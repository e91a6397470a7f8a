import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Answer } from '../api/client.ts'
import type { Problem } from '../api/problem.ts'
import { Dialog } from './dialog.tsx'
import { ProblemNote } from './failure.tsx'

export interface ConfirmProps {
  readonly title: string
  /** The words on the button: the deed itself, never "OK". */
  readonly deed: string
  readonly dangerous?: boolean
  readonly disabled?: boolean
  readonly act: () => Promise<Answer<unknown>>
  readonly onDone: () => void
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** Says what will happen, does it once, and stays open with the reason when it could not be done. */
export function Confirm(props: ConfirmProps) {
  const { title, deed, dangerous = false, disabled = false, act, onDone, onClose, children } = props
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (busy || disabled) return
    setBusy(true)
    const answer = await act()
    setBusy(false)
    if (answer.kind === 'ok') onDone()
    else setProblem(answer.problem)
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        {children}
        {problem && <ProblemNote problem={problem} />}
        <footer class="deeds">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={`button ${dangerous ? 'danger' : 'first'}`}
            disabled={busy || disabled}
          >
            {busy ? 'One moment…' : deed}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
