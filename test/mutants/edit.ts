import ts from 'typescript'

/** A defect to inject into the sources, and the tests that must catch it. */
export interface Mutant {
  name: string
  what: string
  breaks: string
  tests: readonly string[]
  edits: readonly Edit[]
}

/**
 * Replaces a fragment of one declaration. It names neither file nor line, so that it survives moves and changes nearby.
 */
export interface Edit {
  /** A top-level declaration, or a class member as `Class.member`. */
  in: string
  /** Occurs once in all declarations of this name in `src/`; white space matches any white space. */
  replace: string
  by: string
}

export interface Source {
  path: string
  text: string
}

interface Span {
  start: number
  end: number
}

/**
 * Returns the sources that a mutant changes, with its edits applied.
 * @throws Error if an edit matches no fragment, or several
 */
export function applyMutant(sources: readonly Source[], { edits }: Mutant): Source[] {
  const changed = new Map<string, Source>()
  for (const edit of edits) {
    const source = applied(
      edit,
      sources.map((source) => changed.get(source.path) ?? source),
    )
    changed.set(source.path, source)
  }
  return [...changed.values()]
}

function applied(edit: Edit, sources: readonly Source[]): Source {
  const fragments = sources
    .filter(({ text }) => text.includes(lastPart(edit.in)))
    .flatMap((source) => fragmentsIn(source, edit))
  const [fragment] = fragments
  if (fragment === undefined || fragments.length > 1)
    throw new Error(`${fragments.length} fragments in declarations of ${edit.in} match: ${edit.replace}`)
  const { source, start, end } = fragment
  return { path: source.path, text: source.text.slice(0, start) + edit.by + source.text.slice(end) }
}

function fragmentsIn(source: Source, { in: name, replace }: Edit): (Span & { source: Source })[] {
  return declarationsIn(source, name).flatMap((declaration) =>
    [...source.text.slice(declaration.start, declaration.end).matchAll(patternOf(replace))].map((match) => {
      const start = declaration.start + match.index
      return { source, start, end: start + match[0].length }
    }),
  )
}

function declarationsIn({ path, text }: Source, name: string): Span[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const named: ts.Node[] = []
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) {
      const declared = statement.declarationList.declarations.some((one) => one.name.getText() === name)
      if (declared) named.push(statement)
    } else if (ts.isFunctionDeclaration(statement) && statement.name?.text === name) {
      named.push(statement)
    } else if (ts.isClassDeclaration(statement)) {
      const prefix = `${statement.name?.text}.`
      named.push(...statement.members.filter((member) => `${prefix}${member.name?.getText()}` === name))
    }
  }
  return named.map((node) => ({ start: node.getStart(), end: node.getEnd() }))
}

function lastPart(name: string): string {
  return name.slice(name.indexOf('.') + 1)
}

function patternOf(fragment: string): RegExp {
  const words = fragment.trim().split(/\s+/).map(escapeRegExp)
  return new RegExp(words.join('\\s+'), 'g')
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
