/**
 * @packageDocumentation
 *
 * A network in memory and a clock to run it: simulations and tests of thousands of
 * nodes in one process, which a seed replays event for event.
 */
export { createMemoryNetwork } from './hosts/memory/network.ts'
export { DeadlockError, VirtualClock } from './hosts/memory/virtual-clock.ts'
export { Random } from './hosts/memory/random.ts'
export type { MemoryHostInit, MemoryNetwork, MemoryNetworkInit } from './hosts/memory/network.ts'
export type { Latency, NetworkCounters } from './hosts/memory/medium.ts'
export type { MemoryHost } from './hosts/memory/host.ts'
export type { NetworkEvent } from './hosts/memory/event.ts'
export type { VirtualClockInit } from './hosts/memory/virtual-clock.ts'
