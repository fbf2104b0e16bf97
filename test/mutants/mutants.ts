import type { Mutant } from './edit.js'

/** Defects that each break one guarantee, with the fastest tests that must catch them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledged-before-commit',
    what: 'A unit of work resolves before its transaction commits.',
    breaks: 'acknowledged writes are kept, and rejected ones are not.',
    tests: ['test/db/database.test.ts'],
    edits: [
      {
        in: 'GroupCommit.#runTick',
        replace: `if (isOver || batch.length > 0) this.#commit()
 this.#settle()`,
        by: `this.#settle()
    if (isOver || batch.length > 0) this.#commit()`,
      },
      { in: 'GroupCommit.#settle', replace: 'if (this.#deps.inTransaction) return', by: '' },
    ],
  },
  {
    name: 'commit-without-the-disk',
    what: 'A commit does not wait for the disk.',
    breaks: 'acknowledged data survives a power failure.',
    tests: ['test/db/database.test.ts'],
    edits: [{ in: 'connect', replace: "'synchronous = FULL'", by: "'synchronous = NORMAL'" }],
  },
  {
    name: 'outbox-dropped-when-sent',
    what: 'A change leaves the outbox when it is sent, not when the grand has acknowledged it.',
    breaks: 'a change is kept until another server has it.',
    tests: ['test/sync/regional/session.test.ts'],
    edits: [
      {
        in: 'RegionalSession.drain',
        replace: 'this.#inFlight.push(batch.last)',
        by: `this.#inFlight.push(batch.last)
      this.#acked = batch.last`,
      },
    ],
  },
  {
    name: 'no-fsync-before-the-row',
    what: 'A large blob is not durable before the database references it.',
    breaks: 'a file whose upload was acknowledged is intact after a power failure.',
    tests: ['test/blobs/durability.test.ts'],
    edits: [{ in: 'BlobWriter.finish', replace: 'await sink.sync()', by: '' }],
  },
  {
    name: 'cursor-ahead-of-effects',
    what: 'The cursor is committed before the effects of the entries up to it.',
    breaks: 'a server that crashes at any moment has applied the log up to its cursor.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [
      {
        in: 'Applier.apply',
        replace: 'await this.#write(runs, bytes)',
        by: `const at = runs.at(-1)?.cursor
    await this.#deps.db.write((tx) => writeMeta(tx, 'cursor', JSON.stringify(at)))
    await this.#write(runs, bytes)`,
      },
    ],
  },
  {
    name: 'echo-by-origin-alone',
    what: 'A regional skips every entry of its own origin, even those of an earlier epoch.',
    breaks: 'a regional restored from an old backup receives its later changes again.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [{ in: 'Applier.#applyOne', replace: '&& change.epoch === epoch', by: '' }],
  },
  {
    name: 'lost-stamp',
    what: 'A later value is merged without its stamp.',
    breaks: 'all servers converge on the same row, whatever the order of deliveries.',
    tests: ['test/model/merge.test.ts'],
    edits: [
      { in: 'join', replace: "if (rule === 'latest') stamps[name] = delta.stamps[name] as string", by: '' },
    ],
  },
  {
    name: 'forgotten-tombstone',
    what: 'A deletion that arrives before its row is dropped instead of deferred.',
    breaks: 'a deleted row stays deleted.',
    tests: ['test/db/replica.test.ts'],
    edits: [
      {
        in: 'applyChange',
        replace: 'deferForRow(tx, change)',
        by: 'if (change.fields.deleted !== true) deferForRow(tx, change)',
      },
    ],
  },
  {
    name: 'quota-without-reserved',
    what: 'The quota ignores the reservations of uploads in flight.',
    breaks: 'stored and reserved bytes together never exceed the quota.',
    tests: ['test/domain/quota.test.ts'],
    edits: [
      {
        in: 'Quota.assertRoom',
        replace: 'space.used_storage + reserved + bytes <=',
        by: 'space.used_storage + bytes <=',
      },
    ],
  },
  {
    name: 'quota-checked-before-the-lock',
    what: 'The quota is checked while bytes arrive, but not again in the transaction that stores the file.',
    breaks: 'the quota counts files that other servers added meanwhile.',
    tests: ['test/domain/quota.test.ts'],
    edits: [{ in: 'Uploads.#commit', replace: 'quota.assertRoom(userId, blob.size, tx)', by: '' }],
  },
  {
    name: 'session-cached-past-logout',
    what: 'A session that was valid once is not looked up again.',
    breaks: 'a session ends with its logout.',
    tests: ['test/http/accounts.test.ts'],
    edits: [
      {
        in: 'Sessions.authenticate',
        replace: 'const row = findSessionBySecret(this.#deps.db, secretHash(secret))',
        by: `const known = this as unknown as Record<string, SessionOfUser | undefined>
    const row = known[secret] ?? findSessionBySecret(this.#deps.db, secretHash(secret))
    known[secret] = row`,
      },
    ],
  },
  {
    name: 'session-outlives-the-password',
    what: 'A session does not end when the password it was opened with is replaced.',
    breaks: 'a new password ends all other sessions.',
    tests: ['test/http/accounts.test.ts'],
    edits: [
      {
        in: 'liveSessions',
        replace: "'users.password_id', '=', 'sessions.password_id'",
        by: "'users.password_id', '>=', 'sessions.password_id'",
      },
    ],
  },
  {
    name: 'grand-acknowledges-early',
    what: 'The grand acknowledges a batch before its append is durable.',
    breaks: 'an acknowledged change is in the log.',
    tests: ['test/sync/grand/session.test.ts'],
    edits: [
      {
        in: 'GrandSession.#append',
        replace: 'const { count, missing, stored }',
        by: `this.sendMessage({ type: 'ack', oseq: last })
    const { count, missing, stored }`,
      },
      {
        in: 'GrandSession.#append',
        replace: `this.sendMessage({ type: 'ack', oseq: last })
    this.#host.changesAppended`,
        by: 'this.#host.changesAppended',
      },
    ],
  },
  {
    name: 'hash-of-pulled-bytes-not-checked',
    what: 'A received blob is accepted without comparing its hash.',
    breaks: 'a corrupt blob is never accepted.',
    tests: ['test/blobs/incoming-blobs.test.ts'],
    edits: [
      {
        in: 'IncomingBlob.finish',
        replace: "if (this.#sink?.digest() !== sha256) return this.#fail('hash mismatch')",
        by: '',
      },
    ],
  },
  {
    name: 'last-byte-before-the-hash',
    what: 'Readers of a blob that is still arriving get the last byte before the hash is verified.',
    breaks: 'no reader takes a corrupt blob for a complete one.',
    tests: ['test/blobs/incoming-blobs.test.ts'],
    edits: [
      { in: 'IncomingBlob.#readableEnd', replace: 'Math.min(this.#written, end)', by: 'this.#written' },
    ],
  },
  {
    name: 'friend-for-ever',
    what: 'A friendship that has ended still lets the other side read.',
    breaks: 'files shared with friends are readable by friends alone.',
    tests: ['test/stories/access-matrix.test.ts'],
    edits: [{ in: 'selectActiveFriendship', replace: ".where('active', '=', 1)", by: '' }],
  },
  {
    name: 'range-off-by-one',
    what: 'A suffix range begins one byte too early.',
    breaks: 'ranges follow RFC 9110.',
    tests: ['test/http/download.test.ts'],
    edits: [{ in: 'parseByteRange', replace: 'size - last)', by: 'size - last - 1)' }],
  },
  {
    name: 'basic-not-checked-for-csrf',
    what: 'Credentials that a browser sends on its own, such as Basic, count as safe from CSRF.',
    breaks: "another site cannot change anything through a browser's stored credentials.",
    tests: ['test/http/core.test.ts'],
    edits: [
      {
        in: 'usesBearerToken',
        replace: "/^Bearer /i.test(headers.authorization ?? '')",
        by: 'headers !== undefined',
      },
    ],
  },
  {
    name: 'name-by-id',
    what: 'Of two accounts that claim a name, the one with the lower id holds it.',
    breaks: 'the earliest claim to a name holds it.',
    tests: ['test/db/replica.test.ts', 'test/network/claims.test.ts'],
    edits: [
      {
        in: 'resolveNameConflicts',
        replace: 'tx.all(claims, { folded }).toSorted(byAge)',
        by: 'tx.all(claims, { folded })',
      },
    ],
  },
  {
    name: 'later-password-holds',
    what: 'Of two passwords that replace the same one the later holds.',
    breaks: 'a password that was replaced authorises nothing later.',
    tests: ['test/network/credentials.test.ts', 'test/model/credentials.test.ts'],
    edits: [
      { in: 'heldUntil', replace: 'passwords.toSorted(byAge)', by: 'passwords.toSorted(byAge).reverse()' },
    ],
  },
  {
    name: 'replaced-password-counts',
    what: 'An email or a deletion counts although its password had been replaced.',
    breaks: 'a password that was replaced authorises nothing later.',
    tests: ['test/network/credentials.test.ts', 'test/simulation/stories.test.ts'],
    edits: [
      {
        in: 'counts',
        replace: 'created_stamp < (held.get(password_id) ?? NEVER_HELD)',
        by: 'held.has(password_id)',
      },
    ],
  },
  {
    name: 'token-of-a-replaced-password',
    what: 'A token is valid although its password had been replaced when it was made.',
    breaks: 'a password that was replaced authorises nothing later.',
    tests: ['test/network/credentials.test.ts'],
    edits: [
      {
        in: 'liveTokens',
        replace: "'passwords.held_until', '>', 'tokens.created_stamp'",
        by: "'passwords.held_until', '<>', 'tokens.created_stamp'",
      },
    ],
  },
  {
    name: 'crossing-request-stays',
    what: 'A friend request stays open although its pair was settled since.',
    breaks: 'whatever settles a pair settles all its requests.',
    tests: ['test/network/conflicts.test.ts', 'test/simulation/stories.test.ts'],
    edits: [{ in: 'updateOpen', replace: '> friend_requests.created_stamp)', by: "> 'g')" }],
  },
  {
    name: 'name-by-stamp-alone',
    what: 'Of two claims to a name the one with the earlier stamp holds it, whatever the log has.',
    breaks: 'a name that the log has stays with its holder.',
    tests: ['test/network/claims.test.ts'],
    edits: [
      {
        in: 'byAge',
        replace: '(a.logged_at ?? UNLOGGED) - (b.logged_at ?? UNLOGGED) ||',
        by: '',
      },
    ],
  },
  {
    name: 'former-log-forgotten',
    what: 'Snapshot changes do not report when a former log took a claim.',
    breaks: 'a name that the log has stays with its holder.',
    tests: ['test/network/claims.test.ts'],
    edits: [{ in: 'takeUnpublished', replace: 'readClaim(tx, table, id.key)', by: 'undefined' }],
  },
  {
    name: 'clock-behind-keeps-its-stamps',
    what: 'Changes that were made while the clock was behind are sent with their stamps.',
    breaks: 'a clock that is behind gives a replaced password no advantage.',
    tests: ['test/network/credentials.test.ts'],
    edits: [
      {
        in: 'RegionalSession.#handleWelcome',
        replace: 'behindMs > MAX_SKEW_MS &&',
        by: 'behindMs > 1e15 &&',
      },
      {
        in: 'SystemClock.now',
        replace: 'Math.max(this.machineNow() + this.#offsetMs, this.#sinceConfirmed())',
        by: 'this.machineNow() + this.#offsetMs',
      },
    ],
  },
  {
    name: 'expires-by-its-own-clock',
    what: 'Sessions and closed accounts expire by the clock of each server.',
    breaks: 'a server with a wrong clock expires nothing.',
    tests: ['test/network/expiry.test.ts'],
    edits: [{ in: 'collectGarbage', replace: 'confirmedNow() - ms', by: 'now() - ms' }],
  },
  {
    name: 'temporary-file-left',
    what: 'The temporary file of an upload stays after the client has disconnected.',
    breaks: 'an interrupted upload leaves nothing behind.',
    tests: ['test/http/upload.test.ts'],
    edits: [
      {
        in: 'BlobWriter.[Symbol.asyncDispose]',
        replace: 'await this.#files.unlink(this.#file.path).catch(() => undefined)',
        by: '',
      },
    ],
  },
  {
    name: 'watermark-before-the-bytes',
    what: 'A regional reports all blobs of the log as stored as soon as it has applied the entries.',
    breaks: '`stored_on` names only servers that store the blob.',
    tests: ['test/sync/regional/blob-puller.test.ts'],
    edits: [
      { in: 'BlobPuller.watermark', replace: 'Math.max(0, first - 1)', by: 'Math.max(cursor, first - 1)' },
    ],
  },
  {
    name: 'clock-deaf-to-others',
    what: 'A server does not advance its clock by the stamps that it receives.',
    breaks: 'a later user action wins over everything its author had seen.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [
      { in: 'Journal.observe', replace: 'if (stamp > readClock(tx))', by: 'if (stamp < readClock(tx))' },
    ],
  },
  {
    name: 'gap-in-the-log',
    what: 'The grand appends a change although the previous one of its origin is missing.',
    breaks: 'the log has every change of a server in order.',
    tests: ['test/sync/grand/session.test.ts'],
    edits: [{ in: 'append', replace: 'if (oseq > seen.oseq + 1) throw', by: 'if (oseq < 0) throw' }],
  },
  {
    name: 'collected-in-transit',
    what: 'Garbage collection removes a blob that an upload has stored but not referenced yet.',
    breaks: 'an acknowledged file has its blob.',
    tests: ['test/blobs/blob-store.test.ts'],
    edits: [{ in: 'BlobStore.collectGarbage', replace: '|| this.#pins.has(sha256)', by: '' }],
  },
  {
    name: 'rows-not-republished',
    what: 'A regional that detects a lost log does not republish its rows.',
    breaks: 'a grand that lost its log is refilled by the regionals.',
    tests: ['test/network/heal.test.ts'],
    edits: [{ in: 'beginRefill', replace: 'markAllUnpublished(tx)', by: '' }],
  },
  {
    name: 'parallel-guesses',
    what: 'Wrong passwords are counted, but attempts in flight are not.',
    breaks: 'parallel guesses gain nothing.',
    tests: ['test/http/accounts.test.ts'],
    edits: [{ in: 'LoginThrottle.#acquire', replace: 'await blocking.released', by: 'break' }],
  },
  {
    name: 'altered-log-taken',
    what: 'A regional applies log entries without verifying the hash chain.',
    breaks: 'an altered log is detected.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [{ in: 'Applier.apply', replace: 'verifyChain(entries, cursor)', by: '' }],
  },
  {
    name: 'folder-not-fsynced',
    what: 'A blob is linked under its hash, but the folder entry is not made durable.',
    breaks: 'a file whose upload was acknowledged exists after a power failure.',
    tests: ['test/blobs/durability.test.ts'],
    edits: [{ in: 'BlobStore.moveIntoPlace', replace: 'await this.#syncFolder(dirname(final))', by: '' }],
  },
  {
    name: 'pulled-bytes-not-fsynced',
    what: 'A received blob is not durable before the database references it.',
    breaks: 'a blob that a server reports as stored exists after a power failure.',
    tests: ['test/blobs/durability.test.ts'],
    edits: [{ in: 'IncomingBlob.finish', replace: 'await this.#sink?.sync()', by: '' }],
  },
  {
    name: 'restored-as-if-nothing-was-lost',
    what: 'A regional restored from an old backup continues its previous epoch.',
    breaks: 'new changes of a restored regional are not mistaken for those that it lost.',
    tests: ['test/simulation/simulation.test.ts'],
    edits: [
      {
        in: 'beginAfterRestore',
        replace: 'beginEpoch(tx, { keepChanges: true }, random)',
        by: `writeMeta(tx, 'acked', readMeta(tx, 'acked') ?? '{"oseq":0,"id":""}')`,
      },
    ],
  },
  {
    name: 'last-trigram-not-indexed',
    what: 'The search index omits the last three characters of a name.',
    breaks: 'a search finds the same names as a full scan.',
    tests: ['test/db/search.test.ts'],
    edits: [
      { in: 'indexNames', replace: 'withoutNul(name_folded)', by: 'withoutNul(name_folded.slice(0, -1))' },
    ],
  },
  {
    name: 'short-page-ends-the-list',
    what: 'A page that ends a scan early has no cursor.',
    breaks: 'a search finds the same names as a full scan.',
    tests: ['test/db/search.test.ts'],
    edits: [{ in: 'slicePage', replace: 'seekKeyOf(last) : scanned', by: 'seekKeyOf(last) : undefined' }],
  },
  {
    name: 'readers-see-a-series',
    what: 'Readers see the writes of a batch before they are durable.',
    breaks: 'nobody sees data that a crash can undo.',
    tests: ['test/db/database.test.ts'],
    edits: [
      {
        in: 'GroupCommit.commitSeries',
        replace: 'this.#outcomes.length > 0',
        by: 'this.#outcomes.length > MAX_UNITS_PER_TICK',
      },
    ],
  },
  {
    name: 'snapshot-never-closed',
    what: 'A read transaction is never closed, so that reads repeat an old snapshot.',
    breaks: 'reads see all committed data, also that of another process.',
    tests: ['test/db/database.test.ts'],
    edits: [{ in: 'ReadSnapshot.open', replace: '() => this.close()', by: '() => undefined' }],
  },
  {
    name: 'writes-count-out-of-order',
    what: 'A write that completes early is counted before the writes that precede it in the file.',
    breaks: 'an upload is complete and durable before its response.',
    tests: ['test/blobs/files-on-disk.test.ts'],
    edits: [{ in: 'FileSink.#write', replace: 'await before', by: 'void before' }],
  },
  {
    name: 'disabled-session-lives',
    what: 'A session stays valid when its account is disabled.',
    breaks: 'a disabled account is inaccessible at once, on every server.',
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [{ in: 'liveSessions', replace: ".where('users.active', '=', 1)", by: '' }],
  },
  {
    name: 'disabled-account-shown',
    what: 'The shared files of a disabled account are still served.',
    breaks: 'nobody sees anything of a disabled account.',
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [{ in: 'visibleFiles', replace: ".where('users.active', '=', 1)", by: '' }],
  },
  {
    name: 'disabled-for-ever',
    what: 'Of disabling and enabling the greater value wins, not the later one.',
    breaks: 'enabling an account restores all access.',
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [
      { in: 'TABLES', replace: 'disabled: latest(Type.Boolean())', by: 'disabled: max(Type.Boolean())' },
    ],
  },
  {
    name: 'other-writers-unnoticed',
    what: "A running server does not notice the writes of an operator's commands.",
    breaks: "an operator's command takes effect at once, on every server.",
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [
      {
        in: 'watchOtherWriters',
        replace: 'if (writes === lastSeen) return',
        by: 'if (writes >= lastSeen) return',
      },
    ],
  },
  {
    name: 'unknown-not-kept',
    what: 'An older server applies the known fields of a change and drops the rest.',
    breaks: 'a server applies the unknown part of a change after its upgrade.',
    tests: ['test/stories/upgrade.test.ts'],
    edits: [
      {
        in: 'Applier.#applyOne',
        replace: 'deferUnknown(tx, change, gseq)',
        by: '{}',
      },
    ],
  },
  {
    name: 'reference-not-ended',
    what: 'A blob stays referenced after the row that references it is deleted.',
    breaks: 'garbage collection removes unreferenced blobs.',
    tests: ['test/blobs/blob-refs.test.ts'],
    edits: [
      {
        in: 'updateRefs',
        replace: 'if (oldRef !== undefined) removeRef(tx, rowId(table, key), oldRef)',
        by: '',
      },
    ],
  },
]
