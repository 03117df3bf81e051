import { peerIdFromString } from '@libp2p/peer-id'

/** All of `ids` by brute force, those closest to SHA-256 of `target` first. */
export async function byDistance (ids: readonly string[], target: Uint8Array<ArrayBuffer>): Promise<string[]> {
  const key = await sha256(target)
  const measured = await Promise.all(ids.map(async id => {
    const other = await sha256(new Uint8Array(peerIdFromString(id).toMultihash().bytes))
    return { id, distance: hex(other.map((byte, index) => byte ^ key[index])) }
  }))
  return measured
    .sort((a, b) => a.distance < b.distance ? -1 : 1)
    .map(({ id }) => id)
}

async function sha256 (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

function hex (bytes: Uint8Array): string {
  return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')
}
