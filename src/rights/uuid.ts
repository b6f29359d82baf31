// Ids of devices, requests and cases, as they come from outside. Promises: what is none reaches no query, which would fail on it.

/** True for a UUID as we write them: small letters, with hyphens. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
