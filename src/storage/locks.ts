// Advisory locks that more than one room takes, as signed 64-bit integers in SQL.

/** Held in the transaction of whoever changes what is learnt: the first eight bytes of SHA-256("honeyguide fold"). */
export const LEARNING_LOCK = '-4916260442166832794';

/** Held by whoever publishes a window's counts: the first eight bytes of SHA-256("honeyguide counts"). */
export const COUNTS_LOCK = '5445783273932657727';

/**
 * Held by whoever bars a station, and shared by whoever writes some after asking which are barred: first eight bytes of
 * SHA-256("honeyguide barring"). Taken after LEARNING_LOCK.
 */
export const BARRING_LOCK = '-8947138345298817809';
