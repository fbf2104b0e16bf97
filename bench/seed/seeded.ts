/** What is known of a folder that was seeded. */

/** Everybody's. */
export const PASSWORD = 'correct horse battery'

/** The account that all files are of. */
export const OWNER = 'owner'

/** Holds a hundred files. */
export const FOLDER = '/Inbox'

/** Eight files have it in their name. */
export const RARE_WORD = 'kilimanjaro'

/** In every fifth name or so. */
export const COMMON_WORD = 'pdf'

/** In one name of a hundred. */
export const SEEN_WORD = 'contract'

/** In no name, though every three letters of it that follow each other are in many. */
export const ABSENT_WORD = 'contractor'

export const SORTS = ['name', '-name', 'created_at', '-created_at', 'size', '-size'] as const

/** For each order of a listing the cursor after which its second half follows. */
export type Middles = Record<(typeof SORTS)[number], string>
