CREATE UNLOGGED TABLE "feed_epoch" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"epoch" uuid DEFAULT gen_random_uuid() NOT NULL,
	CONSTRAINT "feed_epoch_one_row" CHECK ("feed_epoch"."only")
);
--> statement-breakpoint
ALTER TABLE "store_meta" ADD COLUMN "station_key" "bytea";