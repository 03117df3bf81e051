import { constants, createReadStream, fstatSync, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { isatty } from 'node:tty'
import { MAX_VALUE_SIZE } from '../dht/config.ts'
import { ValueTooLargeError } from '../record/invalid-record.ts'
import { errnoOf, LocalError } from './errors.ts'
import { utf8 } from './utf8.ts'
import type { Readable } from 'node:stream'

/** For `--help`. */
export const VALUE_HELP = 'the value: text, @FILE to read a file, - to read stdin, @@text for text that begins with @'

interface SourceOptions {
  readonly stdin: Readable
  readonly signal: AbortSignal
}

/**
 * The bytes of a value as the command line gives it. Never reads more than a node keeps.
 *
 * @throws {ValueTooLargeError} there is more
 * @throws {LocalError} the file, or stdin, cannot be read
 * @throws {UsageError} the text, or the path of the file, is not UTF-8
 */
export async function readValue (text: string, { stdin, signal }: SourceOptions): Promise<Uint8Array> {
  if (text === '-') {
    return readStdin(stdin, signal)
  }
  if (text.startsWith('@') && !text.startsWith('@@')) {
    return readFileUpTo(utf8('the path', text.slice(1), 'give one in UTF-8, or the file on stdin (-)'), signal)
  }
  const value = utf8('the value', text, 'give it in UTF-8, in a file (@FILE) or on stdin (-)')
  return new TextEncoder().encode(value.startsWith('@@') ? value.slice(1) : value)
}

async function readStdin (stdin: Readable, signal: AbortSignal): Promise<Uint8Array> {
  if (isUnreadable(stdin)) {
    throw new LocalError('stdin is closed, or a folder or device: give a file or a pipe, or \'\' for an empty value')
  }
  try {
    return await readUpTo(stdin, 'stdin', signal)
  } catch (cause) {
    const code = errnoOf(cause)
    if (code == null || signal.aborted) {
      throw cause
    }
    throw new LocalError(`cannot read stdin (${code}): give a file or a pipe that is open for reading`, { cause })
  }
}

/** In the place of a stdin of a kind that it does not know, Node.js gives a stream that is at its end; in that of a closed one, /dev/null. */
function isUnreadable (stdin: Readable): boolean {
  if (!('fd' in stdin) || typeof stdin.fd !== 'number') {
    return false
  }
  const file = fstatSync(stdin.fd)
  return file.isDirectory() || file.isBlockDevice() || (file.isCharacterDevice() && !isatty(stdin.fd))
}

async function readFileUpTo (path: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const file = await stat(path)
    if (file.size > MAX_VALUE_SIZE) {
      throw tooLarge(path, `${file.size} bytes`)
    }
    return await readUpTo(file.isFIFO() ? openPipe(path) : createReadStream(path), path, signal)
  } catch (cause) {
    const code = errnoOf(cause)
    if (code == null || signal.aborted) {
      throw cause
    }
    throw new LocalError(`cannot read ${JSON.stringify(path)} (${code}): give a file that this user can read, or @@ for text that begins with @`, { cause })
  }
}

/** A named pipe, to be read as sockets are: to open it as a file waits for who writes to it, and nothing ends that, not even the end of the process. */
function openPipe (path: string): Readable {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false })
}

async function readUpTo (stream: Readable, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    // destroys the stream when aborted; leaving the loop does, too
    for await (const chunk of addAbortSignal(signal, stream)) {
      const bytes = Buffer.from(chunk)
      size += bytes.byteLength
      if (size > MAX_VALUE_SIZE) {
        throw tooLarge(name, 'more')
      }
      chunks.push(bytes)
    }
  } catch (err) {
    signal.throwIfAborted()
    throw err
  }
  return Buffer.concat(chunks)
}

function tooLarge (name: string, size: string): ValueTooLargeError {
  return new ValueTooLargeError(`${name} has ${size}, and a value at most ${MAX_VALUE_SIZE} bytes: split it, or put what tells where it lies`)
}
