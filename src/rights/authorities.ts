// Which authority a person may turn to, by jurisdiction, and how. Names and sites as the members' page of the European Data
// Protection Board and the authorities' own sites give them (written down from general knowledge in 2026, to be checked by
// the operator before launch: this is data, not advice). Promises: pure; a jurisdiction without a row says so, it is not guessed.

type Authority = { readonly name: string; readonly url: string };

/** One line each: code, name, site. */
const ROWS = `
AT Datenschutzbehörde https://www.dsb.gv.at
BE Autorité de protection des données / Gegevensbeschermingsautoriteit https://www.dataprotectionauthority.be
BG Commission for Personal Data Protection https://www.cpdp.bg
CY Commissioner for Personal Data Protection https://www.dataprotection.gov.cy
CZ Úřad pro ochranu osobních údajů https://uoou.gov.cz
DE Die Bundesbeauftragte für den Datenschutz und die Informationsfreiheit, or the authority of your Land https://www.bfdi.bund.de
DK Datatilsynet https://www.datatilsynet.dk
EE Andmekaitse Inspektsioon https://www.aki.ee
ES Agencia Española de Protección de Datos https://www.aepd.es
FI Tietosuojavaltuutetun toimisto https://tietosuoja.fi
FR Commission nationale de l'informatique et des libertés https://www.cnil.fr
GR Hellenic Data Protection Authority https://www.dpa.gr
HR Agencija za zaštitu osobnih podataka https://azop.hr
HU Nemzeti Adatvédelmi és Információszabadság Hatóság https://www.naih.hu
IE Data Protection Commission https://www.dataprotection.ie
IT Garante per la protezione dei dati personali https://www.garanteprivacy.it
LT Valstybinė duomenų apsaugos inspekcija https://vdai.lrv.lt
LU Commission nationale pour la protection des données https://cnpd.public.lu
LV Datu valsts inspekcija https://www.dvi.gov.lv
MT Information and Data Protection Commissioner https://idpc.org.mt
NL Autoriteit Persoonsgegevens https://www.autoriteitpersoonsgegevens.nl
PL Urząd Ochrony Danych Osobowych https://uodo.gov.pl
PT Comissão Nacional de Proteção de Dados https://www.cnpd.pt
RO Autoritatea Naţională de Supraveghere a Prelucrării Datelor cu Caracter Personal https://www.dataprotection.ro
SE Integritetsskyddsmyndigheten https://www.imy.se
SI Informacijski pooblaščenec https://www.ip-rs.si
SK Úrad na ochranu osobných údajov https://dataprotection.gov.sk
IS Persónuvernd https://www.personuvernd.is
LI Datenschutzstelle https://www.datenschutzstelle.li
NO Datatilsynet https://www.datatilsynet.no
GB Information Commissioner's Office https://ico.org.uk
CH Eidgenössischer Datenschutz- und Öffentlichkeitsbeauftragter https://www.edoeb.admin.ch
IN Data Protection Board of India https://www.meity.gov.in
US Federal Trade Commission, or the attorney general of your state https://reportfraud.ftc.gov
BR Autoridade Nacional de Proteção de Dados https://www.gov.br/anpd
ZA Information Regulator https://inforegulator.org.za
NG Nigeria Data Protection Commission https://ndpc.gov.ng
KE Office of the Data Protection Commissioner https://www.odpc.go.ke
GH Data Protection Commission https://dataprotection.org.gh
UG Personal Data Protection Office https://pdpo.go.ug
RW National Cyber Security Authority, Data Protection and Privacy Office https://dpo.gov.rw
TZ Personal Data Protection Commission https://www.pdpc.go.tz
SG Personal Data Protection Commission https://www.pdpc.gov.sg
ID Kementerian Komunikasi dan Digital https://www.komdigi.go.id
PH National Privacy Commission https://privacy.gov.ph
TH Personal Data Protection Committee https://www.pdpc.or.th
MX Secretaría Anticorrupción y Buen Gobierno https://www.gob.mx/buengobierno
CO Superintendencia de Industria y Comercio https://www.sic.gov.co
CA Office of the Privacy Commissioner of Canada https://www.priv.gc.ca
AU Office of the Australian Information Commissioner https://www.oaic.gov.au
`;

const AUTHORITIES: ReadonlyMap<string, Authority> = new Map(
  ROWS.trim()
    .split('\n')
    .map((row) => [
      row.slice(0, 2),
      { name: row.slice(3, row.lastIndexOf(' ')), url: row.slice(row.lastIndexOf(' ') + 1) },
    ]),
);

/** Members of the EU and the EEA: GDPR 77 gives a choice of three places to complain. */
const GDPR_CODES = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO'.split(' '),
);

/** The authority of an ISO 3166-1 alpha-2 code; null if we know none. */
export function authorityOf(jurisdiction: string): Authority | null {
  return AUTHORITIES.get(jurisdiction) ?? null;
}

/** How to go on if the answer does not satisfy. */
export function procedureOf(jurisdiction: string | null): string {
  if (jurisdiction !== null && GDPR_CODES.has(jurisdiction))
    return 'You may complain to the authority where you live, where you work or where it happened (GDPR 77), free of charge, with or without having asked us first, and go to court (GDPR 79).';
  if (jurisdiction === 'GB')
    return 'You may complain to the Information Commissioner, usually within three months of our last answer, and go to court (Data Protection Act 2018, 165 and 167).';
  if (jurisdiction === 'IN')
    return 'First use this complaint; if our answer does not satisfy you, or does not come, you may complain to the Data Protection Board (DPDP Act 2023, 13 and 27).';
  if (jurisdiction === 'BR')
    return 'If our answer does not satisfy you, you may petition the ANPD (LGPD 18, paragraph 1) or a consumer authority.';
  if (jurisdiction !== null && AUTHORITIES.has(jurisdiction))
    return 'If our answer does not satisfy you, you may complain to the authority named here.';
  return 'We know of no authority for your jurisdiction: write to the contact named here, and we tell you who is competent.';
}
