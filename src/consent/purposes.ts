// What a location may be wanted for: a closed list of purposes of the W3C Data Privacy Vocabulary (DPV 2), each in words for
// the person who is asked. A purpose that is not here can't be registered, consented to or named in a request (privacy
// policy L8). Promises: names are DPV's; adding one is a change of policy, never a setting.

/** Marketing purposes: a child's precise location is never used for them, whatever a parent says (K4). */
export const PURPOSES = {
  'dpv:ServiceProvision': {
    advertising: false,
    en: 'to run the service of this app',
    nl: 'om de dienst van deze app te leveren',
  },
  'dpv:RequestedServiceProvision': {
    advertising: false,
    en: 'to do what you have just asked this app for',
    nl: 'om te doen wat je deze app net hebt gevraagd',
  },
  'dpv:DeliveryOfGoods': {
    advertising: false,
    en: 'to bring you something you have ordered',
    nl: 'om je iets te bezorgen dat je hebt besteld',
  },
  'dpv:ServicePersonalisation': {
    advertising: false,
    en: 'to fit this app to where you are',
    nl: 'om deze app aan te passen aan waar je bent',
  },
  'dpv:ServiceOptimisation': {
    advertising: false,
    en: 'to help the makers of this app improve it',
    nl: 'om de makers van deze app te helpen haar te verbeteren',
  },
  'dpv:ServiceUsageAnalytics': {
    advertising: false,
    en: 'to learn how this app is used',
    nl: 'om te leren hoe deze app wordt gebruikt',
  },
  'dpv:ResearchAndDevelopment': {
    advertising: false,
    en: 'for research and to make new services',
    nl: 'voor onderzoek en om nieuwe diensten te maken',
  },
  'dpv:FraudPreventionAndDetection': {
    advertising: false,
    en: 'to find and stop fraud',
    nl: 'om fraude te vinden en te stoppen',
  },
  'dpv:DirectMarketing': {
    advertising: true,
    en: 'to send you offers',
    nl: 'om je aanbiedingen te sturen',
  },
  'dpv:PersonalisedAdvertising': {
    advertising: true,
    en: 'to choose the advertisements you see',
    nl: 'om de advertenties te kiezen die je ziet',
  },
} as const;
export type Purpose = keyof typeof PURPOSES;

export const PURPOSE_NAMES = Object.keys(PURPOSES) as Purpose[];

export function isPurpose(name: unknown): name is Purpose {
  return typeof name === 'string' && Object.hasOwn(PURPOSES, name);
}

/** What may be done with a location under a grant: answer the app's own request, or keep the last one for it (<= 24 h). */
export const SCOPES = ['geolocate', 'last-location'] as const;
export type Scope = (typeof SCOPES)[number];
