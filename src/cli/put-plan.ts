import { InvalidArgumentError, Option } from 'commander'
import { keyFileOption } from './key-file.ts'
import { parseWritableKey } from './record-key.ts'
import { ttlOption } from './ttl.ts'
import type { KeyFileOptions } from './key-file.ts'
import type { TtlOptions } from './ttl.ts'
import type { Command } from 'commander'

/** What kind of value, and how it is kept. */
export interface PutPlanOptions extends KeyFileOptions, TtlOptions {
  readonly immutable?: boolean
  /** The name. */
  readonly mutable?: string
  /** The sequence that is to be replaced. */
  readonly cas?: number
}

/** What is to be put, by its kind; `source` is where the value comes from. */
export type PutPlan =
  | { readonly type: 'keyed', readonly key: string | Uint8Array, readonly source: string }
  | { readonly type: 'immutable', readonly source: string }
  | { readonly type: 'mutable', readonly name: string, readonly source: string }

export function putPlanOptions (command: Command): Command {
  command
    .addOption(new Option('--immutable', 'keep it at its own hash: nobody can change it').conflicts(['mutable', 'key', 'cas']))
    .option('--mutable <name>', 'keep it under your key pair: only you can write it, and the newest wins')
    .option('--cas <n>', 'with --mutable, write only if sequence N is there to be replaced; 0: nothing is', parseSequence)
  return ttlOption(keyFileOption(command))
}

/**
 * What this call of `put` is to do.
 *
 * @throws {CommanderError} arguments or flags that do not go together
 * @throws {UsageError} the key of a mutable value
 * @throws {InvalidKeyError} a key that begins like a record key, and is none
 */
export function planPut (command: Command, { immutable = false, mutable, key, cas }: PutPlanOptions): PutPlan {
  if (immutable) {
    return { type: 'immutable', source: onlyValue(command, 'an immutable value has the key that its bytes give it: give no other') }
  }
  if (mutable != null) {
    return { type: 'mutable', name: mutable, source: onlyValue(command, 'a mutable value has the key that your key pair and its name give it: give no other') }
  }
  if (key != null || cas != null) {
    command.error(`--${key == null ? 'cas' : 'key'} is for mutable values: give --mutable NAME, too`)
  }
  const [name, source] = command.args
  if (source == null) {
    command.error(`missing required argument '${name == null ? 'key' : 'value'}'`)
  }
  return { type: 'keyed', key: parseWritableKey(name), source }
}

function onlyValue (command: Command, tooMany: string): string {
  const [value, more] = command.args
  if (value == null) {
    command.error('missing required argument \'value\'')
  }
  return more == null ? value : command.error(tooMany)
}

function parseSequence (text: string): number {
  const sequence = /^\d+$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(sequence)) {
    throw new InvalidArgumentError('Give the sequence that is to be replaced, as put and get tell it.')
  }
  return sequence
}
