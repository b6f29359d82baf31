// The owner's word in a network's name. Promises: true for names that ask to be left alone (`_nomap` at the end as Google
// and Mozilla read it, `_optout` anywhere as Microsoft reads it) and for hidden networks (empty or NUL-only names).
// The name itself is looked at here and nowhere kept. A name that was not sent is not a refusal.

/** True if a network name forbids learning and using its access point. Anything that is not a string says nothing: false. */
export function isOptedOut(ssid: unknown): boolean {
  if (typeof ssid !== 'string') return false;
  return isHidden(ssid) || isRefusal(ssid);
}

/** True if a network name says no in words; a hidden one does not say whose no it is. */
export function isRefusal(ssid: unknown): boolean {
  if (typeof ssid !== 'string') return false;
  const name = ssid.toLowerCase();
  return name.endsWith('_nomap') || name.includes('_optout');
}

function isHidden(ssid: string): boolean {
  for (let i = 0; i < ssid.length; i++) if (ssid.charCodeAt(i) !== 0) return false;
  return true;
}
