/*
 * The cache: snapshots of live sessions, in this process and, where there is Redis, shared by all. It
 * decides nothing that matters: what it answers is at most a proposal (rule 3), and it answers only while
 * the tail vouches for it (rule 5), whatever Redis says (rule 20). It may import domain and authority; the
 * tail, the seal and the connection are ports that main joins. Start at snapshots.ts, then two-levels.ts.
 */
export type { LuaScript, SharedConnection } from './shared-connection.ts'
export { SharedSnapshots, type SharedSnapshotsOptions } from './shared-snapshots.ts'
export type { SnapshotSeal } from './shared-value.ts'
export { Snapshots, type SnapshotsOptions, type TailView } from './snapshots.ts'
export { type Recalled, TwoLevels, type TwoLevelsOptions } from './two-levels.ts'
export type { WriteKind, WriteResult } from './write-behind.ts'
