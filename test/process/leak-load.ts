// A load of every kind of request, each carrying values that nobody but the phone itself may ever see again, and a note of
// every answer. Pure of assertions: what must hold is leaks.test.ts's.
import { setTimeout as sleep } from 'node:timers/promises';
import { answerChallenge, type ProofAction } from '../../src/rights/proof.ts';

export const STEM = 'kanarie';
export const MACS = [0x7894b48a7021, 0x7894b48a7022, 0x38a067353ac0];
/** Where phones are, where reports were made. */
export const PLACE = { lat: 47.123812, lon: 18.654791 };
export const REPORTED = { lat: 46.918273, lon: 17.827364 };
/** Behind the trusted proxy every request comes from an address of this network (TEST-NET-3). */
export const NETWORK = '203.0.113.';
/** A user-assigned code of ISO 3166: nobody says it but these phones. */
export const JURISDICTION = 'QZ';
/** What a tracing proxy or phone sends along. */
export const TRACE = '0af7651916cd43dd8448eb211c80319c';
export const PURPOSE = 'dpv:ServiceProvision';

export type Answer = {
  readonly asker: string;
  readonly route: string;
  readonly status: number;
  readonly headers: string;
  readonly text: string;
};
export type Phone = { readonly token: string; readonly proofKey: string; readonly appToken: string; id: string };
export type Ask = (
  asker: string,
  method: string,
  path: string,
  sent?: { readonly body?: object | string; readonly bearer?: string; readonly proof?: string; readonly from?: string },
) => Promise<Answer>;

const macOf = (mac: number, by: string) => mac.toString(16).match(/../g)!.join(by);
const seen = (by: string) =>
  MACS.map((mac) => ({ macAddress: macOf(mac, by), ssid: `${STEM}-ssid`, signalStrength: -60 }));
const position = ({ lat, lon }: typeof PLACE) => ({ latitude: lat, longitude: lon, accuracy: 20 });

/** What a phone sends to be located. */
const scan = (by = ':') => ({
  ...{ carrier: `${STEM}-carrier`, wifiAccessPoints: seen(by), position: position(PLACE) },
  bluetoothBeacons: [{ macAddress: macOf(MACS[2], by), name: `${STEM}-beacon` }],
});
const report = (by: string, i: number) => ({
  ...{ wifiAccessPoints: seen(by), position: position(REPORTED), timestamp: Date.now() - i * 1000 },
});

export function openAsk(url: string, answers: Answer[]): Ask {
  let n = 0;
  return async (asker, method, path, { body, bearer, proof, from } = {}) => {
    const answer = await fetch(url + path, {
      ...{ method, body: typeof body === 'object' ? JSON.stringify(body) : body },
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(proof !== undefined && { 'honeyguide-proof': proof }),
        'x-forwarded-for': from ?? `${NETWORK}${1 + (n++ % 200)}`,
        'user-agent': `${STEM}-agent`,
        'x-correlator': `${STEM}-correlator`,
        traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
      },
    });
    const headers = JSON.stringify([...answer.headers]);
    const noted = { asker, route: `${method} ${path.split('?')[0]}`, status: answer.status, headers };
    const kept = { ...noted, text: await answer.text() };
    answers.push(kept);
    return kept;
  };
}

/** Asks again while a busy machine is told to come again. */
export function patient(ask: Ask): Ask {
  return async (...asked) => {
    for (let tries = 0; ; tries++) {
      const answer = await ask(...asked);
      if (answer.status !== 503 || tries === 20) return answer;
      await sleep(200);
    }
  };
}

export async function prove(ask: Ask, phone: Phone, action: ProofAction): Promise<string> {
  const asked = await ask('phone', 'POST', '/v1/me/challenges', { bearer: phone.token, body: { action } });
  const { nonce } = JSON.parse(asked.text);
  return `${nonce}.${answerChallenge(Buffer.from(phone.proofKey, 'base64url'), action, nonce)}`;
}

export type Keys = { readonly device: string; readonly own: string; readonly other: string; readonly submit: string };

/** What is asked over and over about a phone. `own` is the partner that some granted their place to; `other` is none. */
export function lookUps(ask: Ask, keys: Keys, { token, appToken }: Phone, i: number): (() => Promise<Answer>)[] {
  const at = (key: string, device?: string) =>
    `/v1/geolocate?key=${key}${device === undefined ? '' : `&device=${device}`}`;
  const body = scan([':', '-', ''][i % 3]);
  return [
    () => ask('phone', 'POST', at(keys.device, token), { body }),
    () => ask('phone', 'POST', `${at(keys.device, token)}&explain=nl`, { body }),
    () => ask(`own ${i}`, 'POST', at(keys.own, token), { body }),
    () => ask(`own ${i}`, 'POST', at(keys.own, appToken), { body }),
    () => ask(`own ${i}`, 'POST', at(keys.own), { body, bearer: appToken }),
    () => ask(`other ${i}`, 'POST', at(keys.other, token), { body }),
    () => ask('other', 'POST', at(keys.other, appToken), { body }),
    () => ask('other', 'POST', at(keys.other), { body }),
    () => ask('other', 'POST', `/v1/country?key=${keys.other}`, { body }),
    () => ask('other', 'GET', '/v1/partner/regions', { bearer: keys.other }),
    () => ask('other', 'GET', '/v1/partner/notices', { bearer: keys.other }),
    () => ask('own', 'GET', '/v1/partner/notices', { bearer: keys.own }),
    () => ask('phone', 'GET', '/v1/me', { bearer: token }),
    () => ask('phone', 'GET', '/v1/me/consents', { bearer: token }),
    () => ask('phone', 'GET', '/v1/me/receipts', { bearer: token }),
    () => ask('phone', 'GET', '/v1/me/requests', { bearer: token }),
    () => ask('phone', 'GET', '/v1/me/disclosures', { bearer: token }),
    () => ask('nobody', 'POST', '/v2/geosubmit', { body: { items: [report(':', i), report('-', i)] } }),
    () => ask('nobody', 'POST', `/v1/geosubmit?key=${keys.submit}`, { body: { items: [report('', i)] } }),
    () => ask('nobody', 'GET', '/v1/policies/current'),
    () => ask('nobody', 'GET', `/v1/privacy/contact?jurisdiction=NL`),
    // What is wrong in every way.
    () => ask('nobody', 'POST', at(`${STEM}-key`), { body }),
    () => ask('nobody', 'POST', at(keys.device), { body: `${JSON.stringify(body)}${STEM}` }),
    () => ask('nobody', 'POST', `/v1/${STEM}-path?key=${keys.device}&device=${token}`, { body }),
    () => ask('nobody', 'GET', '/v1/me', { bearer: `hgt_${STEM}${token.slice(11)}` }),
    () => ask('nobody', 'GET', `/v1/me/receipts/${STEM}-receipt`, { bearer: token }),
    () => ask('nobody', 'PATCH', '/v1/me', { bearer: token, body: { [`${STEM}-field`]: JURISDICTION } }),
    () =>
      ask('nobody', 'PUT', `/v1/me/consents/${STEM}-app/${PURPOSE}`, { bearer: token, body: { precision: 'precise' } }),
    () => ask('nobody', 'DELETE', '/v1/me/restrict', { bearer: token, proof: `${STEM}.${STEM}` }),
    () =>
      ask('nobody', 'POST', `/v2/geosubmit?key=${keys.other}&device=${token}`, { body: { items: [report(':', i)] } }),
    () => ask('other', 'POST', `${at(keys.other, token)}&purpose=dpv:${STEM}`, { body }),
    () => ask('nobody', 'POST', at(keys.device), { body: `{"x":"${STEM.repeat(10_000)}"}` }),
    () => ask('nobody', 'GET', `/v1/privacy/complaints/${STEM}`),
  ];
}

/** Runs `works`, so many at a time, in an order that looks random and is the same each time. */
export async function runMixed(works: readonly (() => Promise<unknown>)[], atOnce = 16): Promise<void> {
  const order = works.map((work, i) => ({ work, rank: (i * 7919) % 10_007 })).sort((a, b) => a.rank - b.rank);
  const next = order.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const { work } of next) await work();
    }),
  );
}
