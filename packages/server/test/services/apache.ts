/* Apache with Debian's modules: a server of our own on 127.0.0.1, in a folder of its own. */
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type ApacheProgram, apacheProgram } from './binaries.ts'
import { launch } from './child.ts'
import { freePort, serviceIdentity, tempFolder } from './places.ts'

export type Apache = {
  readonly pid: number
  readonly port: number
  /** An orderly stop; the folder is removed. */
  stop(): Promise<void>
}

export type ApachePlace = {
  readonly port: number
  readonly folder: string
}

export type ApacheOptions = {
  /** Names of Debian's modules without `mod_`, in the order in which they are loaded. */
  readonly modules: readonly string[]
  /** What follows the lines that every server here has. */
  readonly configuration: (place: ApachePlace) => string
}

export async function startApache(options: ApacheOptions): Promise<Apache> {
  const program = apacheProgram()
  const identity = serviceIdentity('www-data')
  const folder = tempFolder('curfew-apache-', identity)
  const port = await freePort()
  const file = join(folder.path, 'apache.conf')
  writeFileSync(file, textOf(program, { port, folder: folder.path }, options))
  try {
    const service = await launch({
      program: program.path,
      args: ['-f', file, '-DFOREGROUND'],
      identity,
      folder: folder.path,
      logFile: join(folder.path, 'server.log'),
      isReady: () => listens(port),
      // By any other signal its children would stay behind.
      orphanSignal: 'TERM',
    })
    const stop = async (): Promise<void> => {
      await service.end('SIGTERM')
      service.dismiss()
      folder.remove()
    }
    return { pid: service.pid, port, stop }
  } catch (error) {
    folder.remove()
    throw error
  }
}

function textOf(program: ApacheProgram, place: ApachePlace, options: ApacheOptions): string {
  const { port, folder } = place
  const modules = options.modules.map(
    (name) => `LoadModule ${name}_module ${join(program.modules, `mod_${name}.so`)}`,
  )
  return [
    ...modules,
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${folder}`,
    `PidFile ${join(folder, 'apache.pid')}`,
    `ErrorLog ${join(folder, 'error.log')}`,
    'LogLevel error',
    'ServerName 127.0.0.1',
    `Listen 127.0.0.1:${port}`,
    options.configuration(place),
    '',
  ].join('\n')
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
