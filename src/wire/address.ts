export type AddressScope = 'any' | 'public' | 'private'
export function usableAddrs (addrs: Iterable<Uint8Array>, _o: { peer: Uint8Array, scope: AddressScope }): Uint8Array[] { return [...addrs] }
