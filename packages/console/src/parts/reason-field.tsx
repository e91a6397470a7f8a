import { useId, useState } from 'preact/hooks'
import { asReason, isReason, presetReasons } from '../words/reasons.ts'

/** Tells the reason's code; an empty one while the own text is not a reason yet. */
export function ReasonField({ onChange }: { readonly onChange: (code: string) => void }) {
  const [chosen, setChosen] = useState(presetReasons[0]?.code ?? '')
  const [own, setOwn] = useState('')
  const hint = useId()
  const choose = (code: string): void => {
    setChosen(code)
    onChange(code === '' ? own : code)
  }
  const write = (typed: string): void => {
    setOwn(asReason(typed))
    setChosen('')
    onChange(asReason(typed))
  }
  return (
    <fieldset class="reasons">
      <legend>Reason, shown on the device and kept with the session</legend>
      {presetReasons.map(({ code, label }) => (
        <label class="tick" key={code}>
          <input
            type="radio"
            name="reason"
            checked={chosen === code}
            onChange={() => choose(code)}
          />
          <span>{label}</span>
          <code>{code}</code>
        </label>
      ))}
      <label class="tick">
        <input type="radio" name="reason" checked={chosen === ''} onChange={() => choose('')} />
        <span>Own words</span>
        <input
          type="text"
          class="field"
          value={own}
          maxLength={64}
          placeholder="ticket_4711"
          aria-label="Own reason"
          aria-describedby={hint}
          aria-invalid={chosen === '' && !isReason(own)}
          onFocus={() => choose('')}
          onInput={(event) => write(event.currentTarget.value)}
        />
      </label>
      <p class="quiet small" id={hint}>
        Own words: small letters, digits and _, up to 64.
      </p>
    </fieldset>
  )
}
