/*
 * What follows the start and the end of a session: webhooks, the hand-over of a provider's tokens, and the
 * tombstones in Redis of ends whose replica died. It imports domain and authority; it reaches the outbox
 * through the store's ports, providers through what main hands it, and webhooks by HTTP. Nothing here can
 * undo, delay or fail an end. Start at worker.ts, then courier.ts and webhook.ts.
 */
export type { Deliver, EffectSignals } from './courier.ts'
export { createPost, type Post } from './post.ts'
export { TombstoneWriter } from './tombstone-writer.ts'
export { createWebhook, type Webhook, webhookTarget } from './webhook.ts'
export { EffectWorker, type KnownTarget } from './worker.ts'
