import { CommanderError } from 'commander'
import { NoPeersError } from '../dht/errors.ts'
import { UnsupportedProtocolError } from '../rpc/errors.ts'
import { InterruptedError, isSystemError } from './errors.ts'
import type { EndingSignal } from './errors.ts'

/** What the process ends with. */
export const EXIT = {
  ok: 0,
  /** Nothing of the below: most likely a fault of kadmium. Also a demo that read something else than it wrote. */
  unexpected: 1,
  /** A flag, an address or another argument makes no sense. */
  usage: 2,
  /** Nobody answered. */
  unreachable: 3,
  /** Nobody who answered has a value at the key, or knows the peer, or a provider. */
  notFound: 4,
  /** Somebody answered and refused: it is on another network, or takes no value like this. Or we did: the value is too large. */
  refused: 5,
  /** Something on this machine is in the way: a port in use, a file that cannot be read or written, no node in that folder. */
  local: 6,
  /** The value was changed meanwhile: another sequence is there than was to be replaced. Nothing was written. */
  conflict: 7,
  /** The terminal was closed: 128 + SIGHUP. */
  hungUp: 129,
  /** Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
  /** 128 + SIGTERM. */
  terminated: 143
} as const

/** One of {@link EXIT}. */
export type ExitCode = typeof EXIT[keyof typeof EXIT]

/** For `--help`. */
export const EXIT_CODES_HELP = `Exit codes:
  0    done
  1    an unexpected error, or a demo that read something else than it wrote
  2    a flag, an address or another argument makes no sense
  3    nobody answered
  4    nobody who answered has a value at the key, or knows the peer, or a provider
  5    refused: another network, a value too large, a node that keeps no more
  6    this machine is in the way: a port in use, a file, no node in that folder
  7    --cas does not match: the value was changed meanwhile, or is not there, and nothing was written
  130  interrupted (143: ended by SIGTERM, 129: its terminal was closed)`

/** How a process ends that was asked to. */
export const EXIT_BY_SIGNAL: Record<EndingSignal, ExitCode> = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hungUp }

const CODES: ReadonlyMap<string, ExitCode> = new Map<string, ExitCode>([
  ['OutputClosedError', EXIT.ok],
  ['UsageError', EXIT.usage],
  ['InvalidOptionError', EXIT.usage],
  ['InvalidAddressError', EXIT.usage],
  ['InvalidKeyError', EXIT.usage],
  ['RemotePlainError', EXIT.usage],
  ['DialError', EXIT.unreachable],
  ['TimeoutError', EXIT.unreachable],
  ['ProtocolViolationError', EXIT.unreachable],
  ['InvalidMessageError', EXIT.unreachable],
  ['NoPeersError', EXIT.unreachable],
  ['ValueNotFoundError', EXIT.notFound],
  ['NotFoundError', EXIT.notFound],
  ['UnsupportedProtocolError', EXIT.refused],
  ['StreamResetError', EXIT.refused],
  ['LostBehindError', EXIT.refused],
  ['RefusedError', EXIT.refused],
  ['ValueTooLargeError', EXIT.refused],
  ['InvalidRecordError', EXIT.refused],
  ['SequenceMismatchError', EXIT.conflict],
  ['ListenError', EXIT.local],
  ['IdentityError', EXIT.local],
  ['DataDirError', EXIT.local],
  ['DataDirInUseError', EXIT.local],
  ['DiskFullError', EXIT.local],
  ['DatastoreError', EXIT.local],
  ['LocalError', EXIT.local],
  ['HostFullError', EXIT.local],
  ['LimitError', EXIT.local]
])

/** How the process ends when `err` comes up. */
export function exitCodeOf (err: unknown): ExitCode {
  if (err instanceof CommanderError) {
    return err.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
  if (err instanceof InterruptedError) {
    return EXIT_BY_SIGNAL[err.signal]
  }
  if (err instanceof NoPeersError && err.cause instanceof UnsupportedProtocolError) {
    return EXIT.refused
  }
  return (err instanceof Error ? CODES.get(err.name) : undefined) ?? (isSystemError(err) ? EXIT.local : EXIT.unexpected)
}
