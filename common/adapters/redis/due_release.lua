-- ARGV  2 item, 3 incarnation, 4 seconds until it is due again, empty for never, 5 the sequence
-- up to which requests have been looked into, empty for that of the claim.
-- Returns 1 to ring, 0 not to, -1 when the lease is another's.
local item, incarnation = ARGV[2], ARGV[3]
local s = load(item)
if s.holder ~= incarnation then return -1 end
redis.call('ZREM', LEASES, item)
local at = ARGV[4] ~= '' and now + tonumber(ARGV[4]) or nil
if s.seq == tonumber(ARGV[5]) then s.claimed, s.pending = s.seq, 0 end
if s.seq ~= s.claimed and (not at or s.wake < at) then at = s.wake end
s.held, s.holder, s.claimed, s.wake = 0, '-', 0, 0
if not at then
  redis.call('ZREM', DUE, item)
  redis.call('HDEL', STATES, item)
  return 0
end
local due = at <= now
if due then ring(item, s, now) else schedule(item, at) end
save(item, s)
return due and 1 or 0
