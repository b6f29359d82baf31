ALTER TABLE "barred_stations" ADD COLUMN "code" text;--> statement-breakpoint
ALTER TABLE "cell_learning" ADD COLUMN "witness_day" integer DEFAULT 0;--> statement-breakpoint
ALTER TABLE "mac_learning" ADD COLUMN "witness_day" integer DEFAULT 0;--> statement-breakpoint
CREATE INDEX "cell_learning_witness_idx" ON "cell_learning" USING btree ("witness_day") WHERE "cell_learning"."witness_day" is not null;--> statement-breakpoint
CREATE INDEX "mac_learning_witness_idx" ON "mac_learning" USING btree ("witness_day") WHERE "mac_learning"."witness_day" is not null;--> statement-breakpoint
ALTER TABLE "barred_stations" ADD CONSTRAINT "barred_stations_code_unique" UNIQUE("code");