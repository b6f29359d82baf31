// Values that are planted in requests, in every form in which they could come out again, and the search for them. A form is
// long enough not to be met by chance: six digits of a place, five bytes of an address, twelve of a secret.

type Needle = { readonly name: string; readonly bytes: Buffer };

const asText = (name: string, texts: readonly string[]): Needle[] =>
  texts.map((text) => ({ name: `${name} as ${text}`, bytes: Buffer.from(text) }));

/** A number of 48 bits in every form in which it could lie in a file, a dump or a log. */
export function formsOfMac(mac: number): Buffer[] {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(mac, 0, 6);
  const reversed = Buffer.from(bytes).reverse();
  const hex = [bytes.toString('hex'), reversed.toString('hex')];
  const parts = hex[0].match(/../g)!;
  const texts = [String(mac), ...hex, parts.join(':'), parts.join('-'), hex[0].match(/..../g)!.join('.')];
  return [bytes, reversed, ...texts.flatMap((text) => [text, text.toUpperCase()]).map((text) => Buffer.from(text))];
}

export function needlesOfMac(name: string, mac: number): Needle[] {
  return formsOfMac(mac).map((bytes) => ({ name: `${name} as ${bytes.toString('latin1')}`, bytes }));
}

/** Degrees with four decimals in common with what is looked for, and the number itself as databases keep it. */
export function needlesOfDegrees(name: string, degrees: number): Needle[] {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(degrees);
  return [
    ...asText(name, [degrees.toFixed(6).slice(0, -2)]),
    { name: `${name} as a double`, bytes: double },
    { name: `${name} as a double, reversed`, bytes: Buffer.from(double).reverse() },
  ];
}

/** A token or key: as it is written, and the bytes that are behind it. */
export function needlesOfSecret(name: string, secret: string): Needle[] {
  const bytes = Buffer.from(secret.replace(/^hg[a-z]_/, ''), 'base64url').subarray(0, 12);
  const whole = Buffer.from(secret);
  return [
    ...asText(name, [secret.slice(0, 20), whole.toString('base64').slice(0, 20), whole.toString('hex').slice(0, 30)]),
    ...asText(name, [bytes.toString('hex'), bytes.toString('base64')]),
    { name: `${name} as bytes`, bytes },
  ];
}

/** Any text, and what base64 and hex make of it (as bytea columns are dumped). */
export function needlesOfText(name: string, text: string): Needle[] {
  const bytes = Buffer.from(text);
  // Of the three ways in which base64 can cut it, what does not depend on its neighbours.
  const base64 = [0, 1, 2].map((pad) =>
    Buffer.concat([Buffer.alloc(pad), bytes])
      .toString('base64')
      .slice(pad === 0 ? 0 : 4, -4),
  );
  return asText(name, [text, bytes.toString('hex'), ...base64.filter((form) => form.length >= 8)]);
}

/** Names of what is found, in which place. */
export function findLeaks(places: Readonly<Record<string, string | Buffer>>, needles: readonly Needle[]): string[] {
  return Object.entries(places).flatMap(([place, content]) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ name }) => `${place}: ${name}`);
  });
}
