import { useState } from 'preact/hooks'
import type { Answer } from '../api/client.ts'
import { Confirm } from '../parts/confirm.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { isReason, presetReasons } from '../words/reasons.ts'

export interface EndWish {
  readonly title: string
  /** What will happen, in one sentence. */
  readonly meaning: string
  /** The console's own session is among them. */
  readonly ownToo: boolean
  readonly deed: string
  readonly act: (reason: string) => Promise<Answer<unknown>>
  readonly onDone: () => void
}

interface EndDialogProps {
  readonly wish: EndWish
  readonly onClose: () => void
}

export function EndDialog({ wish, onClose }: EndDialogProps) {
  const [reason, setReason] = useState(presetReasons[0]?.code ?? '')
  return (
    <Confirm
      title={wish.title}
      deed={wish.deed}
      dangerous
      disabled={!isReason(reason)}
      act={() => wish.act(reason)}
      onDone={() => {
        onClose()
        wish.onDone()
      }}
      onClose={onClose}
    >
      <p>{wish.meaning}</p>
      {wish.ownToo && (
        <p class="note warning">
          <strong>This is the session that you are using.</strong> You will be signed out of the
          console.
        </p>
      )}
      <ReasonField onChange={setReason} />
    </Confirm>
  )
}
