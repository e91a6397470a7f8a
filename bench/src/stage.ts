/* Where the bench plays: a PostgreSQL of its own, a folder, and what is opened in them. */
import { join } from 'node:path'
import {
  type Postgres,
  startPostgres,
  type TempFolder,
  tempFolder,
} from '../../packages/server/test/services/index.ts'
import type { GatewayPlace } from './gateway/gateway-part.ts'
import { startCurfew } from './http/curfew-process.ts'
import { type Floor, startFloor } from './http/floor-client.ts'
import type { ServedStore } from './http/http-contestants.ts'
import { LoadClient } from './http/load-client.ts'
import { prepareActs, type StoreActs } from './store/acts.ts'
import type { EngineKind } from './store/engine.ts'
import { openPostgres } from './store/postgres-engine.ts'
import { openSqlite } from './store/sqlite-engine.ts'

export class Stage {
  readonly #postgres: Postgres
  readonly #folder: TempFolder
  readonly #closers: (() => Promise<void> | void)[] = []

  private constructor(postgres: Postgres, folder: TempFolder) {
    this.#postgres = postgres
    this.#folder = folder
  }

  static async open(): Promise<Stage> {
    const folder = tempFolder('curfew-bench-')
    return new Stage(await startPostgres(), folder)
  }

  get folder(): string {
    return this.#folder.path
  }

  /** A store of this kind, empty, with the sessions that its acts need. */
  async store(kind: EngineKind): Promise<StoreActs> {
    const open = kind === 'sqlite' ? openSqlite(this.folder) : openPostgres(await this.#database())
    const engine = await open
    this.#closers.push(() => engine.close())
    return prepareActs(engine)
  }

  /** A server on an empty store of this kind, and the process that will ask it. */
  async served(store: StoreActs, nodeOptions: readonly string[] = []): Promise<ServedStore> {
    const { kind } = store.engine
    const sqlite = kind === 'sqlite'
    const url = sqlite ? `sqlite:${join(this.folder, 'served.db')}` : await this.#database()
    const server = await startCurfew({ store: url, folder: this.folder, nodeOptions })
    this.#closers.push(() => server.stop())
    const load = await LoadClient.start(server.target)
    this.#closers.push(() => load.stop())
    return { kind, server, load, store }
  }

  async floor(): Promise<Floor> {
    const floor = await startFloor()
    this.#closers.push(() => floor.stop())
    return floor
  }

  /** For what opens things by itself. */
  get gateway(): GatewayPlace {
    return {
      folder: this.folder,
      database: () => this.#database(),
      closing: (close) => void this.#closers.push(close),
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close()
    await this.#postgres.stop()
    this.#folder.remove()
  }

  async #database(): Promise<string> {
    const { url } = await this.#postgres.createDatabase()
    return url
  }
}
