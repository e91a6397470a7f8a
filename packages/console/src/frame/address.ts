/* The address of the page as a signal, and the only place that changes it. */
import { signal } from '@preact/signals'
import { formatRoute, parseRoute, type ViewName } from './route.ts'

export const route = signal(parseRoute(location.hash))

export function followAddress(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash)
  })
}

/** Filters belong to the view: they change its address without a step of the back button each. */
export function setParams(view: ViewName, params: Readonly<Record<string, string>>): void {
  history.replaceState(null, '', formatRoute(view, params))
  route.value = parseRoute(location.hash)
}
