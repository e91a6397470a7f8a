import { StoreUnavailable } from '#authority'
import { type Config, loadConfig } from '#config'
import type { House } from '../main.ts'
import { CommandFailed, type Io } from './io.ts'

/** The configuration, or every mistake in it at once. @throws CommandFailed */
export function loadOrFail(io: Io, file: string | undefined): Config {
  const loaded = loadConfig({ file, env: io.env })
  if (loaded.kind === 'ok') return loaded.config
  throw new CommandFailed(loaded.message)
}

/** Opens the store and all that belongs to it for one command, and closes it whatever happens. */
export async function withHouse(
  io: Io,
  file: string | undefined,
  act: (house: House) => Promise<void>,
): Promise<void> {
  const config = loadOrFail(io, file)
  const { openForCommand } = await import('../main.ts')
  const house = await openForCommand(config, io)
  try {
    await act(house)
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    throw new CommandFailed(`the store did not answer: ${String(error.cause)}`)
  } finally {
    await house.close()
  }
}
