/* One line about what was done, for the eye and for screen readers; it leaves by itself. */
import { signal } from '@preact/signals'

const shownMs = 6_000

const toasts = signal<readonly { readonly id: number; readonly text: string }[]>([])
let lastId = 0

export function say(text: string): void {
  const id = ++lastId
  toasts.value = [...toasts.value, { id, text }]
  setTimeout(() => {
    toasts.value = toasts.value.filter((one) => one.id !== id)
  }, shownMs)
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <p class="toast" key={one.id}>
          {one.text}
        </p>
      ))}
    </div>
  )
}
