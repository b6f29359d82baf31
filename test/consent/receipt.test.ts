import { createHash, createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { toKantara } from '../../src/consent/kantara.ts';
import { PURPOSE_NAMES, SCOPES } from '../../src/consent/purposes.ts';
import { buildReceipt, type ReceiptFacts, recordSubject } from '../../src/consent/receipt.ts';
import { createReceiptSigner, readReceipt } from '../../src/consent/receipt-signer.ts';
import { AGE_BANDS } from '../../src/devices/device-contract.ts';

const KEY = Buffer.alloc(32, 9);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const timeMs = fc.integer({ min: Date.UTC(2018, 0), max: Date.UTC(2100, 0) });
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const states = fc.constantFrom('given' as const, 'reconfirmed' as const, 'refused' as const, 'withdrawn' as const);

const facts: fc.Arbitrary<ReceiptFacts> = fc.record({
  record: fc.uuid(),
  party: fc.record({
    application: fc.stringMatching(/^[a-z]{1,20}$/),
    applicationName: fc.string({ maxLength: 20 }),
    partner: fc.stringMatching(/^[a-z]{1,20}$/),
    partnerName: fc.string({ maxLength: 20 }),
    role: fc.constantFrom('vendor', 'licensee', 'operator'),
    policyUrl: maybe(fc.webUrl()),
    contact: maybe(fc.oneof(fc.emailAddress(), fc.webUrl())),
    controller: maybe(fc.string({ maxLength: 40 })),
  }),
  operatorContact: fc.oneof(fc.emailAddress(), fc.webUrl()),
  purpose: fc.constantFrom(...PURPOSE_NAMES),
  terms: fc.record({
    state: states,
    precision: fc.constantFrom(0, 1, 2),
    scopes: fc.subarray([...SCOPES]),
    sources: fc.integer({ min: 0, max: 31 }),
    policyVersion: fc.constantFrom('2017-06-30', '2026-12'),
    expiresAt: maybe(timeMs),
    parental: maybe(fc.uuid()),
  }),
  capture: fc.record({
    actor: fc.constantFrom('subject' as const, 'parent' as const),
    language: maybe(fc.constantFrom('en', 'nl', 'hi')),
    textHash: maybe(hex),
    screen: maybe(fc.constantFrom('a-1', 'b-2')),
    ageBand: fc.constantFrom(...AGE_BANDS),
    jurisdiction: maybe(fc.constantFrom('NL', 'IN')),
    parental: maybe(fc.uuid()),
  }),
  policyTexts: fc.array(fc.record({ language: fc.constantFrom('en', 'nl'), sha256: hex }), { maxLength: 2 }),
  events: fc.array(
    fc.record({
      seq: fc.integer({ min: 1, max: 1e9 }),
      at: timeMs,
      state: states,
      precision: fc.constantFrom(0, 1, 2),
      expiresAt: maybe(timeMs),
      actor: fc.constantFrom('subject' as const, 'parent' as const, 'expiry' as const),
    }),
    { minLength: 1, maxLength: 20 },
  ),
});

const exact = { additionalProperties: false };
const nullable = (of: object) => Type.Union([of as never, Type.Null()]);
const Time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' });

/** What ISO/IEC TS 27560:2023 asks of a record, as the DPV guide lists it (privacy.md 5), in our field names; nothing else. */
const ISO_27560 = Type.Object(
  {
    schemaVersion: Type.Literal('ISO/IEC TS 27560:2023'),
    ...{ receiptId: Type.String(), recordId: Type.String(), piiPrincipal: Type.String(), issuedAt: Time },
    notice: Type.Object(
      {
        ...{ policyVersion: Type.String(), url: Type.String(), language: nullable(Type.String()) },
        policyTexts: Type.Array(Type.Object({ language: Type.String(), sha256: Type.String() }, exact)),
        ...{ shownTextSha256: nullable(Type.String()), screen: nullable(Type.String()) },
      },
      exact,
    ),
    processing: Type.Object(
      {
        purpose: Type.Object({ iri: Type.String({ pattern: '^https://w3id.org/dpv#' }), text: Type.String() }, exact),
        lawfulBasis: Type.String(),
        dataCategories: Type.Array(
          Type.Object({ category: Type.String(), optional: Type.Boolean(), included: Type.Boolean() }, exact),
        ),
        ...{ sensitive: Type.Boolean(), sensitiveCategories: Type.Array(Type.String()) },
        ...{ collectionMethod: Type.String(), processingMethod: Type.String(), automatedDecisions: Type.String() },
        storageLocation: Type.String(),
        retention: Type.Object(
          {
            ...{ position: Type.String(), startsAt: Type.String() },
            record: Type.String(),
            recordStartsAt: Type.String(),
          },
          exact,
        ),
        services: Type.Array(Type.Object({ name: Type.String(), scopes: Type.Array(Type.String()) }, exact)),
        jurisdiction: nullable(Type.String()),
        ...{ recipients: Type.Array(Type.String()), thirdPartyDisclosure: Type.Boolean() },
        withdrawal: Type.Object({ method: Type.Literal('DELETE'), url: Type.String() }, exact),
        rights: Type.String(),
      },
      exact,
    ),
    parties: Type.Array(
      Type.Object(
        {
          ...{ id: Type.String(), name: Type.String(), role: Type.String(), type: Type.String() },
          ...{ address: nullable(Type.String()), contact: nullable(Type.String()) },
          policyUrl: Type.Optional(nullable(Type.String())),
        },
        exact,
      ),
    ),
    consent: Type.Object(
      {
        ...{
          type: Type.Literal('explicit'),
          application: Type.String(),
          precision: Type.String(),
          state: Type.String(),
        },
        ...{ sources: Type.Array(Type.String()), scopes: Type.Array(Type.String()), expiresAt: nullable(Time) },
        ...{ parentalConsent: nullable(Type.String()), ageBandAtCapture: Type.String() },
      },
      exact,
    ),
    events: Type.Array(
      Type.Object(
        {
          ...{ seq: Type.Integer(), time: Time, type: Type.String(), state: Type.String(), precision: Type.String() },
          ...{ validUntil: nullable(Time), entity: Type.String() },
        },
        exact,
      ),
      { minItems: 1 },
    ),
    contentSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  },
  exact,
);

/** The schema of the Kantara consent receipt v1.1.0: its required fields and their types. */
const KANTARA = Type.Object({
  version: Type.Literal('KI-CR-v1.1.0'),
  jurisdiction: Type.String(),
  consentTimestamp: Type.Integer({ minimum: 0 }),
  collectionMethod: Type.String(),
  consentReceiptID: Type.String(),
  publicKey: Type.Optional(Type.String()),
  language: Type.Optional(Type.String({ pattern: '^[a-z]{2}$' })),
  piiPrincipalId: Type.String(),
  piiControllers: Type.Array(
    Type.Object({
      piiController: Type.String(),
      onBehalf: Type.Optional(Type.Boolean()),
      contact: Type.String(),
      address: Type.Object({}),
      email: Type.String(),
      phone: Type.String(),
      piiControllerUrl: Type.Optional(Type.String()),
    }),
    { minItems: 1 },
  ),
  policyUrl: Type.String(),
  services: Type.Array(
    Type.Object({
      service: Type.String(),
      purposes: Type.Array(
        Type.Object({
          purpose: Type.String(),
          purposeCategory: Type.Array(Type.String()),
          consentType: Type.Union([Type.Literal('EXPLICIT'), Type.Literal('IMPLICIT')]),
          piiCategory: Type.Array(Type.String()),
          primaryPurpose: Type.Boolean(),
          termination: Type.String(),
          thirdPartyDisclosure: Type.Boolean(),
          thirdPartyName: Type.Optional(Type.String()),
        }),
        { minItems: 1 },
      ),
    }),
    { minItems: 1 },
  ),
  sensitive: Type.Boolean(),
  spiCat: Type.Array(Type.String()),
});

describe('a receipt', () => {
  test('has every field that ISO/IEC TS 27560 asks for and no other, so no place either', () => {
    fc.assert(
      fc.property(facts, (given) => {
        expect([...Value.Errors(ISO_27560, buildReceipt(given, KEY))]).toEqual([]);
      }),
    );
    const receipt = buildReceipt(fc.sample(facts, 1)[0], KEY);
    expect(Value.Check(ISO_27560, { ...receipt, consent: { ...receipt.consent, lat: 52.1 } })).toBe(false);
  });

  test('can be read as a Kantara consent receipt', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const kantara = toKantara(buildReceipt(given, KEY), 'key');
        expect([...Value.Errors(KANTARA, kantara)]).toEqual([]);
      }),
    );
  });

  test('of a yes that was taken back says that nothing is allowed any more, in both forms', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const receipt = buildReceipt(given, KEY);
        const isLive = given.terms.state === 'given' || given.terms.state === 'reconfirmed';
        expect(receipt.consent.state).toBe(given.terms.state);
        if (isLive) return;
        expect(receipt.consent).toMatchObject({ precision: 'none', expiresAt: null, scopes: [], sources: [] });
        expect(receipt.processing.retention.position).toBe('PT0S');
        expect(receipt.processing.services.flatMap(({ scopes }) => scopes)).toEqual([]);
        expect(receipt.processing.dataCategories.some(({ included }) => included)).toBe(false);
        expect(receipt.processing.thirdPartyDisclosure).toBe(false);
        const [{ purposes }] = toKantara(receipt, 'key').services;
        expect(purposes[0]).toMatchObject({
          piiCategory: [],
          thirdPartyDisclosure: false,
          termination: 'refused or withdrawn',
        });
      }),
    );
  });

  test('says how to reach the operator, in both forms', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const receipt = buildReceipt(given, KEY);
        const contact = given.operatorContact;
        expect(receipt.parties[0]).toMatchObject({ id: 'gateway', contact });
        const [, operator] = toKantara(receipt, 'key').piiControllers;
        expect(operator).toMatchObject({ contact, email: contact.includes('@') ? contact : '' });
      }),
    );
  });

  test('is checked offline with the published key, and by nothing else than what was signed', async () => {
    const signer = await createReceiptSigner(Buffer.alloc(32, 5));
    const other = await createReceiptSigner(Buffer.alloc(32, 6));
    await fc.assert(
      fc.asyncProperty(facts, fc.nat(), async (given, at) => {
        const receipt = buildReceipt(given, KEY);
        const jws = await signer.sign(receipt);
        expect(readReceipt(jws)).toEqual(JSON.parse(JSON.stringify(receipt)));
        // Without the library that signed it.
        const check = (text: string, jwk: object) => {
          const [header, payload, signature] = text.split('.');
          const key = createPublicKey({ key: jwk as never, format: 'jwk' });
          return verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
        };
        const jwk = signer.publicKey;
        expect(check(jws, jwk)).toBe(true);
        expect(check(jws, other.publicKey)).toBe(false);
        const end = jws.lastIndexOf('.');
        const i = at % end;
        const changed = jws.slice(0, i) + (jws[i] === 'A' ? 'B' : 'A') + jws.slice(i + 1);
        if (jws[i] !== '.') expect(check(changed, jwk)).toBe(false);
      }),
      { numRuns: 50 },
    );
    expect(
      JSON.parse(
        Buffer.from(
          (await signer.sign(buildReceipt(fc.sample(facts, 1)[0], KEY))).split('.')[0],
          'base64url',
        ).toString(),
      ),
    ).toMatchObject({ kid: signer.publicKey.kid });
    expect(JSON.stringify(signer.publicKey)).not.toContain('"d"');
  });

  test('names its content by a hash, and the person by a name of this record alone', () => {
    const given = fc.sample(facts, 1)[0];
    const { contentSha256, ...content } = buildReceipt(given, KEY);
    expect(contentSha256).toBe(createHash('sha256').update(JSON.stringify(content)).digest('hex'));
    const names = [KEY, Buffer.alloc(32, 8)].flatMap((key) =>
      ['one', 'two'].map((record) => recordSubject(key, record)),
    );
    expect(new Set(names).size).toBe(4);
  });
});
