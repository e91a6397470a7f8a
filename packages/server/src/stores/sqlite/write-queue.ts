/*
 * Every write that is asked for within one turn of the event loop goes into one durable transaction:
 * with synchronous=FULL it is the commit that costs. Each job runs under a savepoint of its own, and
 * nobody is answered before the commit.
 *
 *   idle -> scheduled (a job came) -> draining (within one turn, no await) -> idle or scheduled
 */
import type { DatabaseSync } from 'node:sqlite'
import { StoreUnavailable } from '#authority'
import { toSqliteFailure } from './failures.ts'

const writesPerTransactionMax = 256

interface Job {
  /** Runs within the transaction. False: what it wrote is undone. */
  run(): boolean
  succeed(): void
  fail(error: unknown): void
}

export class WriteQueue {
  readonly #db: DatabaseSync
  #jobs: Job[] = []
  #scheduled = false

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  add<Result>(run: () => Result, keeps: (result: Result) => boolean): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result
      this.#jobs.push({
        run: () => {
          result = run()
          return keeps(result)
        },
        succeed: () => resolve(result),
        fail: reject,
      })
      this.#schedule()
    })
  }

  /** Writes what waits. Nothing may be added afterwards. */
  flush(): void {
    while (this.#jobs.length > 0) this.#drain()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#jobs.length > 0) this.#drain()
      if (this.#jobs.length > 0) this.#schedule()
    })
  }

  #drain(): void {
    const jobs = this.#jobs.splice(0, writesPerTransactionMax)
    const done: Job[] = []
    try {
      this.#db.exec('begin immediate')
      for (const job of jobs) if (this.#runAlone(job)) done.push(job)
      this.#db.exec('commit')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback')
      const failure = toSqliteFailure(error)
      for (const job of jobs) job.fail(failure)
      return
    }
    for (const job of done) job.succeed()
  }

  /** A job that fails by its own fault leaves the others alone. @throws what ends the transaction */
  #runAlone(job: Job): boolean {
    this.#db.exec('savepoint job')
    try {
      if (!job.run()) this.#db.exec('rollback to job')
      this.#db.exec('release job')
      return true
    } catch (error) {
      if (toSqliteFailure(error) instanceof StoreUnavailable || !this.#db.isTransaction) throw error
      this.#db.exec('rollback to job')
      this.#db.exec('release job')
      job.fail(error)
      return false
    }
  }
}
