CREATE TABLE "challenges" (
	"nonce_hash" "bytea" PRIMARY KEY NOT NULL,
	"device" uuid NOT NULL,
	"action" text NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "child_marks" (
	"device" uuid PRIMARY KEY NOT NULL,
	"marked_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "complaints" (
	"id" uuid PRIMARY KEY NOT NULL,
	"ticket_hash" "bytea" NOT NULL,
	"state" text NOT NULL,
	"jurisdiction" text,
	"received_at" bigint NOT NULL,
	"due_at" bigint NOT NULL,
	"ended_at" bigint,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "erasures" (
	"marker" "bytea" PRIMARY KEY NOT NULL,
	"code_hash" "bytea" NOT NULL,
	"device" uuid,
	"cause" text NOT NULL,
	"step" text NOT NULL,
	"started_at" bigint NOT NULL,
	"done_at" bigint
);
--> statement-breakpoint
CREATE TABLE "legal_approvals" (
	"disclosure" uuid NOT NULL,
	"staff" text NOT NULL,
	"at" bigint NOT NULL,
	CONSTRAINT "legal_approvals_disclosure_staff_pk" PRIMARY KEY("disclosure","staff")
);
--> statement-breakpoint
CREATE TABLE "legal_disclosures" (
	"id" uuid PRIMARY KEY NOT NULL,
	"device" uuid NOT NULL,
	"basis" text NOT NULL,
	"requested_by" text NOT NULL,
	"requested_at" bigint NOT NULL,
	"ends_at" bigint NOT NULL,
	"gag_until" bigint,
	"executed_at" bigint,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "legal_holds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"table_name" text NOT NULL,
	"row_key" text NOT NULL,
	"device" uuid,
	"reason" text NOT NULL,
	"placed_by" text NOT NULL,
	"placed_at" bigint NOT NULL,
	"ends_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "recipient_notices" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "recipient_notices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"application" text NOT NULL,
	"kind" text NOT NULL,
	"handles" text[] NOT NULL,
	"at" bigint NOT NULL,
	"read_at" bigint
);
--> statement-breakpoint
CREATE TABLE "rights_requests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"device" uuid NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"received_at" bigint NOT NULL,
	"due_at" bigint NOT NULL,
	"extended_at" bigint,
	"ended_at" bigint,
	"sealed" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "staff" (
	"id" text PRIMARY KEY NOT NULL,
	"roles" text[] NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"added_at" bigint NOT NULL,
	"ended_at" bigint
);
--> statement-breakpoint
CREATE TABLE "suppressions" (
	"marker" "bytea" PRIMARY KEY NOT NULL,
	"at" bigint NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "challenges_device_idx" ON "challenges" USING btree ("device");--> statement-breakpoint
CREATE INDEX "challenges_expires_idx" ON "challenges" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "complaints_ticket_idx" ON "complaints" USING btree ("ticket_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "erasures_code_idx" ON "erasures" USING btree ("code_hash");--> statement-breakpoint
CREATE INDEX "erasures_device_idx" ON "erasures" USING btree ("device");--> statement-breakpoint
CREATE INDEX "legal_disclosures_device_idx" ON "legal_disclosures" USING btree ("device");--> statement-breakpoint
CREATE INDEX "legal_holds_row_idx" ON "legal_holds" USING btree ("table_name","row_key");--> statement-breakpoint
CREATE INDEX "legal_holds_device_idx" ON "legal_holds" USING btree ("device");--> statement-breakpoint
CREATE INDEX "recipient_notices_application_idx" ON "recipient_notices" USING btree ("application","id");--> statement-breakpoint
CREATE INDEX "rights_requests_device_idx" ON "rights_requests" USING btree ("device");--> statement-breakpoint
CREATE INDEX "rights_requests_state_idx" ON "rights_requests" USING btree ("state");