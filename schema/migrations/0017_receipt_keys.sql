CREATE TABLE "receipt_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"x" text NOT NULL,
	"first_used_at" bigint NOT NULL
);
