/*
 * Abort signals that tell whether anybody could be waiting for them.
 *
 * A signal that only its listeners hold is collected together with them, and then never fires: nothing in
 * the platform keeps it alive. Holding every signal until its session ends would keep it for weeks. So a
 * signal says when it got a listener, and when it was combined with others: `AbortSignal.any` holds its
 * sources weakly, and reads `aborted` of each. Only public members are looked at; where the platform's
 * own `any` cannot be seen to read them, every signal counts as watched from the start.
 */

/** Told once when somebody begins to watch, and once when nobody does any more. */
export interface Watchers {
  watched(): void
  unwatched(): void
  /** Asked before `aborted` or `reason` is read: the last chance to abort. */
  settle(): void
}

export interface WatchedSignal {
  readonly signal: AbortSignal
  abort(reason: Error): void
}

interface Watch {
  readonly watchers: Watchers
  /** How each callback listens: 1 bubbling, 2 capturing, 3 both. */
  readonly listeners: Map<unknown, number>
  onabort: boolean
  /** The platform may set `onabort` by way of a listener of its own, which it never removes. */
  settingOnabort: boolean
  /** It may be a source of another signal: nothing says when that one is gone. */
  combined: boolean
}

const watches = new WeakMap<AbortSignal, Watch>()
let watching: object | undefined
let anyIsSeen: boolean | undefined

export function watchedSignal(watchers: Watchers): WatchedSignal {
  const controller = new AbortController()
  const { signal } = controller
  const combined = !seesAny()
  watches.set(signal, {
    watchers,
    listeners: new Map(),
    onabort: false,
    settingOnabort: false,
    combined,
  })
  Object.setPrototypeOf(signal, prototype())
  if (combined) watchers.watched()
  return { signal, abort: (reason) => controller.abort(reason) }
}

/** Does `AbortSignal.any` read a member of its sources that we can see? Tried once. */
function seesAny(): boolean {
  if (anyIsSeen !== undefined) return anyIsSeen
  let seen = false
  const probe = new AbortController().signal
  const watchers = {
    watched: () => (seen = true),
    unwatched: () => undefined,
    settle: () => undefined,
  }
  watches.set(probe, {
    watchers,
    listeners: new Map(),
    onabort: false,
    settingOnabort: false,
    combined: false,
  })
  Object.setPrototypeOf(probe, prototype())
  AbortSignal.any([probe])
  anyIsSeen = seen
  return seen
}

function change(signal: AbortSignal, act: (watch: Watch) => void): void {
  const watch = watches.get(signal)
  if (watch === undefined) return
  const before = isWatched(watch)
  act(watch)
  const after = isWatched(watch)
  if (before === after) return
  if (after) watch.watchers.watched()
  else watch.watchers.unwatched()
}

function isWatched({ listeners, onabort, combined }: Watch): boolean {
  return combined || onabort || listeners.size > 0
}

function isCapturing(options: unknown): boolean {
  if (typeof options === 'boolean') return options
  return typeof options === 'object' && options !== null && Reflect.get(options, 'capture') === true
}

function removalSignal(options: unknown): AbortSignal | undefined {
  const signal: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'signal') : undefined
  return signal instanceof AbortSignal ? signal : undefined
}

function added(signal: AbortSignal, callback: unknown, options: unknown): void {
  const ends = removalSignal(options)
  if (callback === null || callback === undefined || ends?.aborted === true) return
  if (watches.get(signal)?.settingOnabort === true) return
  const bit = isCapturing(options) ? 2 : 1
  change(signal, ({ listeners }) => listeners.set(callback, (listeners.get(callback) ?? 0) | bit))
  ends?.addEventListener('abort', () => removed(signal, callback, options), { once: true })
}

function removed(signal: AbortSignal, callback: unknown, options: unknown): void {
  const bit = isCapturing(options) ? 2 : 1
  change(signal, ({ listeners }) => {
    const left = (listeners.get(callback) ?? 0) & ~bit
    if (left === 0) listeners.delete(callback)
    else listeners.set(callback, left)
  })
}

type Listening = (this: AbortSignal, type: string, callback: unknown, options?: unknown) => void

/** Between the signal and `AbortSignal.prototype`: the same members, observed. */
function prototype(): object {
  watching ??= observed(AbortSignal.prototype)
  return watching
}

function observed(base: AbortSignal): object {
  const { addEventListener, removeEventListener } = base
  const aborted = Reflect.getOwnPropertyDescriptor(base, 'aborted')?.get
  const reason = Reflect.getOwnPropertyDescriptor(base, 'reason')?.get
  const onabort = Reflect.getOwnPropertyDescriptor(base, 'onabort')
  const { throwIfAborted } = base
  const add: Listening = function (type, callback, options) {
    if (type === 'abort') added(this, callback, options)
    Reflect.apply(addEventListener, this, [type, callback, options])
  }
  const remove: Listening = function (type, callback, options) {
    if (type === 'abort') removed(this, callback, options)
    Reflect.apply(removeEventListener, this, [type, callback, options])
  }
  return Object.create(base, {
    addEventListener: { value: add, configurable: true, writable: true },
    removeEventListener: { value: remove, configurable: true, writable: true },
    aborted: {
      get(this: AbortSignal) {
        watches.get(this)?.watchers.settle()
        const value: unknown = aborted && Reflect.apply(aborted, this, [])
        if (value !== true) change(this, (watch) => (watch.combined = true))
        return value
      },
      configurable: true,
    },
    reason: {
      get(this: AbortSignal) {
        watches.get(this)?.watchers.settle()
        return reason && Reflect.apply(reason, this, [])
      },
      configurable: true,
    },
    throwIfAborted: {
      value: function (this: AbortSignal) {
        watches.get(this)?.watchers.settle()
        Reflect.apply(throwIfAborted, this, [])
      },
      configurable: true,
      writable: true,
    },
    onabort: {
      get(this: AbortSignal) {
        return onabort?.get && Reflect.apply(onabort.get, this, [])
      },
      set(this: AbortSignal, handler: unknown) {
        const watch = watches.get(this)
        if (watch !== undefined) watch.settingOnabort = true
        if (onabort?.set) Reflect.apply(onabort.set, this, [handler])
        if (watch !== undefined) watch.settingOnabort = false
        change(this, (one) => (one.onabort = typeof handler === 'function'))
      },
      configurable: true,
    },
  })
}
