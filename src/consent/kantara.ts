// A receipt in the words of the Kantara Initiative's consent receipt v1.1, for those whose tools read that. Promises: pure; every
// field that specification requires is there; nothing is in it that is not in the receipt.
import type { Receipt } from './receipt.ts';

const KANTARA_VERSION = 'KI-CR-v1.1.0';

export function toKantara(receipt: Receipt, keyId: string) {
  const { processing, notice, consent } = receipt;
  const [operator, partner] = receipt.parties;
  return {
    version: KANTARA_VERSION,
    jurisdiction: processing.jurisdiction ?? 'unknown',
    consentTimestamp: Math.floor(Date.parse(receipt.issuedAt) / 1000),
    collectionMethod: processing.collectionMethod,
    consentReceiptID: receipt.receiptId,
    publicKey: keyId,
    language: notice.language ?? 'en',
    piiPrincipalId: receipt.piiPrincipal,
    piiControllers: [
      {
        piiController: partner.name,
        onBehalf: false,
        address: { streetAddress: partner.address ?? '' },
        ...reachedBy(partner.contact ?? ''),
      },
      { piiController: operator.name, onBehalf: true, address: {}, ...reachedBy(operator.contact ?? '') },
    ],
    policyUrl: partner.policyUrl ?? notice.url,
    services: processing.services.map(({ name }) => ({
      service: name,
      purposes: [
        {
          purpose: processing.purpose.text,
          purposeCategory: [processing.purpose.iri],
          consentType: 'EXPLICIT',
          piiCategory: processing.dataCategories.filter((one) => one.included).map((one) => one.category),
          primaryPurpose: true,
          termination: consent.expiresAt ?? 'refused or withdrawn',
          thirdPartyDisclosure: processing.thirdPartyDisclosure,
          thirdPartyName: partner.name,
        },
      ],
    })),
    sensitive: processing.sensitive,
    spiCat: processing.sensitiveCategories,
  };
}

function reachedBy(contact: string) {
  const isMail = contact.includes('@');
  return { contact, email: isMail ? contact : '', phone: '', piiControllerUrl: isMail ? '' : contact };
}
