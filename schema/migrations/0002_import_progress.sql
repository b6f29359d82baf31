CREATE TABLE "feed_positions" (
	"reader" text PRIMARY KEY NOT NULL,
	"upto" "xid8" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "import_progress" (
	"source" text PRIMARY KEY NOT NULL,
	"bytes_done" bigint NOT NULL,
	"lines_done" bigint NOT NULL
);
