import { isRecordKeyText, parseRecordKey } from '../record/key-text.ts'
import { UsageError } from './errors.ts'
import { utf8 } from './utf8.ts'

/** For `--help`. */
export const KEYS_HELP = `A key is a name of your own (greeting, which stands for /kv/greeting), /immutable/Qm… or
/mutable/12D3Koo…/name.`

/**
 * The key that a text on the command line stands for: a record key as `put` prints it, or
 * else a name in the open namespace.
 *
 * @throws {UsageError} it is empty, or not UTF-8
 * @throws {InvalidKeyError} it begins like a record key, and is none
 */
export function parseKey (text: string): string | Uint8Array {
  if (text === '') {
    throw new UsageError('the key is empty: give at least one character')
  }
  const key = utf8('the key', text, 'give one in UTF-8')
  return isRecordKeyText(key) ? parseRecordKey(key) : key
}

/**
 * The same, of a value that is given as it is.
 *
 * @throws {UsageError} the value would have to be signed
 */
export function parseWritableKey (text: string): string | Uint8Array {
  if (text.startsWith('/mutable/')) {
    throw new UsageError('only the holder of its key pair can write a mutable value: kadmium put --mutable NAME VALUE --key FILE')
  }
  return parseKey(text)
}
