ALTER TABLE "erasures" ADD COLUMN "master_key" "bytea";--> statement-breakpoint
-- Append-only by the store itself: whoever runs statements as the gateway, its bugs and what is injected into it, can neither
-- change a row of these tables nor take one away, also where no row would match. What has to delete says why in the same
-- transaction (set_config 'honeyguide.delete_because'), and a table knows the reasons that count for it: its arguments here.
CREATE FUNCTION "honeyguide_append_only"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' AND current_setting('honeyguide.delete_because', true) = ANY (TG_ARGV) THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;--> statement-breakpoint
CREATE TRIGGER "ledger_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "ledger"
	FOR EACH STATEMENT EXECUTE FUNCTION "honeyguide_append_only"('retention');--> statement-breakpoint
CREATE TRIGGER "consent_events_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "consent_events"
	FOR EACH STATEMENT EXECUTE FUNCTION "honeyguide_append_only"('retention', 'erasure');--> statement-breakpoint
CREATE TRIGGER "policies_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "policies"
	FOR EACH STATEMENT EXECUTE FUNCTION "honeyguide_append_only"();--> statement-breakpoint
CREATE TRIGGER "policy_texts_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "policy_texts"
	FOR EACH STATEMENT EXECUTE FUNCTION "honeyguide_append_only"();
