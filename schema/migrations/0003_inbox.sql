CREATE TABLE "contributor_keys" (
	"day" integer PRIMARY KEY NOT NULL,
	"key" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"digest" uuid PRIMARY KEY NOT NULL,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "inbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"received_at" bigint NOT NULL,
	"contributor" bigint,
	"trusted" boolean NOT NULL,
	"payload" "bytea" NOT NULL,
	"folded_at" bigint
);
--> statement-breakpoint
CREATE INDEX "inbox_pending_idx" ON "inbox" USING btree ("id") WHERE "inbox"."folded_at" is null;--> statement-breakpoint
CREATE INDEX "inbox_received_idx" ON "inbox" USING brin ("received_at");