/*
 * The cache: snapshots of live sessions in this process. It decides nothing that matters: what it
 * answers is at most a proposal (rule 3), and it answers only while the tail vouches for it (rule 5).
 * It may import domain and authority; of the tail it sees the `TailView` that main passes in.
 * Start at snapshots.ts.
 */
export { Snapshots, type SnapshotsOptions, type TailView } from './snapshots.ts'
