import { InvalidArgumentError, Option } from 'commander'
import { parseAddress, parseRemoteAddress } from '../hosts/tcp/address.ts'
import { DEFAULT_NETWORK } from '../node.ts'
import { utf8 } from './utf8.ts'
import type { OutputOptions } from './output.ts'
import type { Command } from 'commander'

/** Which network, and how it is spoken to. */
export interface NetworkOptions {
  readonly network: string
  readonly security: 'tls' | 'plain'
  readonly allowRemotePlain?: boolean
}

/** Through whom to join. */
export interface JoinOptions {
  readonly bootstrap?: readonly Uint8Array[]
}

/** Which running node. */
export interface DataOptions {
  readonly data?: string
}

/** How long it may take. */
export interface TimeoutOptions {
  /** Milliseconds. */
  readonly timeout?: number
}

/** What every one-shot command takes. */
export type ClientOptions = NetworkOptions & TimeoutOptions & OutputOptions

/** What every command takes that has a running node do something. */
export type ThroughNodeOptions = Required<DataOptions> & TimeoutOptions & OutputOptions

export function outputOptions (command: Command): Command {
  return command
    .option('--json', 'JSON on stdout, for scripts')
    .option('-q, --quiet', 'say nothing of what happens on the way')
    .option('-v, --verbose', 'tell of every request; show the stack of an error')
}

export function networkOptions (command: Command): Command {
  return command
    .option('--network <id>', 'the network, as a protocol id', DEFAULT_NETWORK)
    .addOption(new Option('--security <mode>', 'encrypt, or let everybody read').choices(['tls', 'plain']).default('tls'))
    .option('--allow-remote-plain', 'let --security plain go beyond this machine')
}

function timeoutOption (command: Command): Command {
  return command.option('--timeout <time>', 'how long it may take: 500ms, 10s, 2m, 1h', parseDuration)
}

export function bootstrapOption (command: Command): Command {
  return command.option('-b, --bootstrap <addr>', 'a node to join through; any number of times', collectRemoteAddress)
}

export function dataOption (command: Command): Command {
  return command.addOption(runningNode())
}

function runningNode (): Option {
  return new Option('-d, --data <dir>', 'the folder of a node that runs: what "kadmium start --data" was given').argParser(parseFolder)
}

/** All that a command takes which joins as a client. */
export function joiningOptions (command: Command): Command {
  return outputOptions(timeoutOption(networkOptions(bootstrapOption(command))))
}

/** All that a command takes which has a running node do something. */
export function throughNodeOptions (command: Command): Command {
  return outputOptions(timeoutOption(command.addOption(runningNode().makeOptionMandatory())))
}

/** All that a command takes which asks one node. */
export function askingOptions (command: Command): Command {
  return outputOptions(timeoutOption(networkOptions(command)))
}

/** Where to listen: for options that may be given any number of times. */
export function collectAddress (text: string, previous: readonly Uint8Array[] = []): Uint8Array[] {
  return [...previous, parseAddress(text)]
}

/** The same, of others. */
export function collectRemoteAddress (text: string, previous: readonly Uint8Array[] = []): Uint8Array[] {
  return [...previous, parseRemoteAddress(text)]
}

/** A folder that is named: an empty name would be the current one. */
export function parseFolder (text: string): string {
  return parsePath(text, 'Give the path of a folder, "." for the current one')
}

/** A file that is named. */
export function parseFile (text: string): string {
  return parsePath(text, 'Give the path of a file')
}

/** Where a variable is not set there is nothing, or the next option. */
function parsePath (text: string, advice: string): string {
  if (text === '' || text.startsWith('-')) {
    throw new InvalidArgumentError(`${advice}; ./ goes before a name that begins with -.`)
  }
  return utf8('the path', text, 'give one in UTF-8')
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([['ms', 1], ['s', 1_000], ['m', 60_000], ['h', 3_600_000]])

/** The longest that timers can wait, milliseconds. */
const MAX_DURATION_MS = 2 ** 31 - 1

function parseDuration (text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Math.round(Number(digits) * (UNITS_MS.get(unit ?? 's') ?? NaN))
  if (!(ms > 0 && ms <= MAX_DURATION_MS)) {
    throw new InvalidArgumentError('Give a time like 500ms, 10s, 2m or 1h.')
  }
  return ms
}
