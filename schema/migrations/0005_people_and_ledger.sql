CREATE TABLE "disclosure_counts" (
	"application" text NOT NULL,
	"tick" integer NOT NULL,
	"outcome" smallint NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "disclosure_counts_application_tick_outcome_pk" PRIMARY KEY("application","tick","outcome")
);
--> statement-breakpoint
CREATE TABLE "ledger" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"at" bigint NOT NULL,
	"kind" smallint NOT NULL,
	"application" text,
	"subject" "bytea",
	"purpose" text,
	"basis" text,
	"precision" smallint,
	"event_seq" bigint,
	"policy_version" text,
	"tick" integer,
	"detail" text,
	"hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_head" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"hash" "bytea" NOT NULL,
	"dropped_seq" bigint DEFAULT 0 NOT NULL,
	"dropped_hash" "bytea" NOT NULL,
	CONSTRAINT "ledger_head_one_row" CHECK ("ledger_head"."only")
);
--> statement-breakpoint
CREATE TABLE "privacy_changes" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"device" uuid,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "replicas" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seen" bigint NOT NULL,
	"lease_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "applications" (
	"id" text PRIMARY KEY NOT NULL,
	"partner" text NOT NULL,
	"name" text NOT NULL,
	"purposes" text[] NOT NULL,
	"max_precision" smallint DEFAULT 2 NOT NULL,
	"created_at" bigint NOT NULL,
	"suspended_at" bigint
);
--> statement-breakpoint
CREATE TABLE "coarse_states" (
	"device" uuid PRIMARY KEY NOT NULL,
	"tick" integer NOT NULL,
	"expires_at" bigint NOT NULL,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "consent_events" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"device" uuid NOT NULL,
	"record" uuid NOT NULL,
	"application" text NOT NULL,
	"purpose" text NOT NULL,
	"at" bigint NOT NULL,
	"state" text NOT NULL,
	"precision" smallint NOT NULL,
	"scopes" text[] NOT NULL,
	"sources" smallint NOT NULL,
	"policy_version" text NOT NULL,
	"expires_at" bigint,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "device_keys" (
	"device" uuid PRIMARY KEY NOT NULL,
	"master_key" "bytea" NOT NULL,
	"wrapped" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "device_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"device" uuid NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "devices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_day" integer NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"flags" smallint DEFAULT 0 NOT NULL,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "grants" (
	"device" uuid NOT NULL,
	"application" text NOT NULL,
	"purpose" text NOT NULL,
	"record" uuid NOT NULL,
	"state" text NOT NULL,
	"precision" smallint NOT NULL,
	"scopes" text[] NOT NULL,
	"sources" smallint NOT NULL,
	"policy_version" text NOT NULL,
	"given_at" bigint NOT NULL,
	"expires_at" bigint,
	"suspended_at" bigint,
	"parental" uuid,
	"event_seq" bigint NOT NULL,
	CONSTRAINT "grants_device_application_purpose_pk" PRIMARY KEY("device","application","purpose")
);
--> statement-breakpoint
CREATE TABLE "last_locations" (
	"device" uuid PRIMARY KEY NOT NULL,
	"expires_at" bigint NOT NULL,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "parental_consents" (
	"id" uuid PRIMARY KEY NOT NULL,
	"device" uuid NOT NULL,
	"at" bigint NOT NULL,
	"method" text NOT NULL,
	"precise" boolean NOT NULL,
	"withdrawn_at" bigint,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "partners" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"policy_url" text,
	"contact" text,
	"controller" text,
	"ad_funded" boolean DEFAULT false NOT NULL,
	"created_at" bigint NOT NULL,
	"suspended_at" bigint,
	CONSTRAINT "partners_role_check" CHECK ("partners"."role" in ('vendor', 'licensee', 'operator'))
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"version" text PRIMARY KEY NOT NULL,
	"effective_at" bigint NOT NULL,
	"published_at" bigint NOT NULL,
	"material" boolean NOT NULL,
	"widens" text[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policy_texts" (
	"version" text NOT NULL,
	"language" text NOT NULL,
	"sha256" "bytea" NOT NULL,
	"text" text NOT NULL,
	CONSTRAINT "policy_texts_version_language_pk" PRIMARY KEY("version","language")
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "application" text;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "expires_at" bigint;--> statement-breakpoint
CREATE INDEX "ledger_subject_idx" ON "ledger" USING btree ("subject","seq");--> statement-breakpoint
CREATE INDEX "ledger_at_idx" ON "ledger" USING brin ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_region_idx" ON "ledger" USING btree ("application","subject","purpose","tick") WHERE "ledger"."kind" = 2;--> statement-breakpoint
CREATE INDEX "applications_partner_idx" ON "applications" USING btree ("partner");--> statement-breakpoint
CREATE INDEX "coarse_states_expires_idx" ON "coarse_states" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "consent_events_device_idx" ON "consent_events" USING btree ("device","seq");--> statement-breakpoint
CREATE INDEX "device_tokens_device_idx" ON "device_tokens" USING btree ("device");--> statement-breakpoint
CREATE INDEX "device_tokens_expires_idx" ON "device_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "devices_last_used_idx" ON "devices" USING btree ("last_used_day");--> statement-breakpoint
CREATE INDEX "last_locations_expires_idx" ON "last_locations" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "parental_consents_device_idx" ON "parental_consents" USING btree ("device");--> statement-breakpoint
INSERT INTO "ledger_head" ("hash", "dropped_hash") VALUES (decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'));
