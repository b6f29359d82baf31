// What crosses HTTP when counts are read.
import { Type } from 'typebox';

export const RegionsQuerySchema = Type.Object(
  {
    from: Type.Optional(
      Type.String({
        maxLength: 40,
        description:
          'Windows that begin then or later (ISO 8601: a day in UTC, or a time with its zone). Without times: the last one',
      }),
    ),
    until: Type.Optional(Type.String({ maxLength: 40, description: 'Windows that begin before then' })),
    parent: Type.Optional(
      Type.String({ maxLength: 15, description: 'H3 cell of resolution 0 to 7: regions within it, itself included' }),
    ),
    limit: Type.Optional(Type.String({ maxLength: 4, description: '1 to 1000 counts a page; 200 if absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 30, description: '`next` of the page before' })),
    key: Type.Optional(Type.String({ maxLength: 128, description: 'The key, where it is not sent as Bearer' })),
  },
  { additionalProperties: false },
);

const COUNT = {
  region: Type.String({ description: 'H3 index of the region: that cell less the smaller regions inside it' }),
  window: Type.String({ format: 'date-time', description: 'When the six hours began' }),
  count: Type.Integer({ description: 'Devices, with noise: standard deviation 5.6' }),
  mapVersion: Type.String({ description: 'Version of the anonymity map that the region is of' }),
};

const RegionCountSchema = Type.Object(COUNT, { title: 'RegionCount' });
const NEXT = Type.Union([Type.String(), Type.Null()], { description: '`cursor` of the next page, null on the last' });

export const RegionsAnswer = Type.Object(
  {
    regions: Type.Array(RegionCountSchema),
    next: NEXT,
    latest: Type.Union([Type.String(), Type.Null()], { description: 'Beginning of the last window that is out' }),
    epsilon: Type.Number({ description: 'Privacy budget that each window spent' }),
    threshold: Type.Integer({ description: 'Counts under it are never shown' }),
  },
  {
    title: 'Regions',
    description: 'Regions that are not listed had few devices, none, or were not covered: which, nobody is told.',
  },
);

const Outline = Type.Array(Type.Array(Type.Number()));
export const RegionsGeoJson = Type.Object(
  {
    type: Type.Literal('FeatureCollection'),
    features: Type.Array(
      Type.Object({
        type: Type.Literal('Feature'),
        id: Type.String(),
        geometry: Type.Union([
          Type.Object({ type: Type.Literal('Polygon'), coordinates: Type.Array(Outline) }),
          // Of a region that the antimeridian cuts.
          Type.Object({ type: Type.Literal('MultiPolygon'), coordinates: Type.Array(Type.Array(Outline)) }),
        ]),
        properties: RegionCountSchema,
      }),
    ),
    next: NEXT,
  },
  { title: 'RegionsGeoJson' },
);
