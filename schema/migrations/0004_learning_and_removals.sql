CREATE TABLE "barred_stations" (
	"mac_hash" "bytea" PRIMARY KEY NOT NULL,
	"barred_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bssid_removals" (
	"mac" bigint PRIMARY KEY NOT NULL,
	"code" text NOT NULL,
	"requested_at" bigint NOT NULL,
	CONSTRAINT "bssid_removals_code_unique" UNIQUE("code")
);
--> statement-breakpoint
CREATE TABLE "cell_learning" (
	"radio" smallint NOT NULL,
	"mcc" smallint NOT NULL,
	"mnc" smallint NOT NULL,
	"area" integer NOT NULL,
	"cell_id" bigint NOT NULL,
	"last_day" integer NOT NULL,
	"state" "bytea" NOT NULL,
	CONSTRAINT "cell_learning_radio_mcc_mnc_area_cell_id_pk" PRIMARY KEY("radio","mcc","mnc","area","cell_id")
);
--> statement-breakpoint
CREATE TABLE "mac_learning" (
	"kind" smallint NOT NULL,
	"mac" bigint NOT NULL,
	"last_day" integer NOT NULL,
	"state" "bytea" NOT NULL,
	CONSTRAINT "mac_learning_kind_mac_pk" PRIMARY KEY("kind","mac")
);
--> statement-breakpoint
CREATE TABLE "opt_out_sightings" (
	"mac_hash" "bytea" PRIMARY KEY NOT NULL,
	"seen_at" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "trusted" boolean DEFAULT false NOT NULL;--> statement-breakpoint
-- Room for the next state of a row beside the present one: no index is touched when a station is heard again.
ALTER TABLE "mac_learning" SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE "cell_learning" SET (fillfactor = 70);
