import { CODE_DCCP, CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR, CODE_GARLIC32, CODE_GARLIC64, CODE_HTTP_PATH, CODE_IP6ZONE, CODE_MEMORY, CODE_ONION, CODE_ONION3, CODE_P2P, CODE_P2P_CIRCUIT, CODE_SCTP, CODE_SNI, CODE_TCP, CODE_UDP, CODE_UNIX } from '@multiformats/multiaddr'
import { reachOf } from './address-scope.ts'
import { bytesEqual } from './bytes-equal.ts'
import { MAX_ADDR_BYTES, MAX_ADDRS, MAX_ADDRS_BYTES, MAX_DNS_NAME_BYTES } from './limits.ts'
import { multiaddrParts } from './multiaddr-parts.ts'
import { isPeerId } from './peer-id.ts'
import type { Part } from './multiaddr-parts.ts'

/** Which addresses are used: those that everybody can reach, those that only neighbours can, or all. */
export type AddressScope = 'any' | 'public' | 'private'

/** Whose addresses are looked at, and which of them are wanted. */
export interface UsableAddrsOptions {
  /** The id (multihash) of the peer that is said to be there. */
  readonly peer: Uint8Array
  readonly scope: AddressScope
}

const NAMES: ReadonlySet<number> = new Set([CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_DNSADDR, CODE_SNI])
/** What `multiaddr()` writes as it is, so that a slash would begin another part. */
const PLAIN = /^[^/]+$/
/** Texts, as they must be for `multiaddr()` to read them again once it has written them: as libp2p does to dial, all addresses of a peer or none. */
const TEXTS: ReadonlyMap<number, RegExp> = new Map([
  [CODE_IP6ZONE, PLAIN], [CODE_MEMORY, PLAIN], [CODE_GARLIC32, PLAIN], [CODE_GARLIC64, PLAIN], [CODE_UNIX, /./s],
  [CODE_HTTP_PATH, /^[^\ud800-\udfff]./s] // its first UTF-16 unit is left out
])
const PORTS: ReadonlySet<number> = new Set([CODE_TCP, CODE_UDP, CODE_DCCP, CODE_SCTP, CODE_ONION, CODE_ONION3])
/** What moves the cursor of a terminal, ends a line of a log, or turns the order of letters around. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The binary multiaddrs of a peer that can be dialled, stored and shown, in the order
 * given: whatever comes out, `multiaddr()` can read. A trailing `/p2p` of the peer
 * itself is taken off; the addresses are copies that keep no frame alive.
 *
 * Left out are: what is no multiaddr, more than {@link MAX_ADDR_BYTES} or of an unknown
 * protocol; names that no resolver takes, and texts with control characters or that cannot be read again; port 0; places out of scope, or that nobody
 * can reach; addresses of another peer; circuits through circuits; repetitions; and
 * what follows the first {@link MAX_ADDRS} or {@link MAX_ADDRS_BYTES}.
 *
 * Names count as public, unless they are IP addresses or end in `localhost`; those in `local` and
 * the like, which each network resolves for itself, as both public and private.
 */
export function usableAddrs (addrs: Iterable<Uint8Array>, { peer, scope }: UsableAddrsOptions): Uint8Array[] {
  const usable: Uint8Array[] = []
  let room = MAX_ADDRS_BYTES
  for (const addr of addrs) {
    const stripped = usableAddr(addr, peer, scope)
    if (stripped != null && !usable.some(other => bytesEqual(other, stripped))) {
      room -= stripped.byteLength
      if (room < 0 || usable.length === MAX_ADDRS) {
        break
      }
      usable.push(new Uint8Array(stripped))
    }
  }
  return usable
}

function usableAddr (addr: Uint8Array, peer: Uint8Array, scope: AddressScope): Uint8Array | undefined {
  const parts = addr.byteLength > MAX_ADDR_BYTES ? undefined : multiaddrParts(addr)
  if (parts == null || !parts.every(isLegal)) {
    return undefined
  }
  const last = parts[parts.length - 1]
  const namesPeer = last.code === CODE_P2P && bytesEqual(last.value, peer)
  const way = namesPeer ? parts.slice(0, -1) : parts
  if (!leadsSomewhere(way) || !isInScope(way, scope)) {
    return undefined
  }
  return namesPeer ? addr.subarray(0, last.start) : addr
}

function isLegal ({ code, value }: Part): boolean {
  if (NAMES.has(code)) {
    return value.byteLength <= MAX_DNS_NAME_BYTES && isText(value, PLAIN)
  }
  const form = TEXTS.get(code)
  if (form != null) {
    return isText(value, form)
  }
  if (PORTS.has(code)) {
    return value[value.byteLength - 1] !== 0 || value[value.byteLength - 2] !== 0
  }
  return code !== CODE_P2P || isPeerId(value)
}

function isText (value: Uint8Array, form: RegExp): boolean {
  try {
    const text = utf8.decode(value)
    return form.test(text) && !CONTROLS.test(text)
  } catch {
    return false // no UTF-8
  }
}

/** It starts at a place or a relay, passes one relay at most, and does not end at another peer. */
function leadsSomewhere (way: readonly Part[]): boolean {
  if (way.length === 0 || (reachOf(way[0]) == null && way[0].code !== CODE_P2P)) {
    return false
  }
  return way[way.length - 1].code !== CODE_P2P && way.filter(({ code }) => code === CODE_P2P_CIRCUIT).length <= 1
}

/** Can those whom `scope` means reach this binary multiaddr? */
export function isAddrInScope (addr: Uint8Array, scope: AddressScope): boolean {
  const parts = multiaddrParts(addr)
  return parts != null && isInScope(parts, scope)
}

function isInScope (way: readonly Part[], scope: AddressScope): boolean {
  return way.every(part => {
    const reach = reachOf(part)
    return reach == null || (scope === 'any' ? reach !== 'none' : reach === scope || reach === 'unknown')
  })
}
