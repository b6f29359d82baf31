/** What the doctor found. ok: as it should be; weak: works, with less speed, safety or privacy than it could; wrong: does not work. */
export type Finding = { what: string; state: 'ok' | 'weak' | 'wrong'; says: string };
