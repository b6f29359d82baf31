-- The one row that tells this store from every other.
insert into "store_meta" default values on conflict do nothing;
