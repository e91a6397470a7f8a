/* What the authority needs for device authorizations: a store, and codes that it never keeps in clear. */
import type {
  ClientId,
  DeviceAuthorization,
  DeviceRequest,
  DeviceStanding,
  Instant,
  Secret,
  SessionId,
  Uid,
} from '#domain'

/** Keyed hashes of one code, one for each secret of the ring: the row holds one of them. */
export type CodeHashes = readonly string[]

export interface NewDevice extends DeviceRequest {
  readonly id: string
  readonly deviceCodeHash: string
  readonly userCodeHash: string
  readonly watchHash: string
  readonly lifetimeMs: number
  readonly intervalMs: number
}

export interface ReadDevice {
  /** As it is now; undefined: there is none. */
  readonly row: DeviceAuthorization | undefined
  /** This act made the move. */
  readonly moved: boolean
  readonly now: Instant
}

export interface PolledDevice extends Omit<ReadDevice, 'moved'> {
  /** It came before its time, and now has to wait for longer between polls. */
  readonly hurried: boolean
}

export interface WatchedDevice {
  readonly id: string
  readonly standing: DeviceStanding
}

/** Each move is one conditional update by the store's clock. */
export interface DeviceStore {
  /** `taken`: one of the codes exists already; draw others. */
  addDevice(order: NewDevice): Promise<'added' | 'taken'>
  scanDevice(
    userCode: CodeHashes,
    by: { readonly sid: SessionId; readonly uid: Uid },
  ): Promise<ReadDevice>
  decideDevice(
    userCode: CodeHashes,
    order: { readonly sid: SessionId; readonly decision: 'approved' | 'denied' },
  ): Promise<ReadDevice>
  /** Also notes when it came, and how long the next one has to wait. */
  pollDevice(deviceCode: CodeHashes, clientId: ClientId): Promise<PolledDevice>
  watchedDevice(watch: CodeHashes): Promise<WatchedDevice | undefined>
  /** Of those that exist. */
  deviceStandings(ids: readonly string[]): Promise<readonly WatchedDevice[]>
}

export type CodePurpose = 'device-code' | 'user-code' | 'watch' | 'admin-link'

/** Codes and their keyed hashes; the tokens room fulfils it. */
export interface DeviceCodes {
  /** A fresh code: a user code in its canonical form, others opaque. */
  fresh(purpose: CodePurpose): Secret
  /** A name for the row, which opens nothing. */
  id(): string
  /** Under the secret that derives new things now. */
  hash(purpose: CodePurpose, code: Secret): string
  /** Under every secret of the ring. */
  hashes(purpose: CodePurpose, code: Secret): CodeHashes
}
