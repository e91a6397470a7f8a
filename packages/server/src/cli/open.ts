import { StoreUnavailable } from '#authority'
import { type Config, type FurtherCheck, formatMistake, loadConfig } from '#config'
import { gatewayFaults } from '#gateway'
import { fromDisk, type ReadFile } from '../config-files.ts'
import type { House } from '../main.ts'
import { CommandFailed, type Io } from './io.ts'

/** The configuration, or every mistake in it at once. @throws CommandFailed */
export function loadOrFail(
  io: Io,
  file: string | undefined,
  readFile: ReadFile = fromDisk,
): Config {
  const loaded = loadConfig({ file, env: io.env, readFile }, checkGatewayParts)
  if (loaded.kind === 'loaded') return loaded.config
  const { mistakes, source } = loaded
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`
  const lines = mistakes.map((mistake) => `  ${formatMistake(mistake, source)}`)
  throw new CommandFailed([`the configuration has ${count}`, ...lines].join('\n'))
}

/** Patterns and templates as the gateway itself reads them. */
const checkGatewayParts: FurtherCheck = ({ gateway }, report) => {
  for (const { path, problem } of gatewayFaults(gateway)) {
    report.add(['gateway', ...path], problem, 'Write it as docs/reference/configuration.md says.')
  }
}

/** Opens the store and all that belongs to it for one command, and closes it whatever happens. */
export async function withHouse(
  io: Io,
  file: string | undefined,
  act: (house: House) => Promise<void>,
): Promise<void> {
  const config = loadOrFail(io, file)
  const { openForCommand } = await import('../main.ts')
  try {
    const house = await openForCommand(config, io)
    try {
      await act(house)
    } finally {
      await house.close()
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    throw new CommandFailed(`the store did not answer: ${reasonOf(error.cause)}`)
  }
}

/** What a URL that is none is told; never the URL, which may hold a password. */
export const unreadableUrl =
  'its URL cannot be read; in a password, write # as %23, @ as %40, / as %2F and : as %3A'

export function reasonOf(cause: unknown): string {
  if (isInvalidUrl(cause)) return unreadableUrl
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

export function isInvalidUrl(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_URL'
}
