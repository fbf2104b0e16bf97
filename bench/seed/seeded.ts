/** Constants of a seeded data folder. */

/** The password of every account. */
export const PASSWORD = 'correct horse battery'

/** The account that owns all files. */
export const OWNER = 'owner'

/** A folder with a hundred files. */
export const FOLDER = '/Inbox'

/** A word in the names of eight files. */
export const RARE_WORD = 'kilimanjaro'

/** A word in about every fifth name. */
export const COMMON_WORD = 'pdf'

/** A word in one name of a hundred. */
export const SEEN_WORD = 'contract'

/** A word in no name, although each of its trigrams is in many names. */
export const ABSENT_WORD = 'contractor'

export const SORTS = ['name', '-name', 'created_at', '-created_at', 'size', '-size'] as const

/** For each sort order of a listing the cursor to its second half. */
export type Middles = Record<(typeof SORTS)[number], string>
