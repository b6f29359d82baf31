CREATE INDEX "bluetooth_stations_empty_idx" ON "bluetooth_stations" USING btree ("changed") WHERE "bluetooth_stations"."lat" is null;--> statement-breakpoint
CREATE INDEX "cells_empty_idx" ON "cells" USING btree ("changed") WHERE "cells"."lat" is null;--> statement-breakpoint
CREATE INDEX "wifi_stations_empty_idx" ON "wifi_stations" USING btree ("changed") WHERE "wifi_stations"."lat" is null;