import type { EffectQuery, ListedEffect, RetryChoice } from '#authority'
import { effectJson, effectStates, retryAct, webhookHosts } from '#http'
import type { House } from '../main.ts'
import { CommandFailed, type Io, print, table, when } from './io.ts'

export interface EffectListOptions {
  readonly state: string
  readonly limit: string
  readonly json?: boolean
}

/** `curfew effects list`: what is still to be done, and what nobody does any more. */
export async function listEffects(io: Io, house: House, options: EffectListOptions): Promise<void> {
  const { effects, now } = await house.store.effects(queryOf(options))
  const hosts = webhookHosts(house.config.webhooks)
  const lines = table(
    ['ID', 'EFFECT', 'TARGET', 'SESSION', 'AGE', 'TRIES', 'STATE', 'LAST ERROR'],
    effects.map((effect) => [
      String(effect.id),
      wordFor(effect),
      targetOf(effect, hosts),
      effect.sid,
      ageOf(now - effect.createdAt),
      String(effect.attempts),
      stateOf(effect),
      effect.lastError ?? '',
    ]),
  )
  const value = { items: effects.map((effect) => effectJson(effect, hosts)) }
  print(io, options.json === true, value, effects.length === 0 ? ['nothing waits'] : lines)
}

export interface RetryOptions {
  readonly ids: readonly string[]
  readonly target: string | undefined
  readonly all: boolean
  readonly json: boolean
}

/** `curfew effects retry`: due now, with all the time again that an effect has; a server does it. */
export async function retryEffects(io: Io, house: House, options: RetryOptions): Promise<void> {
  const choice = choiceOf(options)
  await house.authority.record(null, retryAct(choice))
  const retried = await house.store.retryEffects(choice)
  const words = retried === 1 ? 'one effect is' : `${retried} effects are`
  print(io, options.json, { retried }, [`${words} due now; a running server carries it out`])
  if (retried === 0 && options.ids.length > 0) {
    throw new CommandFailed('none of them is in the outbox, or all are under way')
  }
}

function queryOf({ state, limit: text }: EffectListOptions): EffectQuery {
  const known = effectStates.find((one) => one === state)
  if (known === undefined) {
    throw new CommandFailed(`--state is waiting, failed, given-up or all, not "${state}"`)
  }
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
    throw new CommandFailed(`--limit is a whole number from 1 to 10000, not "${text}"`)
  }
  return { state: known, limit }
}

function choiceOf({ ids, target, all }: RetryOptions): RetryChoice {
  const given = [ids.length > 0, target !== undefined, all].filter(Boolean).length
  if (given !== 1) throw new CommandFailed('name ids, or --target, or --all: one of the three')
  if (target !== undefined) return { by: 'target', target }
  if (all) return { by: 'all' }
  return { by: 'id', ids: ids.map(idOf) }
}

function idOf(text: string): number {
  const id = Number(text)
  if (!Number.isSafeInteger(id) || id < 1) throw new CommandFailed(`"${text}" is not an id`)
  return id
}

function targetOf({ kind, target }: ListedEffect, hosts: ReadonlyMap<string, string>): string {
  if (kind === 'provider_revocation') return target
  return `${target} (${hosts.get(target) ?? 'not in this configuration'})`
}

function wordFor({ kind, event }: ListedEffect): string {
  return kind === 'webhook' ? event : 'provider revocation'
}

function stateOf({ state, gaveUpAt, dueAt }: ListedEffect): string {
  if (gaveUpAt !== null) return `given up ${when(gaveUpAt)}`
  return state === 'failed' ? `failed, due ${when(dueAt)}` : 'waiting'
}

/** In the largest unit that gives a number of at least 1. */
function ageOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const
  for (const [unit, size] of units) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`
  }
  return `${seconds}s`
}
