CREATE TABLE "calibration" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"state" "bytea" NOT NULL,
	CONSTRAINT "calibration_one_row" CHECK ("calibration"."only")
);
--> statement-breakpoint
ALTER TABLE "inbox" ADD COLUMN "provenance" smallint DEFAULT 4 NOT NULL;