/** What a row of the bench may know of a folder that was seeded. */

/** The account that all files are of. */
export const OWNER = { username: 'owner', password: 'correct horse battery' }

/** Holds a hundred files. */
export const FOLDER = '/Inbox'

/** Eight files have it in their name. */
export const RARE_WORD = 'kilimanjaro'

/** In one name of some twenty. */
export const COMMON_WORD = 'contract'

/** In no name, though every three letters of it that follow each other are in many. */
export const ABSENT_WORD = 'contractor'
