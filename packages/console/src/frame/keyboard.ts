/* The keys that work everywhere. Those of the list are the list's own. */

export function followKeyboard(): void {
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return
    const field = document.querySelector<HTMLInputElement>('[data-search]')
    if (field === null) return
    event.preventDefault()
    field.focus()
    field.select()
  })
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select')
}
