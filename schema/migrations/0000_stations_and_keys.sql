CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"class" text NOT NULL,
	"name" text NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	"revoked_at" bigint,
	"daily_quota" integer,
	"per_minute" integer,
	"changed" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "api_keys_key_hash_unique" UNIQUE("key_hash"),
	CONSTRAINT "api_keys_class_check" CHECK ("api_keys"."class" in ('device', 'partner', 'submit'))
);
--> statement-breakpoint
CREATE TABLE "areas" (
	"radio" smallint NOT NULL,
	"mcc" smallint NOT NULL,
	"mnc" smallint NOT NULL,
	"area" integer NOT NULL,
	"cells" integer,
	"lat" double precision,
	"lon" double precision,
	"radius_m" double precision,
	"samples" integer,
	"weight" double precision,
	"source" smallint,
	"created_at" bigint,
	"modified_at" bigint,
	"last_seen_at" bigint,
	"blocked_at" bigint,
	"block_count" smallint DEFAULT 0 NOT NULL,
	"changed" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "areas_radio_mcc_mnc_area_pk" PRIMARY KEY("radio","mcc","mnc","area")
);
--> statement-breakpoint
CREATE TABLE "bluetooth_stations" (
	"mac" bigint PRIMARY KEY NOT NULL,
	"lat" double precision,
	"lon" double precision,
	"radius_m" double precision,
	"samples" integer,
	"weight" double precision,
	"source" smallint,
	"created_at" bigint,
	"modified_at" bigint,
	"last_seen_at" bigint,
	"blocked_at" bigint,
	"block_count" smallint DEFAULT 0 NOT NULL,
	"changed" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cells" (
	"radio" smallint NOT NULL,
	"mcc" smallint NOT NULL,
	"mnc" smallint NOT NULL,
	"area" integer NOT NULL,
	"cell_id" bigint NOT NULL,
	"psc" smallint,
	"lat" double precision,
	"lon" double precision,
	"radius_m" double precision,
	"samples" integer,
	"weight" double precision,
	"source" smallint,
	"created_at" bigint,
	"modified_at" bigint,
	"last_seen_at" bigint,
	"blocked_at" bigint,
	"block_count" smallint DEFAULT 0 NOT NULL,
	"changed" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT "cells_radio_mcc_mnc_area_cell_id_pk" PRIMARY KEY("radio","mcc","mnc","area","cell_id")
);
--> statement-breakpoint
CREATE TABLE "store_meta" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"store" uuid DEFAULT gen_random_uuid() NOT NULL,
	CONSTRAINT "store_meta_one_row" CHECK ("store_meta"."only")
);
--> statement-breakpoint
CREATE TABLE "wifi_stations" (
	"mac" bigint PRIMARY KEY NOT NULL,
	"lat" double precision,
	"lon" double precision,
	"radius_m" double precision,
	"samples" integer,
	"weight" double precision,
	"source" smallint,
	"created_at" bigint,
	"modified_at" bigint,
	"last_seen_at" bigint,
	"blocked_at" bigint,
	"block_count" smallint DEFAULT 0 NOT NULL,
	"changed" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "api_keys_changed_idx" ON "api_keys" USING btree ("changed");--> statement-breakpoint
CREATE INDEX "areas_changed_idx" ON "areas" USING btree ("changed");--> statement-breakpoint
CREATE INDEX "bluetooth_stations_changed_idx" ON "bluetooth_stations" USING btree ("changed");--> statement-breakpoint
CREATE INDEX "cells_changed_idx" ON "cells" USING btree ("changed");--> statement-breakpoint
CREATE INDEX "wifi_stations_changed_idx" ON "wifi_stations" USING btree ("changed");