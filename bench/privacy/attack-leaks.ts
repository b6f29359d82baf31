// A13, leaks beside the answer: marked addresses, names, places and tokens go in by every door, properly and not; then the
// attacker reads the log, the metrics, every answer to others, all headers, and a dump of every table, as text and as bytes.
import type { Pool } from 'pg';
import { fixAt } from './attack-oracle.ts';
import type { Partner, PrivacyGateway, Reply } from './gateway.ts';

/** What goes in; nothing else in the world looks like it. The place has more digits than any answer about it may. */
const CANARY = {
  mac: '5c:a1:ab:1e:c0:de',
  ssid: 'canary-ssid-7f3a9c',
  ip: '203.0.113.77',
  agent: 'canary-agent-51b2',
  correlator: 'canary-correlator-90ee',
  lat: 50.619_283_746,
  lon: 9.712_345_678,
} as const;

type Leak = { readonly where: string; readonly what: string };

/** Every door, with canaries; then all places to look in. `partner` asks about the marked phone, `other` about one of its own. */
export async function findLeaks(
  gateway: PrivacyGateway,
  pool: Pool,
  partner: Partner,
  other: Partner,
): Promise<Leak[]> {
  const token = await gateway.register();
  const bystander = await gateway.register();
  const needles = needlesOf(token, await gateway.deviceOf(token), gateway.deviceKey, partner.key);
  const seenByPartner = await enter(gateway, partner, token);
  const seenByOther: Reply[] = [
    await gateway.ask(other, bystander, fixAt({ lat: 50.63, lon: 9.73 })),
    await gateway.ask(other, token, fixAt({ lat: CANARY.lat, lon: CANARY.lon })),
    await gateway.send('GET', '/v1/me', bystander, undefined),
    await gateway.send('GET', '/healthz', null, undefined),
    await gateway.send('GET', '/openapi.json', null, undefined),
  ];
  const leaks: Leak[] = [];
  const search = (where: string, text: string, allowed: readonly string[] = []) => {
    for (const [what, forms] of needles) {
      if (allowed.includes(what)) continue;
      if (forms.some((form) => text.toLowerCase().includes(form))) leaks.push({ where, what });
    }
  };
  search('log', gateway.logged.join('\n'));
  search('metrics', await gateway.metrics());
  for (const reply of seenByPartner) search('answer', textOf(reply));
  for (const reply of seenByOther) search("another's answer", textOf(reply));
  for (const [table, text] of await dump(pool))
    search(`table ${table}`, text, table === 'devices' || table.startsWith('device_') ? ['device'] : []);
  // A device's id joins its own rows; that is what it is for. Nothing that a partner reads may hold it.
  return leaks.filter(({ where, what }) => !(what === 'device' && where.startsWith('table ')));
}

/** Each door; what came back. */
async function enter(gateway: PrivacyGateway, partner: Partner, token: string): Promise<Reply[]> {
  const headers = { 'x-forwarded-for': CANARY.ip, 'user-agent': CANARY.agent, 'x-correlator': CANARY.correlator };
  const place = { lat: CANARY.lat, lon: CANARY.lon };
  const wifi = [{ macAddress: CANARY.mac, ssid: CANARY.ssid, signalStrength: -50 }];
  const body = { ...fixAt(place), wifiAccessPoints: wifi };
  const asPartner = `/v1/geolocate?key=${partner.key}&device=${token}`;
  const send = (method: string, path: string, content: unknown) => gateway.send(method, path, null, content, headers);
  const answers = [
    await send('POST', asPartner, body),
    await send('POST', asPartner, { ...body, position: 'nonsense' }),
    await send('POST', `/v1/geolocate?key=${partner.key}`, body),
    await send('POST', `/v1/country?key=${partner.key}`, body),
    await send('GET', `/v1/nowhere/${CANARY.ssid}/${CANARY.mac}?lat=${CANARY.lat}&device=${token}`, undefined),
    await send('PUT', asPartner, body),
    await send('POST', `/v1/geolocate?key=hgp_wrong${CANARY.ssid}&device=${token}`, body),
    await send('POST', `/v1/geolocate?key=${partner.key}&device=${token}&purpose=${CANARY.ssid}`, body),
    await gateway.send('POST', '/v1/devices', gateway.deviceKey, { ageBand: CANARY.ssid, ip: CANARY.ip }, headers),
    await gateway.send('GET', '/v1/partner/regions', partner.key, undefined, headers),
  ];
  // The phone itself, and everything again with a precise grant: only the partner who has it is told the place then.
  await gateway.send('POST', `/v1/geolocate?key=${gateway.deviceKey}&device=${token}`, null, body, headers);
  await gateway.grant(token, partner, 'precise');
  await send('POST', asPartner, body);
  await gateway.withdraw(token, partner);
  return answers;
}

/** Each canary in the forms it could take: as sent, without separators, as base64, as the bytes of its number, hashed never. */
function needlesOf(token: string, device: string, ...keys: readonly string[]): Map<string, string[]> {
  const float = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return [bytes.toString('hex'), Buffer.from(bytes).reverse().toString('hex')];
  };
  const forms = (text: string) =>
    [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')].map((form) => form.toLowerCase());
  const bare = CANARY.mac.replaceAll(':', '');
  return new Map([
    ['mac', [...forms(CANARY.mac), bare, String(Number.parseInt(bare, 16))]],
    ['ssid', forms(CANARY.ssid)],
    ['ip', [...forms(CANARY.ip), 'cb00714d']],
    ['agent', forms(CANARY.agent)],
    ['correlator', forms(CANARY.correlator)],
    ['latitude', [String(CANARY.lat).slice(0, 8), ...float(CANARY.lat)]],
    ['longitude', [String(CANARY.lon).slice(0, 7), ...float(CANARY.lon)]],
    ['token', [token.toLowerCase(), Buffer.from(token).toString('hex')]],
    ['device', [device, device.replaceAll('-', '')]],
    ['keys', keys.map((key) => key.toLowerCase())],
  ]);
}

function textOf({ headers, body }: Reply): string {
  return `${headers.join('\n')}\n${body}`;
}

/** Every row of every table, as text (bytes in hexadecimal). */
async function dump(pool: Pool): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const tables = new Map<string, string>();
  for (const { name } of rows) {
    const found = await pool.query<{ text: string }>(`select t::text as text from "${name}" t`);
    tables.set(name, found.rows.map(({ text }) => text).join('\n'));
  }
  return tables;
}
