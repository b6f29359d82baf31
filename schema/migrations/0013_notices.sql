CREATE TABLE "notice_handles" (
	"device" uuid NOT NULL,
	"application" text NOT NULL,
	"handle" text NOT NULL,
	"issued_at" bigint NOT NULL,
	CONSTRAINT "notice_handles_device_application_handle_pk" PRIMARY KEY("device","application","handle")
);
--> statement-breakpoint
DROP INDEX "ledger_region_idx";--> statement-breakpoint
DROP INDEX "recipient_notices_application_idx";--> statement-breakpoint
-- Numbers told a recipient how many notices others got, moments whom it shares a person with: random names, and days.
ALTER TABLE "recipient_notices" DROP COLUMN "id";--> statement-breakpoint
ALTER TABLE "recipient_notices" ADD COLUMN "id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
UPDATE "recipient_notices" SET "at" = "at" - "at" % 86400000;--> statement-breakpoint
-- The handles of tokens that are good: SHA-256 of `honeyguide notice ` and the hash of the token in hex.
INSERT INTO "notice_handles" ("device", "application", "handle", "issued_at")
	SELECT "device", "application",
		encode(sha256(convert_to('honeyguide notice ' || encode("token_hash", 'hex'), 'UTF8')), 'hex'), "created_at"
	FROM "application_tokens";--> statement-breakpoint
CREATE INDEX "ledger_precise_idx" ON "ledger" USING btree ("subject","application") WHERE "ledger"."kind" = 1;--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_region_idx" ON "ledger" USING btree ("subject","application","purpose","tick") WHERE "ledger"."kind" = 2;--> statement-breakpoint
CREATE INDEX "recipient_notices_application_idx" ON "recipient_notices" USING btree ("application","at","id");