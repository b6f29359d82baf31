-- A folded report is written anew, emptied: what it said lies in free room of the file until that is used again, by the next reports if a
-- vacuum comes by each hour or so, and not only when a fifth of a week's digests is dead, which is most of a day. storage/reclaim.ts does the same.
ALTER TABLE "inbox" SET (autovacuum_vacuum_scale_factor = 0.01);
