import { resolve } from 'node:path'
import { Command } from 'commander'
import { createKeyFile } from '../../hosts/tcp/key-file.ts'
import { LocalError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { DEFAULT_KEY_FILE, keyPrefix } from '../key-file.ts'
import { outputOptions, parseFile } from '../options.ts'
import type { Perform } from '../context.ts'
import type { OutputOptions } from '../output.ts'

const EXAMPLE = `
Example:
  $ kadmium keygen
  key file    /home/me/${DEFAULT_KEY_FILE}
  public key  12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq
  key prefix  /mutable/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq/
  $ kadmium put --mutable profile "it is me" --bootstrap 192.0.2.1:4001

Whoever has the file can write your values: keep it to yourself, and keep a copy. The public key
is for everybody. Nothing is overwritten, ever. With --json: file, public_key, key_prefix.`

interface Options extends OutputOptions {
  readonly out: string
}

export function keygenCommand (perform: Perform): Command {
  const command = new Command('keygen')
    .description('make a key pair, for values that only you can write: "put --mutable"')
    .option('-o, --out <file>', 'where to keep it, as libp2p\'s protobuf, for this user only', parseFile, DEFAULT_KEY_FILE)
    .addHelpText('after', EXAMPLE)
  return outputOptions(command).action(async (options: Options) => {
    await perform(options, async ({ out }) => {
      const key = await createKeyFile(options.out)
      if (key == null) {
        throw new LocalError(`${options.out} is there already, and stays as it is: use it with --key ${options.out}, or give another --out`)
      }
      const file = resolve(options.out)
      const prefix = keyPrefix(key.publicKey)
      await out.result(
        { file, public_key: key.publicKey.toString(), key_prefix: prefix },
        () => `key file    ${file}\npublic key  ${key.publicKey.toString()}\nkey prefix  ${prefix}`
      )
      return EXIT.ok
    })
  })
}
