import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import ts from 'typescript'
import { compile, errorsIn, root } from '../helpers/compile.ts'

const other = join(root, 'node_modules/@libp2p/kad-dht')
const theirTypes = join(other, 'dist/src/index.d.ts')
const ourSource = join(root, 'src/index.ts')

/** Programs that lie in test/interop-types. */
const ASSIGNABLE = join(root, 'test/interop-types/assignable.ts')
const USES = join(root, 'test/interop-types/uses.ts')

/** The examples in the other implementation's documentation, as modules. */
function examples (): Map<string, string> {
  const docs = [
    readFileSync(join(other, 'README.md'), 'utf8'),
    readFileSync(join(other, 'src/index.ts'), 'utf8').replaceAll(/^ \* ?/gm, '')
  ]
  const found = docs.flatMap(text => [...text.matchAll(/^```typescript\n(.*?)^```/gmis)].map(([, code]) => code))
  return new Map(found.map((code, index) => [join(root, `test/interop-types/example-${index}.ts`), code]))
}

interface Export {
  readonly isValue: boolean
  readonly isType: boolean
  /** Of an interface its properties; of an enum its members and their values. */
  readonly members: readonly string[]
}

function exportsOf (program: ts.Program, path: string): Map<string, Export> {
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(path)
  const module = file == null ? undefined : checker.getSymbolAtLocation(file)
  if (module == null) {
    throw new Error(`${path} is no module`)
  }
  return new Map(checker.getExportsOfModule(module).map(symbol => [symbol.name, toExport(checker, symbol)]))
}

function toExport (checker: ts.TypeChecker, symbol: ts.Symbol): Export {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return {
    isValue: (target.flags & ts.SymbolFlags.Value) !== 0,
    isType: (target.flags & ts.SymbolFlags.Type) !== 0,
    members: membersOf(checker, target)
  }
}

function membersOf (checker: ts.TypeChecker, symbol: ts.Symbol): string[] {
  if ((symbol.flags & ts.SymbolFlags.Enum) !== 0) {
    return [...symbol.exports?.values() ?? []].flatMap(({ name, valueDeclaration }) => valueDeclaration != null && ts.isEnumMember(valueDeclaration)
      ? [`${name} = ${checker.getConstantValue(valueDeclaration)}`]
      : [name])
  }
  if ((symbol.flags & ts.SymbolFlags.Interface) !== 0) {
    return checker.getDeclaredTypeOfSymbol(symbol).getProperties().map(({ name }) => name)
  }
  return []
}

/** A module that names every one of `exports`, as a value and as a type as far as it is one. */
function namesAll (exports: ReadonlyMap<string, Export>): string {
  const all = [...exports]
  return [
    'import * as dht from \'@libp2p/kad-dht\'',
    `import { ${all.map(([name, { isValue }]) => `${isValue ? '' : 'type '}${name} as _${name}`).join(', ')} } from '@libp2p/kad-dht'`,
    ...all.flatMap(([name, { isValue, isType }]) => [
      ...isValue ? [`export const value${name}: typeof dht.${name} = _${name}`] : [],
      ...isType ? [`export type Type${name} = [dht.${name}, _${name}]`] : []
    ])
  ].join('\n')
}

describe('types, beside the other implementation', function () {
  this.timeout(120_000)

  const names = join(root, 'test/interop-types/names.ts')
  const texts = examples()
  let theirs: ts.Program
  let ours: ts.Program

  before(() => {
    texts.set(names, namesAll(exportsOf(compile([theirTypes], new Map()), theirTypes)))
    theirs = compile([ASSIGNABLE, USES, theirTypes, ourSource], texts)
    ours = compile([USES], texts, { '@libp2p/kad-dht': [ourSource] })
  })

  it('found its examples and exports', () => {
    expect(texts.size).to.be.greaterThan(8)
    expect(exportsOf(theirs, theirTypes).size).to.be.greaterThan(30)
  })

  it('compiles what is written for it as it is', () => {
    expect(errorsIn(theirs, [...texts.keys(), USES])).to.deep.equal([])
  })

  it('compiles it with ours in its place', () => {
    const files = ours.getSourceFiles().map(({ fileName }) => fileName)
    expect(files).to.include(ourSource)
    expect(files.filter(path => path.startsWith(other))).to.deep.equal([])
    expect(errorsIn(ours, [...texts.keys(), USES])).to.deep.equal([])
  })

  it('takes what it takes, and gives what it gives', () => {
    expect(errorsIn(theirs, [ASSIGNABLE])).to.deep.equal([])
  })

  it('has all that it exports, of the same kind and with the same members', () => {
    const ourExports = exportsOf(theirs, ourSource)
    for (const [name, { members, ...kind }] of exportsOf(theirs, theirTypes)) {
      const { members: ourMembers = [], ...ourKind } = ourExports.get(name) ?? {}
      expect(ourKind, name).to.deep.equal(kind)
      expect(ourMembers, name).to.include.members([...members])
    }
  })
})
