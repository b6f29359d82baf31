// Ids of devices, requests and cases, as they come from outside. Promises: what is none reaches no query, which would fail on it.

/** True for a UUID as we write them: small letters, with hyphens. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** Before all others: where reading them in order begins. */
export const FIRST_UUID = '00000000-0000-0000-0000-000000000000';
