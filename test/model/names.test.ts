import t from 'tap'
import { fold, foldLogin } from '../../src/db/regional/fold.js'
import {
  faultOfEmail,
  faultOfFileName,
  faultOfFolder,
  faultOfUsername,
  normalizeFolder,
  normalizeUsername,
} from '../../src/model/names.js'

const username = (typed: string) => faultOfUsername(normalizeUsername(typed))

/** Every character of Unicode, but for surrogates. */
function* characters(): Generator<string> {
  for (let code = 0; code <= 0x10ffff; code += 1)
    if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code)
}

t.test('a username is of any script, with the marks that belong to its letters', async (t) => {
  const good = [
    'noam',
    'kim_42',
    'a.b-c',
    'हिन्दी',
    'தமிழ்',
    'ชื่อ',
    'שָׁלוֹם',
    'نعيم',
    'Ελλάς',
    'Юлия',
    'ゆきこ',
    '김철수',
    '王小明',
    'Кирилл',
  ]
  for (const name of good) t.equal(username(name), undefined, name)
  for (const name of ['ab', 'a'.repeat(33), 'a b c', 'a/b', 'noam~1a2b', 'noam!', '\u0301abc', 'ab\0c', ''])
    t.match(username(name), /must be 3 to 32/, JSON.stringify(name))
  t.equal(normalizeUsername(' ｎｏａｍ '), 'noam', 'without spaces around it, in NFKC')
  t.equal(normalizeUsername('น้ำ'), 'น้ำ')
  t.equal(foldLogin('น้ำ'), foldLogin(normalizeUsername('น้ำ')))
})

t.test('a username shows all of its characters', async (t) => {
  for (const hidden of ['\u3164', '\u115f', '\u034f', '\u180b', '\ufe0f', '\u17b4', '\u{e0100}']) {
    t.type(username(`noam${hidden}`), 'string', `U+${hidden.codePointAt(0)?.toString(16)}`)
    t.type(username(hidden.repeat(3)), 'string')
  }
})

t.test('a username does not mix scripts whose letters look alike', async (t) => {
  for (const name of ['nоam', 'αdmin', 'adοmin', 'Ꭰdmin', 'աdmin'])
    t.match(username(name), /look alike/, name)
  for (const name of ['ноам', '東京tokyo', 'user_ゆき', 'юля_42']) t.equal(username(name), undefined, name)
})

t.test('an email may be of a local network or of any script', async (t) => {
  const good = [
    'dana@example.org',
    'dana@localhost',
    'dana@nas',
    'dana+x@bücher.example',
    'δάνα@例え.jp',
    "o'neil@x.co",
    'd@1.2.3.4',
  ]
  for (const email of good) t.equal(faultOfEmail(email), undefined, email)
  const bad = [
    'dana',
    '@nas',
    'dana@',
    'a b@nas',
    'a@b@nas',
    'dana@a..b',
    'dana@.a',
    'dana@-a',
    'dana@a b',
    'da\u200bna@nas',
    'dana@x/y',
    `${'a'.repeat(254)}@nas`,
  ]
  for (const email of bad) t.type(faultOfEmail(email), 'string', JSON.stringify(email))
})

t.test('a file name and a folder say what is wrong with them', async (t) => {
  for (const name of ['a', '%', 'foo\\', '.x', '...', 'é'.repeat(127), ' '])
    t.equal(faultOfFileName(name), undefined)
  t.match(faultOfFileName('é'.repeat(128)), /255 bytes/)
  for (const name of ['', '.', '..', 'a/b', 'a\nb', '\u0085', '\ud800'])
    t.type(faultOfFileName(name), 'string')
  for (const folder of ['/', '/a', '/a/b c']) t.equal(faultOfFolder(folder), undefined)
  for (const folder of ['', 'a', '/a/', '//', '/a/..', `/${'a'.repeat(256)}`, '/a'.repeat(513)])
    t.type(faultOfFolder(folder), 'string', folder.slice(0, 20))
  t.equal(normalizeFolder('/cafe\u0301'), '/caf\u00e9')
})

t.test('every way to write the case of a character folds alike', async (t) => {
  const odd: string[] = []
  for (const one of characters()) {
    if (one.toLowerCase() === one && one.toUpperCase() === one) continue
    const ways = [one.toLowerCase(), one.toUpperCase(), one.toLowerCase().toUpperCase(), fold(one)]
    if (ways.some((way) => fold(way) !== fold(one))) odd.push(`U+${one.codePointAt(0)?.toString(16)}`)
  }
  t.same(odd, [])
})

t.test('a name folds as its parts do, whatever stands before and after them', async (t) => {
  const odd: string[] = []
  for (const one of characters()) {
    // What has no case is changed by NFKC alone, which joins it with its neighbours.
    if (fold(one) === one && one.toUpperCase() === one) continue
    for (const [before, after] of [
      ['', ' '],
      ['x', ''],
      ['α', ''],
      ['Α', 'Β'],
      ['', '.'],
      ['.', '.'],
    ] as const) {
      const whole = fold(before + one + after)
      if (!whole.includes(fold(one).normalize('NFKC')) && !/^\p{M}/u.test(fold(one).normalize('NFKD')))
        odd.push(`${before}U+${one.codePointAt(0)?.toString(16)}${after}`)
    }
  }
  t.same(odd, [])
  t.ok(fold('Ελλάς.jpg').includes(fold('Ελλάς')))
  t.ok(fold('ΟΔΟΣ.txt').includes(fold('ΟΔΟΣ')))
  t.equal(fold('STRASSE'), fold('straße'))
  t.equal(fold('ẞ'), fold('ß'))
})

t.test('what a name is looked up by knows no spaces around it', async (t) => {
  t.equal(foldLogin(' Dana\u00a0'), 'dana')
})
