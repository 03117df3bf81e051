/**
 * @packageDocumentation
 *
 * A drop-in for `@libp2p/kad-dht`.
 */
export * from './engine.ts'
