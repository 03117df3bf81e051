import { formatAddress } from '../hosts/tcp/address.ts'
import { peerName } from './peer-name.ts'
import { plural } from './plural.ts'
import type { Output } from './output.ts'
import type { DhtEvent } from '../dht/events.ts'
import type { Response } from '../wire/rpc.ts'

/** Tell people what an operation does, while it does. */
export function tellProgress (out: Output, event: DhtEvent): void {
  switch (event.type) {
    case 'asking':
      out.detail(`${event.request} → ${peerName(event.peer)}${event.hop === 0 ? '' : `, hop ${event.hop}`}`)
      break
    case 'answered':
      out.detail(`${event.request} ← ${peerName(event.peer)} in ${event.ms} ms${namesOf(event.response)}`)
      break
    case 'failed':
      out.note(`${event.request} failed at ${peerName(event.peer)}: ${event.error.message}`)
      break
    case 'value':
      out.detail(`${event.value.byteLength} bytes from ${event.peer == null ? 'our own store' : peerName(event.peer)}${event.best ? ', the best so far' : ''}`)
      break
    case 'invalid-value':
      out.note(`${peerName(event.peer)} gave a value that is not valid: ${event.error.message}`)
      break
    case 'providers':
      out.detail(`${plural(event.providers.length, 'provider')} from ${event.peer == null ? 'our own store' : peerName(event.peer)}`)
      break
    case 'closest':
      out.detail(`lookup ${event.reason}: ${event.closest.length} closest`)
      break
    case 'stored':
      out.detail(`stored at ${peerName(event.peer)}`)
      break
    case 'bootstrapped':
      out.note(`${formatAddress(event.addr)} answered: ${peerName(event.peer)}`)
      break
    case 'bootstrap-failed':
      out.note(`${formatAddress(event.addr)} did not answer: ${event.error.message}`)
      break
    case 'refreshed':
      out.detail(`refreshed a bucket: ${event.contacts} contacts`)
      break
    default:
      event satisfies never
  }
}

function namesOf (response: Response): string {
  return 'closer' in response && response.closer.length > 0 ? `, names ${response.closer.length}` : ''
}
