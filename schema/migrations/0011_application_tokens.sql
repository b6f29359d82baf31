CREATE TABLE "application_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"device" uuid NOT NULL,
	"application" text NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "application_tokens_device_idx" ON "application_tokens" USING btree ("device");--> statement-breakpoint
CREATE INDEX "application_tokens_expires_idx" ON "application_tokens" USING btree ("expires_at");