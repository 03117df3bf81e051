import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The compiler's options, as the project has them. */
function compilerOptions (paths: ts.MapLike<string[]>): ts.CompilerOptions {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {
    noEmit: true,
    incremental: false,
    composite: false,
    declaration: false,
    declarationMap: false
  }, { ...ts.sys, onUnRecoverableConfigFileDiagnostic () {} })
  if (config == null) {
    throw new Error('tsconfig.json cannot be read')
  }
  return { ...config.options, paths }
}

/** Files that were parsed: they are the same in every program. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/** Compile files, those of `texts` from memory; `paths` are where modules lie that are found elsewhere, `stricter` options beside the project's. */
export function compile (files: readonly string[], texts: ReadonlyMap<string, string>, paths: ts.MapLike<string[]> = {}, stricter: ts.CompilerOptions = {}): ts.Program {
  const options = { ...compilerOptions(paths), ...stricter }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  return ts.createProgram([...files, ...texts.keys()], options, {
    ...host,
    fileExists: path => texts.has(path) || fileExists(path),
    readFile: path => texts.get(path) ?? readFile(path),
    getSourceFile (path, language, ...rest) {
      const text = texts.get(path)
      const file = parsed.get(path) ?? (text == null ? getSourceFile(path, language, ...rest) : ts.createSourceFile(path, text, language))
      parsed.set(path, file)
      return file
    }
  })
}

/** What the compiler has to say of `files`, a line each. */
export function errorsIn (program: ts.Program, files: Iterable<string>): string[] {
  return [...files].flatMap(path => {
    const file = program.getSourceFile(path)
    return ts.getPreEmitDiagnostics(program, file).map(({ start, messageText }) => {
      const line = file == null || start == null ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
      return `${path.slice(root.length)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
  })
}
