import { Command, CommanderError } from 'commander'
import { StoreUnavailable } from '#authority'
import { newSecret, starterConfig } from '#config'
import { StoreInUse, StoreTooNew } from '#stores'
import { type AuditOptions, adminLink, listAudit } from './admin.ts'
import { checkConfig } from './check.ts'
import { type EffectListOptions, listEffects, retryEffects } from './effects.ts'
import { explainUrl } from './explain.ts'
import { CommandFailed, type Io } from './io.ts'
import { listKeys, retireSecret, rotateKeys } from './keys.ts'
import { isInvalidUrl, loadOrFail, reasonOf, unreadableUrl, withHouse } from './open.ts'
import { recover } from './recover.ts'
import { listSessions, revokeSession, showSession } from './sessions.ts'
import { disableUser, enableUser, revokeUser } from './users.ts'

/** Runs one command line; answers the exit code. `serve` answers when the server has stopped. */
export async function run(io: Io, argv: readonly string[]): Promise<number> {
  const outcome = { code: 0 }
  const program = createProgram(io, outcome)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return outcome.code
  } catch (error) {
    return explain(io, error)
  }
}

function explain(io: Io, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode
  const message = messageOf(error)
  if (message === undefined) throw error
  io.err(`curfew: ${message}\n`)
  return error instanceof CommandFailed ? error.exitCode : 1
}

/** What a person at the shell can mend; anything else is a bug and shows its stack. */
function messageOf(error: unknown): string | undefined {
  if (error instanceof CommandFailed) return error.message
  if (error instanceof StoreTooNew || error instanceof StoreInUse) return error.message
  if (error instanceof StoreUnavailable) return `the store did not answer: ${reasonOf(error.cause)}`
  if (isInvalidUrl(error)) return `the store: ${unreadableUrl}`
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `${String(error)}; another process listens there`
  return code === 'EACCES' ? `${String(error)}; this user may not` : undefined
}

function createProgram(io: Io, outcome: { code: number }): Command {
  const program = new Command('curfew')
    .description('Sessions whose every token dies with the session.')
    .option('--config <file>', 'the configuration (default: CURFEW_CONFIG, ./curfew.yaml)')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
  addServer(program, io, outcome)
  addSessions(program, io)
  addUsers(program, io)
  addKeys(program, io)
  addEffects(program, io)
  addExplain(program, io)
  addAdmin(program, io)
  return program
}

function configOf(program: Command): string | undefined {
  return program.opts<{ config?: string }>().config
}

function addServer(program: Command, io: Io, outcome: { code: number }): void {
  program
    .command('serve')
    .description('run the server')
    .option('--config <file>')
    .action(async (options: { config?: string }) => {
      const { serve } = await import('../main.ts')
      const file = options.config ?? configOf(program)
      outcome.code = await serve({ io, load: (read) => loadOrFail(io, file, read) })
    })
  program
    .command('check')
    .description('validate the configuration, then try what it names')
    .option('--config <file>')
    .action(async (options: { config?: string }) => {
      outcome.code = await checkConfig(io, options.config ?? configOf(program))
    })
  program
    .command('init')
    .description('print a commented configuration to start from')
    .action(() => io.out(starterConfig))
  program
    .command('secret')
    .description('secrets of the key ring')
    .addCommand(
      new Command('new')
        .description('print a fresh secret')
        .action(() => io.out(`${newSecret()}\n`)),
    )
  program
    .command('recover')
    .description('after a restore: a new epoch, and all sessions end unless they are kept')
    .option('--keep-sessions', 'leave the sessions of the restored store alive')
    .option('--json')
    .action((options: { keepSessions?: boolean; json?: boolean }) =>
      withHouse(io, configOf(program), (house) =>
        recover(io, house, { keep: options.keepSessions === true, json: options.json === true }),
      ),
    )
}

interface ReasonOptions {
  readonly reason?: string
  readonly json?: boolean
}

function addSessions(program: Command, io: Io): void {
  const sessions = program.command('sessions').description('list, show and end sessions')
  sessions
    .command('list')
    .option('--user <uid>')
    .option('--state <state>', 'live, ended or all', 'live')
    .option('--device <class>')
    .option('--client <id>')
    .option('--limit <n>', 'how many, newest first', '50')
    .option('--json')
    .action((options: Parameters<typeof listSessions>[2]) =>
      withHouse(io, configOf(program), (house) => listSessions(io, house, options)),
    )
  sessions
    .command('show <sid>')
    .option('--json')
    .action((sid: string, options: { json?: boolean }) =>
      withHouse(io, configOf(program), (house) =>
        showSession(io, house, { sid, json: options.json === true }),
      ),
    )
  sessions
    .command('revoke <sid>')
    .option('--reason <reason>', '1 to 64 of a-z, 0-9 and _')
    .option('--json')
    .action((sid: string, options: ReasonOptions) =>
      withHouse(io, configOf(program), (house) =>
        revokeSession(io, house, { sid, reason: options.reason, json: options.json === true }),
      ),
    )
}

function addUsers(program: Command, io: Io): void {
  const users = program.command('users').description('end all sessions of a user, disable, enable')
  const acts = { revoke: revokeUser, disable: disableUser, enable: enableUser }
  for (const [name, act] of Object.entries(acts)) {
    users
      .command(`${name} <uid>`)
      .option('--reason <reason>', '1 to 64 of a-z, 0-9 and _')
      .option('--json')
      .action((uid: string, options: ReasonOptions) =>
        withHouse(io, configOf(program), (house) =>
          act(io, house, { uid, reason: options.reason, json: options.json === true }),
        ),
      )
  }
}

function addAdmin(program: Command, io: Io): void {
  program
    .command('admin')
    .description('ways into the console')
    .addCommand(
      new Command('link')
        .argument('<uid>')
        .description('print a sign-in URL for the console: it works once, for 5 minutes')
        .option('--json')
        .action((uid: string, options: { json?: boolean }) =>
          withHouse(io, configOf(program), (house) =>
            adminLink(io, house, { uid, json: options.json === true }),
          ),
        ),
    )
  program
    .command('audit')
    .description('who did what')
    .addCommand(
      new Command('list')
        .description('what administrators, issuers and the shell have done, the newest first')
        .option('--actor <actor>', 'a uid, client:<id> or shell')
        .option('--action <action>', 'such as session_revoked')
        .option('--target <target>', 'a uid or a sid')
        .option('--limit <n>', 'how many', '50')
        .option('--json')
        .action((options: AuditOptions) =>
          withHouse(io, configOf(program), (house) => listAudit(io, house, options)),
        ),
    )
}

function addExplain(program: Command, io: Io): void {
  program
    .command('explain <url>')
    .description('which rule of the gateway decides for a request, and why')
    .option('--user <uid>', 'ask for the newest live session of a user')
    .option('--session <sid>', 'ask for this session')
    .option('--method <method>', 'the method of the request', 'GET')
    .option('--json')
    .action((url: string, options: Omit<Parameters<typeof explainUrl>[2], 'url'>) =>
      withHouse(io, configOf(program), (house) => explainUrl(io, house, { ...options, url })),
    )
}

function addEffects(program: Command, io: Io): void {
  const effects = program.command('effects').description('webhooks and revocations at providers')
  effects
    .command('list')
    .description('what waits, what failed and is tried again, what was given up')
    .option('--state <state>', 'waiting, failed, given-up or all', 'all')
    .option('--limit <n>', 'how many, oldest first', '50')
    .option('--json')
    .action((options: EffectListOptions) =>
      withHouse(io, configOf(program), (house) => listEffects(io, house, options)),
    )
  effects
    .command('retry [ids...]')
    .description('try again now: these, all of one target, or all')
    .option('--target <target>', 'as `list` names it: wh_…, or the id of a provider')
    .option('--all', 'everything that is in the outbox')
    .option('--json')
    .action((ids: string[], options: { target?: string; all?: boolean; json?: boolean }) =>
      withHouse(io, configOf(program), (house) => {
        const { target, all = false, json = false } = options
        return retryEffects(io, house, { ids, target, all, json })
      }),
    )
}

function addKeys(program: Command, io: Io): void {
  const keys = program.command('keys').description('signing keys and the secrets of the ring')
  keys
    .command('list')
    .option('--json')
    .action((options: { json?: boolean }) =>
      withHouse(io, configOf(program), (house) => listKeys(io, house, options.json === true)),
    )
  keys
    .command('rotate')
    .description('add a signing key; it signs once every replica publishes it')
    .option('--now', 'let it sign at once; verifiers with a cached JWKS must fetch it again')
    .option('--json')
    .action((options: { now?: boolean; json?: boolean }) =>
      withHouse(io, configOf(program), (house) =>
        rotateKeys(io, house, { now: options.now === true, json: options.json === true }),
      ),
    )
  keys
    .command('retire <key-id>')
    .description('take a secret out of the list: all its tokens are refused from now on')
    .option('--json')
    .action((keyId: string, options: { json?: boolean }) =>
      withHouse(io, configOf(program), (house) =>
        retireSecret(io, house, { keyId, json: options.json === true }),
      ),
    )
}
