CREATE TABLE "count_releases" (
	"window_no" integer PRIMARY KEY NOT NULL,
	"released_at" bigint NOT NULL,
	"map_version" text NOT NULL,
	"epsilon_milli" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "region_counts" (
	"window_no" integer NOT NULL,
	"region" integer NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "region_counts_window_no_region_pk" PRIMARY KEY("window_no","region")
);
--> statement-breakpoint
CREATE TABLE "visit_salts" (
	"window_no" integer PRIMARY KEY NOT NULL,
	"salt" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "visits" (
	"window_no" integer NOT NULL,
	"tag" "bytea" NOT NULL,
	"region" integer NOT NULL,
	"ticks" smallint NOT NULL,
	CONSTRAINT "visits_window_no_tag_region_pk" PRIMARY KEY("window_no","tag","region")
);
