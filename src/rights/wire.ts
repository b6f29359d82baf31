// What crosses HTTP when the owner of an access point asks for its removal.
import { Type } from 'typebox';

export const RemovalBody = Type.Object(
  {
    macAddress: Type.String({
      maxLength: 17,
      description: 'BSSID or Bluetooth address: twelve hex digits with `:`, `-`, `.` or nothing',
    }),
  },
  { title: 'RemovalBody' },
);

export const RemovalAnswer = Type.Object(
  {
    code: Type.String({ description: 'What to call this request when talking to the operator' }),
    waitsUntil: Type.String({
      format: 'date-time',
      description: 'Without a proof until then, the request is forgotten',
    }),
    proofs: Type.Array(Type.String(), { description: 'Any one of them will do' }),
  },
  {
    title: 'RemovalAnswer',
    description: 'The same whether the address is known, unknown, barred already or never existed.',
  },
);
