/* Light or dark: as the system has it, until somebody says otherwise; then it is remembered. */
import { signal } from '@preact/signals'

type Theme = 'light' | 'dark'

const key = 'curfew-theme'

function remembered(): Theme | null {
  try {
    const value = localStorage.getItem(key)
    return value === 'light' || value === 'dark' ? value : null
  } catch {
    // Storage may be forbidden: then the system decides each time.
    return null
  }
}

function systemTheme(): Theme {
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export const theme = signal<Theme>('light')

export function applyTheme(): void {
  const chosen = remembered()
  theme.value = chosen ?? systemTheme()
  if (chosen === null) delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
}

export function switchTheme(): void {
  const next: Theme = theme.value === 'dark' ? 'light' : 'dark'
  try {
    localStorage.setItem(key, next)
  } catch {
    // It holds for this page, then.
  }
  theme.value = next
  document.documentElement.dataset['theme'] = next
}

export function followSystemTheme(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme)
}
