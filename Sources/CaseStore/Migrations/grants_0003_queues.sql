-- Staff pause a queue and let it go on.
GRANT UPDATE (paused_at, paused_until, pause_reason) ON queue.queue TO hub_console;
