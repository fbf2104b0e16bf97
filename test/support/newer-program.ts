/**
 * Builds programs of a hypothetical later version, in which files have a remark and playlists have a cover blob. Renaming a
 * file sets its remark and creates a playlist with the file's blob as its cover.
 */
import { cpSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Test } from 'tap'
import { applyMutant } from '../mutants/edit.js'
import { newDataDir } from './data-dir.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const MIGRATION = `
ALTER TABLE files ADD COLUMN remark TEXT;
CREATE TABLE playlists (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL,
  cover_sha256 TEXT NOT NULL,
  cover_size INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  created_stamp TEXT NOT NULL,
  stamps TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

const EDITS = [
  {
    in: 'TABLES',
    replace: 'modified_at: max(time),',
    by: 'modified_at: max(time),\n      remark: latest(Type.Union([text(255), Type.Null()])),',
  },
  {
    in: 'TABLES',
    replace: "sessions: { kind: 'session',",
    by: `playlists: {
      kind: 'playlist',
      fields: { owner_id: once(id), cover_sha256: once(sha256), cover_size: once(sizeBytes), deleted: latch },
      erased: [],
      owner: 'owner_id',
      blob: { sha256: 'cover_sha256', size: 'cover_size' },
    },
    sessions: { kind: 'session',`,
  },
  {
    in: 'CHANGES',
    replace: "'file.updated': change('files', ['modified_at'], [",
    by: `'playlist.made': change('playlists', ['owner_id', 'cover_sha256', 'cover_size']),
    'playlist.snapshot': snapshot('playlists'),
    'file.updated': change('files', ['modified_at'], ['remark', `,
  },
  {
    in: 'EventRecorder.#hooks',
    replace: 'users: (tx, id, before, after) => this.#recordUser(tx, id, before, after),',
    by: 'playlists: () => {},\n    users: (tx, id, before, after) => this.#recordUser(tx, id, before, after),',
  },
  {
    in: 'Files.update',
    replace: "this.#deps.journal.record(tx, [{ type: 'file.updated', key: id, fields }])",
    by: `const cover = { cover_sha256: file.sha256, cover_size: file.size }
      this.#deps.journal.record(tx, [
        { type: 'file.updated', key: id, fields: { ...fields, remark: 'a remark' } },
        { type: 'playlist.made', key: this.#deps.journal.random.id(), fields: { owner_id: file.owner_id, ...cover } },
      ])`,
  },
]

/** Builds the newer programs; returns their paths. */
export async function newerPrograms(t: Test): Promise<Record<'regional' | 'grand', string>> {
  const root = await newDataDir(t)
  for (const name of ['package.json', 'openapi.yaml', 'dist/openapi.json', 'migrations']) copy(name, root)
  writeFileSync(join(root, 'migrations/regional/9999-playlists.sql'), MIGRATION)
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const paths = globSync('src/**/*.ts', { cwd: ROOT })
  const sources = paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
  const mutant = { name: 'newer', what: '', breaks: '', tests: [], edits: EDITS }
  const changed = new Map(applyMutant(sources, mutant).map(({ path, text }) => [path, text]))
  for (const { path, text } of sources) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), changed.get(path) ?? text)
  }
  await build({
    entryPoints: ['regional', 'grand'].map((name) => join(root, `src/bin/${name}.ts`)),
    outdir: join(root, 'dist/lib'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    packages: 'external',
    logLevel: 'warning',
  })
  return { regional: join(root, 'dist/lib/regional.js'), grand: join(root, 'dist/lib/grand.js') }
}

function copy(name: string, root: string): void {
  cpSync(join(ROOT, name), join(root, name), { recursive: true })
}
