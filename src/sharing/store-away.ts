// What is said while the store cannot be asked: the same whoever it is about, and never "not found" (DESIGN 5).
export const UNAVAILABLE = { kind: 'unavailable', retryAfterS: 10 } as const;
