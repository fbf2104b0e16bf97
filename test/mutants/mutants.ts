import type { Mutant } from './edit.js'

/** Bugs, each of which breaks a guarantee, and the quickest tests that have to find it, each of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledged-before-commit',
    what: 'A unit of work is answered before its transaction commits.',
    breaks: 'what was acknowledged is kept; what was refused is not.',
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
    breaks: 'what was acknowledged survives a power cut.',
    tests: ['test/db/database.test.ts'],
    edits: [{ in: 'connect', replace: "'synchronous = FULL'", by: "'synchronous = NORMAL'" }],
  },
  {
    name: 'outbox-dropped-when-sent',
    what: 'A change leaves the outbox when it is sent, not when the grand has acknowledged it.',
    breaks: 'a change is kept until somebody else has it.',
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
    what: 'The bytes of a large file are not made durable before the database names them.',
    breaks: 'a file whose upload was acknowledged is whole after a power cut.',
    tests: ['test/blobs/durable-bytes.test.ts'],
    edits: [{ in: 'BlobWriter.finish', replace: 'await sink.sync()', by: '' }],
  },
  {
    name: 'cursor-ahead-of-effects',
    what: 'The place in the log is committed before the effects of the entries up to it.',
    breaks: 'a server that dies at any moment has applied what its cursor says.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [
      {
        in: 'Applier.apply',
        replace: 'await this.#write(stretches, bytes)',
        by: `const at = stretches.at(-1)?.cursor
    await this.#options.db.write((tx) => writeMeta(tx, 'cursor', JSON.stringify(at)))
    await this.#write(stretches, bytes)`,
      },
    ],
  },
  {
    name: 'echo-by-origin-alone',
    what: 'Every entry of its own origin is passed over, also one that an earlier life of its database made.',
    breaks: 'a regional restored from an old backup gets its later changes back.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [{ in: 'Applier.#applyOne', replace: '&& change.epoch === epoch', by: '' }],
  },
  {
    name: 'lost-stamp',
    what: 'A later value is taken over without its stamp.',
    breaks: 'whatever the order of deliveries, all servers come to the same row.',
    tests: ['test/model/merge.test.ts'],
    edits: [
      { in: 'join', replace: "if (rule === 'latest') stamps[name] = delta.stamps[name] as string", by: '' },
    ],
  },
  {
    name: 'forgotten-tombstone',
    what: 'A deletion that comes before the row that it deletes is dropped and not deferred.',
    breaks: 'what is deleted stays deleted.',
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
    what: 'What uploads have reserved does not count.',
    breaks: 'what is stored and what is on its way never exceed the quota together.',
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
    breaks: 'a quota counts what came from other servers meanwhile.',
    tests: ['test/domain/quota.test.ts'],
    edits: [{ in: 'Uploads.#commit', replace: 'quota.assertRoom(userId, blob.size, tx)', by: '' }],
  },
  {
    name: 'session-cached-past-logout',
    what: 'A session that was live once is not looked up again.',
    breaks: 'a session ends with its logout.',
    tests: ['test/http/accounts.test.ts'],
    edits: [
      {
        in: 'Sessions.authenticate',
        replace: 'const row = findSessionBySecret(this.#db, secretHash(secret))',
        by: `const known = this as unknown as Record<string, SessionOfUser | undefined>
    const row = known[secret] ?? findSessionBySecret(this.#db, secretHash(secret))
    known[secret] = row`,
      },
    ],
  },
  {
    name: 'session-outlives-the-password',
    what: 'A session does not end when the password that it was opened with is replaced.',
    breaks: 'a new password ends all other sessions.',
    tests: ['test/http/accounts.test.ts'],
    edits: [
      {
        in: 'Sessions.#isLive',
        replace: 'row.password_stamp === passwordStamp(user)',
        by: 'row.password_stamp <= passwordStamp(user)',
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
    what: 'Bytes from another server are taken without comparing their hash.',
    breaks: 'wrong bytes never count as the right ones.',
    tests: ['test/blobs/incoming-blobs.test.ts'],
    edits: [
      {
        in: 'IncomingBlob.finish',
        replace:
          "if (this.#sink?.digest() !== sha256) return this.#fail('other bytes than those of the hash')",
        by: '',
      },
    ],
  },
  {
    name: 'last-byte-before-the-hash',
    what: 'Who reads bytes along while they arrive gets the last one before the whole is verified.',
    breaks: 'nobody takes wrong bytes for a whole file.',
    tests: ['test/blobs/incoming-blobs.test.ts'],
    edits: [{ in: 'IncomingBlob.#ready', replace: 'Math.min(this.#written, end)', by: 'this.#written' }],
  },
  {
    name: 'friend-for-ever',
    what: 'A friendship that has ended still lets the other side read.',
    breaks: 'what is shared with friends is readable by friends alone.',
    tests: ['test/stories/access-matrix.test.ts'],
    edits: [{ in: 'selectActiveFriendship', replace: ".where('active', '=', 1)", by: '' }],
  },
  {
    name: 'range-off-by-one',
    what: 'A suffix range begins one byte too early.',
    breaks: 'ranges are answered as RFC 9110 says.',
    tests: ['test/http/download.test.ts'],
    edits: [{ in: 'requestedRange', replace: 'size - last)', by: 'size - last - 1)' }],
  },
  {
    name: 'basic-not-checked-for-csrf',
    what: 'A token is taken for safe from forgery also where a browser sends it of its own accord, as Basic.',
    breaks: 'another site changes nothing by what a browser sends.',
    tests: ['test/http/core.test.ts'],
    edits: [
      {
        in: 'isByBearer',
        replace: "/^Bearer /i.test(headers.authorization ?? '')",
        by: 'headers !== undefined',
      },
    ],
  },
  {
    name: 'name-by-local-order',
    what: 'Of two accounts that claim one name, the one that this server heard of first bears it.',
    breaks: 'all servers agree who bears a name.',
    tests: ['test/db/replica.test.ts'],
    edits: [
      {
        in: 'selectUsernameClaims',
        replace: `.orderBy('created_stamp')
 .orderBy('id')`,
        by: ".orderBy('rowid' as 'id')",
      },
    ],
  },
  {
    name: 'temporary-file-left',
    what: 'The temporary file of an upload stays when the client goes away.',
    breaks: 'an upload that breaks off leaves nothing.',
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
    what: 'A regional tells that it holds all bytes of the log as soon as it has applied the entries.',
    breaks: '`stored_on` names only servers that hold the bytes.',
    tests: ['test/sync/regional/blob-puller.test.ts'],
    edits: [
      { in: 'BlobPuller.watermark', replace: 'Math.max(0, first - 1)', by: 'Math.max(cursor, first - 1)' },
    ],
  },
  {
    name: 'clock-deaf-to-others',
    what: 'A server does not move its clock on by the stamps that it hears.',
    breaks: 'what was done later wins over what its author had already seen.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [
      { in: 'Journal.observe', replace: 'if (stamp > readClock(tx))', by: 'if (stamp < readClock(tx))' },
    ],
  },
  {
    name: 'gap-in-the-log',
    what: 'The grand appends a change although the one before it has not come.',
    breaks: 'the log has every change of a server, in its order.',
    tests: ['test/sync/grand/session.test.ts'],
    edits: [{ in: 'append', replace: 'if (oseq > seen.oseq + 1) throw', by: 'if (oseq < 0) throw' }],
  },
  {
    name: 'swept-on-its-way',
    what: 'The sweep takes bytes that an upload has placed and not named yet.',
    breaks: 'an acknowledged file has its bytes.',
    tests: ['test/blobs/blob-store.test.ts'],
    edits: [{ in: 'BlobStore.collectGarbage', replace: '|| this.#pins.has(sha256)', by: '' }],
  },
  {
    name: 'rows-not-republished',
    what: 'A regional that finds the log of the grand lost does not republish its rows.',
    breaks: 'a grand that lost its log is filled again by the regionals.',
    tests: ['test/network/heal.test.ts'],
    edits: [{ in: 'beginRefill', replace: 'markAllUnpublished(tx)', by: '' }],
  },
  {
    name: 'parallel-guesses',
    what: 'Wrong passwords are counted, but attempts under way are not.',
    breaks: 'parallel guesses gain nothing.',
    tests: ['test/http/accounts.test.ts'],
    edits: [{ in: 'LoginThrottle.#acquire', replace: 'await blocking.released', by: 'break' }],
  },
  {
    name: 'altered-log-taken',
    what: 'A regional applies entries of the log without following the chain of their hashes.',
    breaks: 'a log that was altered cannot pass for the same.',
    tests: ['test/sync/regional/apply.test.ts'],
    edits: [{ in: 'Applier.apply', replace: 'verifyChain(entries, cursor)', by: '' }],
  },
  {
    name: 'folder-not-fsynced',
    what: 'A file gets its place under its hash, but the folder that names it is not made durable.',
    breaks: 'a file whose upload was acknowledged is there after a power cut.',
    tests: ['test/blobs/durable-bytes.test.ts'],
    edits: [{ in: 'BlobStore.moveIntoPlace', replace: 'await this.#syncFolder(dirname(final))', by: '' }],
  },
  {
    name: 'pulled-bytes-not-fsynced',
    what: 'Bytes from another server are not made durable before the database names them.',
    breaks: 'bytes that a server says it holds are there after a power cut.',
    tests: ['test/blobs/durable-bytes.test.ts'],
    edits: [{ in: 'IncomingBlob.finish', replace: 'await this.#sink?.sync()', by: '' }],
  },
  {
    name: 'restored-as-if-nothing-was-lost',
    what: 'A regional that was restored from an old backup goes on under the epoch that it had.',
    breaks: 'new changes of a restored regional are not taken for those that it lost.',
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
    what: 'The last three characters of a name are not put into the index.',
    breaks: 'a search finds what a look at every name finds.',
    tests: ['test/db/search.test.ts'],
    edits: [
      { in: 'indexNames', replace: 'withoutNul(name_folded)', by: 'withoutNul(name_folded.slice(0, -1))' },
    ],
  },
  {
    name: 'short-page-ends-the-list',
    what: 'A page that a scan cuts short has no cursor.',
    breaks: 'a search finds what a look at every name finds.',
    tests: ['test/db/search.test.ts'],
    edits: [{ in: 'cut', replace: 'position(last) : scanned', by: 'position(last) : undefined' }],
  },
  {
    name: 'readers-see-a-series',
    what: 'Readers see what a series has written before it is durable.',
    breaks: 'nobody sees what a crash can take away again.',
    tests: ['test/db/database.test.ts'],
    edits: [
      {
        in: 'GroupCommit.commitSeries',
        replace: 'this.#outcomes.length > 0',
        by: 'this.#outcomes.length > MAX_BATCH',
      },
    ],
  },
  {
    name: 'snapshot-never-closed',
    what: 'What was read once is read for ever, for its snapshot is never closed.',
    breaks: 'readers see what is committed, also by another process.',
    tests: ['test/db/database.test.ts'],
    edits: [{ in: 'ReadSnapshot.open', replace: '() => this.close()', by: '() => undefined' }],
  },
  {
    name: 'writes-count-out-of-order',
    what: 'A write that ends early counts before those that go before it in the file.',
    breaks: 'an upload is in its file, and durable, before it is answered.',
    tests: ['test/blobs/files-on-disk.test.ts'],
    edits: [{ in: 'FileSink.#write', replace: 'await before', by: 'void before' }],
  },
  {
    name: 'disabled-session-lives',
    what: 'A session goes on to work when its account is disabled.',
    breaks: 'a disabled account is closed at once, on every server.',
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [{ in: 'liveSessions', replace: ".where('users.disabled', '=', 0)", by: '' }],
  },
  {
    name: 'disabled-account-shown',
    what: 'What a disabled account shares goes on to be served.',
    breaks: 'nobody sees anything of a disabled account.',
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [{ in: 'visibleFiles', replace: ".where('users.disabled', '=', 0)", by: '' }],
  },
  {
    name: 'disabled-for-ever',
    what: 'Of disabled and enabled the greater wins, and not the later.',
    breaks: 'enabling an account brings everything back.',
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [
      { in: 'TABLES', replace: 'disabled: latest(Type.Boolean())', by: 'disabled: max(Type.Boolean())' },
    ],
  },
  {
    name: 'other-writers-unnoticed',
    what: "A running server does not notice what the operator's commands write.",
    breaks: 'what an operator does counts at once, on every server.',
    tests: ['test/operator/accounts.test.ts', 'test/network/operator.test.ts'],
    edits: [
      {
        in: 'watchOtherWriters',
        replace: 'if (writes === known) return',
        by: 'if (writes >= known) return',
      },
    ],
  },
  {
    name: 'unknown-not-kept',
    what: 'An older server applies what it understands of a change, and keeps nothing of the rest.',
    breaks: 'what a server does not understand yet is applied after its upgrade.',
    tests: ['test/stories/upgrade.test.ts'],
    edits: [
      {
        in: 'Applier.#applyOne',
        replace: 'if (!isOwn && known !== change) deferUnknown(tx, change, gseq)',
        by: '',
      },
    ],
  },
  {
    name: 'reference-not-ended',
    what: 'A blob stays referenced when the row that references it is deleted.',
    breaks: 'garbage collection removes what nothing references.',
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
