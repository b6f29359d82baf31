// The owner's word in a network's name. Promises: true for names that ask to be left alone (`_nomap` at the end as Google
// and Mozilla read it, `_optout` anywhere as Microsoft reads it) and for hidden networks (empty, blank or NUL-only names),
// also where a client pads or quotes the name. The name itself is looked at here and nowhere kept. A name that was not sent
// is not a refusal. Time grows with the name's length, no faster.

/** True if a network name forbids learning and using its access point. Anything that is not a string says nothing: false. */
export function isOptedOut(ssid: unknown): boolean {
  if (typeof ssid !== 'string') return false;
  const name = bare(ssid);
  return name === '' || saysNo(name);
}

/** True if a network name says no in words; a hidden one does not say whose no it is. */
export function isRefusal(ssid: unknown): boolean {
  return typeof ssid === 'string' && saysNo(bare(ssid));
}

function saysNo(name: string): boolean {
  const lower = name.toLowerCase();
  return lower.endsWith('_nomap') || lower.includes('_optout');
}

/** A NUL or blank as wpa_supplicant, iw and iwlist write them: a hidden network of theirs is `\x00\x00\x00`. */
const WRITTEN_PADDING = /\\x(?:00|20)/g;

/**
 * The name that the access point sends: Android's getSSID puts it in quotes, and drivers hand out its 32 bytes with the NULs
 * behind it, or Linux's tools in their words for them. One pair of quotes only: more are the owner's.
 */
function bare(ssid: string): string {
  const name = unpadded(ssid.replace(WRITTEN_PADDING, '\0'));
  return name.length >= 2 && name.startsWith('"') && name.endsWith('"') ? unpadded(name.slice(1, -1)) : name;
}

function unpadded(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isPadding(text[start])) start++;
  while (end > start && isPadding(text[end - 1])) end--;
  return text.slice(start, end);
}

function isPadding(character: string): boolean {
  return character === '\0' || character.trim() === '';
}
